//! What began in a chunk, from all workers → the numbers of those conversations.
//!
//! Conversations are numbered in the order of the packets that began them, as one worker alone would number
//! them. The numbers of a chunk are known when every worker has been through it; then it is also known which
//! conversations its ICMP messages quote.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::flow::{Answer, PROVISIONAL};

use super::work::LAG;

/// What a worker tells of a chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Ordinals of the packets that began a conversation.
    pub(super) begun: Vec<u64>,
    /// Answers to messages, with numbers that may be provisional.
    pub(super) answers: Vec<Answer>,
}

/// What a worker learns of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learned {
    /// The numbers of what it told as begun.
    pub(super) numbers: Vec<u64>,
    /// The answers of all workers, by ordinal.
    pub(super) answers: Arc<[Answer]>,
}

/// Numbers conversations for all workers.
pub(super) struct Numbering {
    workers: usize,
    state: Mutex<State>,
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
    /// For the last chunks with numbers, ordinals and numbers of conversations: provisional numbers are no older.
    recent: VecDeque<Vec<(u64, u64)>>,
}

/// What began in a chunk.
struct Begun {
    /// What each worker told; later, the numbers stand in the place of the ordinals.
    told: Vec<Option<Told>>,
    answers: Arc<[Answer]>,
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
            recent: VecDeque::new(),
        };
        Self { workers, state: Mutex::new(state) }
    }

    /// A worker has been through a chunk; whether the numbers of any are known by that.
    pub(super) fn tell(&self, worker: usize, chunk: u64, told: Told) -> bool {
        let mut state = self.lock();
        let at = (chunk - state.first_chunk) as usize;
        while state.chunks.len() <= at {
            let (told, answers) = (vec![None; self.workers], Arc::default());
            state.chunks.push_back(Begun { told, answers, waiting: self.workers });
        }
        state.chunks[at].told[worker] = Some(told);
        state.number_all()
    }

    /// What a worker learns of a chunk, if it is known.
    pub(super) fn take(&self, worker: usize, chunk: u64) -> Option<Learned> {
        self.lock().take(worker, chunk)
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
            && begun.told.iter().all(Option::is_some)
        {
            let numbers = begun.number(self.conversations);
            self.conversations += numbers.len() as u64;
            self.recent.push_back(numbers);
            if self.recent.len() > LAG + 1 {
                self.recent.pop_front();
            }
            begun.settle_answers(&self.recent);
            self.numbered += 1;
        }
        self.numbered > before
    }

    fn take(&mut self, worker: usize, chunk: u64) -> Option<Learned> {
        let at = (chunk - self.first_chunk) as usize;
        if at >= self.numbered {
            return None;
        }
        let begun = &mut self.chunks[at];
        begun.waiting -= 1;
        let answers = Arc::clone(&begun.answers);
        let learned = begun.told[worker].take().map(|told| Learned { numbers: told.begun, answers });
        while self.chunks.front().is_some_and(|begun| begun.waiting == 0) {
            self.chunks.pop_front();
            self.first_chunk += 1;
            self.numbered -= 1;
        }
        learned
    }
}

impl Begun {
    /// Puts numbers, counted on from `last`, in the place of ordinals; gives both, by ordinal.
    fn number(&mut self, last: u64) -> Vec<(u64, u64)> {
        let mut order: Vec<(u64, usize, usize)> = Vec::new();
        for (worker, told) in self.told.iter().enumerate() {
            let ordinals = told.iter().flat_map(|told| &told.begun).enumerate();
            order.extend(ordinals.map(|(at, &ordinal)| (ordinal, worker, at)));
        }
        order.sort_unstable();
        let mut numbers = Vec::with_capacity(order.len());
        for ((ordinal, worker, at), number) in order.into_iter().zip(last + 1..) {
            if let Some(told) = &mut self.told[worker] {
                told.begun[at] = number;
            }
            numbers.push((ordinal, number));
        }
        numbers
    }

    /// Joins the answers of all workers, with numbers in the place of provisional ones.
    fn settle_answers(&mut self, recent: &VecDeque<Vec<(u64, u64)>>) {
        let told = self.told.iter().flatten();
        let mut answers: Vec<Answer> = told.flat_map(|told| told.answers.iter().copied()).collect();
        answers.sort_unstable_by_key(|answer| answer.ordinal);
        for answer in &mut answers {
            if answer.conversation & PROVISIONAL != 0 {
                answer.conversation = number_of(answer.conversation & !PROVISIONAL, recent);
            }
        }
        self.answers = answers.into();
    }
}

/// The number of the conversation that a packet began; 0 if it began longer ago, which does not happen.
fn number_of(ordinal: u64, recent: &VecDeque<Vec<(u64, u64)>>) -> u64 {
    let find = |numbers: &Vec<(u64, u64)>| {
        let at = numbers.binary_search_by_key(&ordinal, |&(ordinal, _)| ordinal).ok()?;
        Some(numbers[at].1)
    };
    recent.iter().rev().find_map(find).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(ordinals: &[u64]) -> Told {
        Told { begun: ordinals.to_vec(), answers: Vec::new() }
    }

    fn numbers(learned: Option<Learned>) -> Vec<u64> {
        learned.expect("all workers have been through the chunk").numbers
    }

    #[test]
    fn conversations_are_numbered_by_the_packets_that_began_them() {
        let numbering = Numbering::new(2);
        numbering.tell(0, 0, begun(&[1, 5, 9]));
        assert_eq!(numbering.take(0, 0), None, "the other worker has not been through the chunk");
        numbering.tell(0, 1, begun(&[12]));
        numbering.tell(1, 0, begun(&[2, 6]));
        assert_eq!(numbers(numbering.take(0, 0)), [1, 3, 5]);
        assert_eq!(numbers(numbering.take(1, 0)), [2, 4]);
        numbering.tell(1, 1, begun(&[]));
        assert_eq!(numbers(numbering.take(1, 1)), [0; 0]);
        assert_eq!(numbers(numbering.take(0, 1)), [6]);
        assert_eq!(numbering.lock().chunks.len(), 0, "what was taken is forgotten");
    }

    #[test]
    fn an_answer_may_name_a_conversation_that_has_no_number_yet() {
        let numbering = Numbering::new(2);
        numbering.tell(0, 0, begun(&[1, 5]));
        numbering.tell(1, 0, begun(&[3]));
        let answers = vec![
            Answer { ordinal: 9, conversation: PROVISIONAL | 3 },
            Answer { ordinal: 10, conversation: 1 },
            Answer { ordinal: 11, conversation: PROVISIONAL | 8 },
        ];
        numbering.tell(1, 1, Told { begun: vec![8], answers });
        numbering.tell(0, 1, begun(&[7]));
        numbering.take(0, 0).unwrap();
        let learned = numbering.take(0, 1).unwrap();
        let told: Vec<_> = learned.answers.iter().map(|a| (a.ordinal, a.conversation)).collect();
        assert_eq!(told, [(9, 2), (10, 1), (11, 5)]);
    }
}
