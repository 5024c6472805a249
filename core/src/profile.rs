//! Where the time goes: how long each stage and each plugin takes, if asked for.
//!
//! Every thread has a [`Stopwatch`] of its own. Waiting for other workers is not counted, so that the times of all
//! threads together say what a packet costs; waiting for a slow disk counts as printing.

use std::time::{Duration, Instant};

/// What time is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What is done, such as `decode` or `packets`.
    pub work: &'static str,
    /// The plugin that does it; empty for core's own work.
    pub plugin: &'static str,
}

impl Stage {
    /// Work of core.
    pub const fn of_core(work: &'static str) -> Self {
        Self { work, plugin: "" }
    }
}

/// Adds up the time that stages take on one thread; does nothing unless it was switched on.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch {
    last: Option<Instant>,
    spent: Vec<(Stage, Duration)>,
}

impl Stopwatch {
    /// A stopwatch that runs, or one that does nothing.
    pub fn new(is_on: bool) -> Self {
        Self { last: is_on.then(Instant::now), spent: Vec::new() }
    }

    /// What has passed since the last call belongs to no stage of this watch.
    #[inline]
    pub fn skip(&mut self) {
        if self.last.is_some() {
            self.last = Some(Instant::now());
        }
    }

    /// What has passed since the last call was spent on a stage.
    #[inline]
    pub fn lap(&mut self, stage: Stage) {
        if let Some(last) = self.last {
            let now = Instant::now();
            self.last = Some(now);
            self.add(stage, now - last);
        }
    }

    /// Takes over what another watch has added up.
    pub fn merge(&mut self, other: &Stopwatch) {
        other.spent.iter().for_each(|&(stage, time)| self.add(stage, time));
    }

    /// The stages with their times, in the order in which they were first met.
    pub fn spent(&self) -> &[(Stage, Duration)] {
        &self.spent
    }

    fn add(&mut self, stage: Stage, time: Duration) {
        match self.spent.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, spent)) => *spent += time,
            None => self.spent.push((stage, time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_up_over_watches() {
        let decode = Stage::of_core("decode");
        let mut watch = Stopwatch::new(true);
        watch.lap(decode);
        watch.lap(Stage { work: "packets", plugin: "dns" });
        let mut other = Stopwatch::new(true);
        std::thread::sleep(Duration::from_millis(2));
        other.lap(decode);
        watch.merge(&other);
        assert_eq!(watch.spent().len(), 2);
        assert!(watch.spent()[0].0 == decode && watch.spent()[0].1 >= Duration::from_millis(2));
    }

    #[test]
    fn what_is_skipped_is_not_counted() {
        let mut watch = Stopwatch::new(true);
        std::thread::sleep(Duration::from_millis(20));
        watch.skip();
        watch.lap(Stage::of_core("decode"));
        assert!(watch.spent()[0].1 < Duration::from_millis(20));
    }

    #[test]
    fn a_watch_that_is_off_counts_nothing() {
        let mut watch = Stopwatch::new(false);
        watch.lap(Stage::of_core("decode"));
        assert!(watch.spent().is_empty());
    }
}
