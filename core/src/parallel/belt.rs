//! Belts between threads: bounded channels whose ends look a few times before they sleep.
//!
//! What waits on a belt is a fraction of a millisecond of work. To put a thread to sleep and wake it again costs a
//! good part of that, on virtual machines more than on others; so an end first offers its processor to other
//! threads, and looks again.

use std::sync::mpsc::{Receiver, RecvError, SendError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::yield_now;

/// How often an end looks before it sleeps: what comes soon comes within so many looks, and others want the
/// processor (`docs/performance.md`).
const LOOKS: usize = 20;

/// The end that takes.
pub(super) struct Taker<T>(Receiver<T>);

/// The end that gives.
pub(super) struct Giver<T>(SyncSender<T>);

/// A belt on which so many things can wait.
pub(super) fn belt<T>(length: usize) -> (Giver<T>, Taker<T>) {
    let (giver, taker) = sync_channel(length);
    (Giver(giver), Taker(taker))
}

impl<T> Taker<T> {
    /// The next thing; an error when the giver is gone and nothing waits.
    pub(super) fn take(&self) -> Result<T, RecvError> {
        for _ in 0..LOOKS {
            match self.0.try_recv() {
                Ok(thing) => return Ok(thing),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => yield_now(),
            }
        }
        self.0.recv()
    }

    /// What waits, if something does.
    pub(super) fn take_waiting(&self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Giver<T> {
    /// Puts a thing on the belt if there is room and somebody will take it; otherwise it is dropped.
    pub(super) fn offer(&self, thing: T) {
        let _ = self.0.try_send(thing);
    }

    /// Puts a thing on the belt as soon as there is room; an error when the taker is gone.
    pub(super) fn give(&self, mut thing: T) -> Result<(), SendError<T>> {
        for _ in 0..LOOKS {
            match self.0.try_send(thing) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(refused)) => return Err(SendError(refused)),
                Err(TrySendError::Full(refused)) => thing = refused,
            }
            yield_now();
        }
        self.0.send(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_arrive_in_order_however_short_the_belt() {
        let (giver, taker) = belt(1);
        std::thread::scope(|scope| {
            scope.spawn(move || (0..1000).for_each(|thing| giver.give(thing).unwrap()));
            assert!((0..1000).all(|thing| taker.take() == Ok(thing)));
            assert_eq!(taker.take(), Err(RecvError));
        });
    }

    #[test]
    fn what_is_offered_waits_or_is_dropped() {
        let (giver, taker) = belt(1);
        assert_eq!(taker.take_waiting(), None);
        giver.offer(1);
        giver.offer(2);
        assert_eq!((taker.take_waiting(), taker.take_waiting()), (Some(1), None));
        drop(taker);
        giver.offer(3);
    }

    #[test]
    fn a_giver_learns_that_nobody_takes() {
        let (giver, taker) = belt(1);
        drop(taker);
        assert!(giver.give(1).is_err());
    }
}
