//! When to look at a conversation again: a lazy timer wheel.
//!
//! Nothing is moved when a packet refreshes a conversation. An alarm that goes off too early is set anew;
//! only a deadline that moves closer (a FIN, a RST) needs a second alarm, and the first is then stale.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A reminder to look at a conversation when the clock reaches its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    /// Clock time in nanoseconds.
    pub deadline: i64,
    /// The conversation's slot.
    pub slot: u32,
    /// Which conversation of that slot is meant.
    pub generation: u32,
}

/// Alarms in buckets of an eighth of a second; those of the bucket that the clock is in are kept sorted.
pub struct Wheel {
    buckets: Vec<Vec<Alarm>>,
    /// Lists of buckets that are past, for their memory.
    spare: Vec<Vec<Alarm>>,
    near: BinaryHeap<Reverse<Alarm>>,
    /// The bucket number the clock is in; it and those before have moved to `near`.
    current: i64,
}

const BUCKET_NS: i64 = 125_000_000;
/// 17 minutes: longer than any default timeout; later alarms go off early and are set anew.
const BUCKETS: i64 = 8192;
/// Lists that are kept for their memory, and how many alarms such a list may have room for: what is needed from one bucket
/// to the next, and not what a flood has left.
const SPARE_LISTS: usize = 16;
const SPARE_ALARMS: usize = 1 << 12;

impl Wheel {
    /// A wheel whose clock has not started.
    pub fn new() -> Self {
        Self {
            buckets: vec![Vec::new(); BUCKETS as usize],
            spare: Vec::new(),
            near: BinaryHeap::new(),
            current: i64::MIN,
        }
    }

    /// Sets an alarm.
    pub fn set(&mut self, alarm: Alarm) {
        let bucket = alarm.deadline.div_euclid(BUCKET_NS);
        if self.current == i64::MIN || bucket <= self.current {
            self.near.push(Reverse(alarm));
            return;
        }
        let bucket = bucket.min(self.current.saturating_add(BUCKETS - 1));
        let alarms = &mut self.buckets[bucket.rem_euclid(BUCKETS) as usize];
        if alarms.capacity() == 0 {
            *alarms = self.spare.pop().unwrap_or_default();
        }
        alarms.push(alarm);
    }

    /// Moves the clock on; alarms that may go off until then come within reach of [`next`](Self::next). Those that do
    /// are shown as `near`, and those of the bucket behind them as `next`, so that memory can be asked for in two steps.
    pub fn advance(&mut self, clock: i64, near: impl Fn(&Alarm), next: impl Fn(&Alarm)) {
        let target = clock.div_euclid(BUCKET_NS);
        if self.current == i64::MIN {
            self.current = target;
            return;
        }
        let steps = target.saturating_sub(self.current).min(BUCKETS);
        let first = target - steps + 1;
        self.current = self.current.max(target);
        for bucket in (0..steps).map(|step| first + step) {
            let mut alarms = std::mem::take(&mut self.buckets[bucket.rem_euclid(BUCKETS) as usize]);
            alarms.iter().for_each(&near);
            self.buckets[(bucket + 1).rem_euclid(BUCKETS) as usize].iter().for_each(&next);
            self.near.extend(alarms.drain(..).map(Reverse));
            if self.spare.len() < SPARE_LISTS && (1..=SPARE_ALARMS).contains(&alarms.capacity()) {
                self.spare.push(alarms);
            }
        }
    }

    /// The next alarm that is due at `clock`. An alarm from beyond the wheel's reach may come early.
    pub fn next(&mut self, clock: i64) -> Option<Alarm> {
        let due = self.near.peek().is_some_and(|Reverse(alarm)| alarm.deadline <= clock);
        if due { self.near.pop().map(|Reverse(alarm)| alarm) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_alarm_goes_off_once_and_not_before_its_time(
            steps in prop::collection::vec((0i64..2_000_000_000_000, 0i64..3_000_000_000_000), 1..200)
        ) {
            let mut wheel = Wheel::new();
            let mut clock = 0;
            let mut waiting: Vec<i64> = Vec::new();
            for (step, delay) in steps {
                clock += step / 10;
                wheel.advance(clock, |_| {}, |_| {});
                while let Some(alarm) = wheel.next(clock) {
                    prop_assert!(alarm.deadline <= clock);
                    let at = waiting.iter().position(|&deadline| deadline == alarm.deadline);
                    prop_assert!(at.is_some());
                    waiting.swap_remove(at.unwrap_or(0));
                }
                prop_assert!(waiting.iter().all(|&deadline| deadline > clock), "an alarm is late");
                waiting.push(clock + delay);
                wheel.set(Alarm { deadline: clock + delay, slot: 0, generation: 0 });
            }
        }
    }
}
