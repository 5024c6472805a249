//! The columns of a row group → their chunks, in order, made by all threads that have time.
//!
//! Columns take very different times, so each thread takes the next that no other has taken. The one that ends the row
//! group hands on what is done before it takes another; those that find nothing else to do help it ([`Board`]).

use std::collections::BTreeMap;
use std::io;
use std::iter::Enumerate;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::vec::IntoIter;

use crate::parallel::{Board, Parts};
use crate::sink::columnar::Failure;

use super::chunk::{Chunks, Encoded};
use super::column::Column;

/// A row group in the making.
struct Group {
    state: Mutex<State>,
    /// Notified when a thread is done with a column.
    done: Condvar,
}

struct State {
    /// Columns that no thread has taken.
    rest: Enumerate<IntoIter<Column>>,
    /// What no thread is at work with.
    makers: Vec<Chunks>,
    /// Threads at work.
    at_work: usize,
    /// Columns, which have no rows any more, and their chunks.
    done: BTreeMap<usize, (Column, io::Result<Encoded>)>,
}

/// Hands on the chunks of all columns, in order, which have no rows then. As many threads take part as there are
/// makers, if so many help.
pub(super) fn encode(
    columns: &mut Vec<Column>,
    makers: &mut Vec<Chunks>,
    board: &Board,
    mut hand_on: impl FnMut(&mut Column, Encoded) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let count = columns.len();
    let group = Arc::new(Group::new(mem::take(columns), mem::take(makers)));
    board.show(group.clone());
    let outcome = (0..count).try_for_each(|at| {
        let (mut column, chunk) = group.take(at)?;
        hand_on(&mut column, chunk)?;
        columns.push(column);
        Ok(())
    });
    board.take_down();
    *makers = mem::take(&mut group.state().makers);
    outcome
}

impl Group {
    fn new(columns: Vec<Column>, makers: Vec<Chunks>) -> Self {
        let rest = columns.into_iter().enumerate();
        let state = State { rest, makers, at_work: 0, done: BTreeMap::new() };
        Self { state: Mutex::new(state), done: Condvar::new() }
    }

    /// A column and its chunk; works at others until it is done.
    fn take(&self, at: usize) -> io::Result<(Column, Encoded)> {
        loop {
            if let Some((column, chunk)) = { self.state().done.remove(&at) } {
                return Ok((column, chunk?));
            }
            if !self.do_next() {
                self.wait(at)?;
            }
        }
    }

    /// Waits for a column that another thread is at work with.
    fn wait(&self, at: usize) -> io::Result<()> {
        let mut state = self.state();
        while !state.done.contains_key(&at) {
            if state.at_work == 0 {
                return Err(io::Error::other("a thread failed while it encoded a column"));
            }
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// A column that no thread has taken, and what makes its chunk.
    fn begin(&self) -> Option<(usize, Column, Chunks)> {
        let mut state = self.state();
        let maker = state.makers.pop()?;
        let Some((at, column)) = state.rest.next() else {
            state.makers.push(maker);
            return None;
        };
        state.at_work += 1;
        Some((at, column, maker))
    }

    /// It is whole between any two statements that could panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts for Group {
    fn do_next(&self) -> bool {
        let Some((at, mut column, mut maker)) = self.begin() else { return false };
        let _leaves = Leaves(self);
        let chunk = maker.encoded(&mut column);
        column.clear();
        let mut state = self.state();
        state.done.insert(at, (column, chunk));
        state.makers.push(maker);
        true
    }
}

/// A thread at work, which is not when this is dropped, be it by a panic.
struct Leaves<'g>(&'g Group);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.state().at_work -= 1;
        self.0.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_column_that_is_lost_is_not_waited_for() {
        let group = Group::new(Vec::new(), Vec::new());
        group.state().at_work = 1;
        thread::scope(|scope| {
            scope.spawn(|| drop(Leaves(&group)));
            assert!(group.wait(0).is_err());
        });
    }
}
