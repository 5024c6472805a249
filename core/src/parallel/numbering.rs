//! What began in a chunk, from all workers → the numbers of those conversations.
//!
//! Conversations are numbered in the order of the packets that began them, as one worker alone would number
//! them. The numbers of a chunk are known when every worker has been through it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Another worker is gone, so that no more numbers will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Numbers conversations for all workers.
pub(super) struct Numbering {
    workers: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The chunks that not all workers have done with, oldest first.
    chunks: VecDeque<Begun>,
    /// The number of the oldest of them.
    first_chunk: u64,
    /// How many of them, from the oldest on, have numbers.
    numbered: usize,
    /// Conversations so far.
    conversations: u64,
    is_stopped: bool,
}

/// What began in a chunk.
struct Begun {
    /// For each worker, the ordinals of the packets that began a conversation; later, the numbers in their place.
    lists: Vec<Option<Vec<u64>>>,
    /// Workers that have not taken their numbers.
    waiting: usize,
}

impl Numbering {
    pub(super) fn new(workers: usize) -> Self {
        let state = State {
            chunks: VecDeque::new(),
            first_chunk: 0,
            numbered: 0,
            conversations: 0,
            is_stopped: false,
        };
        Self { workers, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// A worker has been through a chunk, in which conversations began with these packets.
    pub(super) fn tell(&self, worker: usize, chunk: u64, ordinals: Vec<u64>) {
        let mut state = self.lock();
        let at = (chunk - state.first_chunk) as usize;
        while state.chunks.len() <= at {
            let begun = Begun { lists: vec![None; self.workers], waiting: self.workers };
            state.chunks.push_back(begun);
        }
        state.chunks[at].lists[worker] = Some(ordinals);
        if state.number_all() {
            self.changed.notify_all();
        }
    }

    /// The numbers of what a worker told for a chunk, if they are known.
    pub(super) fn try_take(&self, worker: usize, chunk: u64) -> Option<Vec<u64>> {
        self.lock().take(worker, chunk)
    }

    /// The numbers of what a worker told for a chunk, as soon as they are known.
    pub(super) fn take(&self, worker: usize, chunk: u64) -> Result<Vec<u64>, Stopped> {
        let mut state = self.lock();
        loop {
            if let Some(numbers) = state.take(worker, chunk) {
                return Ok(numbers);
            }
            if state.is_stopped {
                return Err(Stopped);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A worker goes before the end, so that nobody waits for it.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// The state is whole between any two statements that could panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Numbers what all workers have been through; false if that is nothing.
    fn number_all(&mut self) -> bool {
        let before = self.numbered;
        while let Some(begun) = self.chunks.get_mut(self.numbered)
            && begun.lists.iter().all(Option::is_some)
        {
            self.conversations = begun.number(self.conversations);
            self.numbered += 1;
        }
        self.numbered > before
    }

    fn take(&mut self, worker: usize, chunk: u64) -> Option<Vec<u64>> {
        let at = (chunk - self.first_chunk) as usize;
        if at >= self.numbered {
            return None;
        }
        let begun = &mut self.chunks[at];
        begun.waiting -= 1;
        let numbers = begun.lists[worker].take();
        while self.chunks.front().is_some_and(|begun| begun.waiting == 0) {
            self.chunks.pop_front();
            self.first_chunk += 1;
            self.numbered -= 1;
        }
        numbers
    }
}

impl Begun {
    /// Puts numbers, counted on from `last`, in the place of ordinals; gives the last number.
    fn number(&mut self, mut last: u64) -> u64 {
        let mut order: Vec<(u64, usize, usize)> = Vec::new();
        for (worker, list) in self.lists.iter().enumerate() {
            let ordinals = list.iter().flatten().enumerate();
            order.extend(ordinals.map(|(at, &ordinal)| (ordinal, worker, at)));
        }
        order.sort_unstable();
        for (_, worker, at) in order {
            last += 1;
            if let Some(numbers) = &mut self.lists[worker] {
                numbers[at] = last;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_are_numbered_by_the_packets_that_began_them() {
        let numbering = Numbering::new(2);
        numbering.tell(0, 0, vec![1, 5, 9]);
        assert_eq!(numbering.try_take(0, 0), None, "the other worker has not been through the chunk");
        numbering.tell(0, 1, vec![12]);
        numbering.tell(1, 0, vec![2, 6]);
        assert_eq!(numbering.take(0, 0), Ok(vec![1, 3, 5]));
        assert_eq!(numbering.take(1, 0), Ok(vec![2, 4]));
        numbering.tell(1, 1, vec![]);
        assert_eq!(numbering.take(1, 1), Ok(vec![]));
        assert_eq!(numbering.take(0, 1), Ok(vec![6]));
        assert_eq!(numbering.lock().chunks.len(), 0, "what was taken is forgotten");
    }

    #[test]
    fn nobody_waits_for_a_worker_that_is_gone() {
        let numbering = Numbering::new(2);
        numbering.tell(0, 0, vec![1]);
        numbering.stop();
        assert_eq!(numbering.take(0, 0), Err(Stopped));
    }
}
