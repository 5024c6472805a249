//! Belts between threads: what one has done, in order, until another takes it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things in the order in which they were put there. Nobody waits at a belt: who finds it empty, or too full, does
/// something else ([`Floor`](super::floor::Floor)).
pub(super) struct Belt<T> {
    things: Mutex<VecDeque<T>>,
    is_over: AtomicBool,
}

impl<T> Default for Belt<T> {
    fn default() -> Self {
        Self { things: Mutex::default(), is_over: AtomicBool::new(false) }
    }
}

/// What was found at the end of a belt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// The next thing.
    Thing(T),
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come.
    Over,
}

impl<T> Found<T> {
    /// The thing, if there is one.
    pub(super) fn thing(self) -> Option<T> {
        match self {
            Self::Thing(thing) => Some(thing),
            Self::Nothing | Self::Over => None,
        }
    }
}

impl<T> Belt<T> {
    pub(super) fn put(&self, thing: T) {
        self.things().push_back(thing);
    }

    /// Nothing will be put there any more.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    pub(super) fn take(&self) -> Found<T> {
        // Asked before: what is put between the two questions is found.
        let is_over = self.is_over();
        match self.things().pop_front() {
            Some(thing) => Found::Thing(thing),
            None if is_over => Found::Over,
            None => Found::Nothing,
        }
    }

    /// How many things wait.
    pub(super) fn len(&self) -> usize {
        self.things().len()
    }

    /// Whether nothing will be put there any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Whether [`take`](Self::take) would find something, be it the end.
    pub(super) fn is_ready(&self) -> bool {
        self.is_over() || self.len() > 0
    }

    /// Whether nothing waits and nothing will come.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_over() && self.len() == 0
    }

    /// The list is whole between any two statements that could panic.
    fn things(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_taken_in_the_order_in_which_they_were_put() {
        let belt = Belt::default();
        assert_eq!(belt.take(), Found::Nothing);
        assert!(!belt.is_ready() && !belt.is_at_end());
        belt.put(1);
        belt.put(2);
        belt.end();
        assert_eq!((belt.len(), belt.is_ready(), belt.is_at_end()), (2, true, false));
        assert_eq!([belt.take(), belt.take(), belt.take()], [Found::Thing(1), Found::Thing(2), Found::Over]);
        assert!(belt.is_ready() && belt.is_at_end());
    }
}
