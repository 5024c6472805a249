//! Where threads wait that find nothing to do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::yield_now;

/// How often a thread looks before it sleeps: to put it to sleep and wake it again costs a good part of what it
/// waits for, on virtual machines more than on others (`docs/performance.md`).
const LOOKS: usize = 20;

/// Rung whenever a thread has done something for which others may wait.
#[derive(Default)]
pub(super) struct Bell {
    rings: AtomicU64,
    sleepers: Mutex<usize>,
    rung: Condvar,
}

impl Bell {
    /// How often it has rung. To be asked before a thread looks for work, so that no ring is missed.
    pub(super) fn rings(&self) -> u64 {
        self.rings.load(Ordering::SeqCst)
    }

    pub(super) fn ring(&self) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        // A sleeper counts itself before it looks a last time, under the same lock.
        if *self.sleepers.lock().unwrap_or_else(PoisonError::into_inner) > 0 {
            self.rung.notify_all();
        }
    }

    /// Returns when it has rung more often than `heard`.
    pub(super) fn wait(&self, heard: u64) {
        for _ in 0..LOOKS {
            if self.rings() != heard {
                return;
            }
            yield_now();
        }
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        *sleepers += 1;
        while self.rings() == heard {
            sleepers = self.rung.wait(sleepers).unwrap_or_else(PoisonError::into_inner);
        }
        *sleepers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ring_is_missed() {
        let (there, back) = (Bell::default(), Bell::default());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 0..10_000 {
                    there.wait(turn);
                    back.ring();
                }
            });
            for turn in 0..10_000 {
                there.ring();
                back.wait(turn);
            }
        });
        assert_eq!((there.rings(), back.rings()), (10_000, 10_000));
    }
}
