//! What all threads of a run look at: the bell, and work that they may take a part of.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bell::Bell;

/// Work in parts, which any thread may do.
pub(crate) trait Parts: Send + Sync {
    /// Does the next part that nobody has begun; false if there is none.
    fn do_next(&self) -> bool;
}

/// Where one thread shows what it does, so that those who find nothing else to do help it.
#[derive(Default)]
pub(crate) struct Board {
    shown: Mutex<Option<Arc<dyn Parts>>>,
    bell: Bell,
}

impl Board {
    /// Rung whenever there may be something to do.
    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Shows work until it is taken down.
    pub(crate) fn show(&self, work: Arc<dyn Parts>) {
        *self.shown() = Some(work);
        self.bell.ring();
    }

    /// Nobody begins a part of the work any more.
    pub(crate) fn take_down(&self) {
        *self.shown() = None;
    }

    /// Does a part of the work that is shown; false if there is none to do.
    pub(crate) fn help(&self) -> bool {
        let work = self.shown().clone();
        work.is_some_and(|work| work.do_next())
    }

    /// It is whole between any two statements that could panic.
    fn shown(&self) -> MutexGuard<'_, Option<Arc<dyn Parts>>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Countdown(AtomicUsize);

    impl Parts for Countdown {
        fn do_next(&self) -> bool {
            self.0.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        }
    }

    #[test]
    fn each_part_of_what_is_shown_is_done_once() {
        let board = Board::default();
        assert!(!board.help());
        let work = Arc::new(Countdown(AtomicUsize::new(2)));
        board.show(work.clone());
        assert_eq!(board.bell().rings(), 1);
        assert_eq!([board.help(), board.help(), board.help()], [true, true, false]);
        work.0.store(1, Ordering::SeqCst);
        board.take_down();
        assert!(!board.help());
    }
}
