//! TCP windows in, their course out.

use crate::bits::status;
use crate::rare::{Kept, Rare};
use crate::row::Row;
use crate::segment::Segment;

/// The windows that a direction announced, scaled where scaling is in use.
#[derive(Default)]
pub(crate) struct Windows {
    initial: u32,
    last: u32,
    min: u32,
    max: u32,
    mean: f32,
    decreases: u32,
    increases: u32,
    turns: u32,
    trend: Trend,
}

/// Where the window went at its last change.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Trend {
    #[default]
    Unknown,
    Down,
    Up,
}

impl Windows {
    /// The window of the first segment, before anything else is told of it.
    pub(crate) fn begin(&mut self, window: u32) {
        let mean = window as f32;
        *self = Self { initial: window, last: window, min: window, max: window, mean, ..Self::default() };
    }

    /// The last window.
    pub(crate) fn last(&self) -> u32 {
        self.last
    }

    /// Takes the window of a segment into account; gives bits of `tcp_status`.
    #[inline]
    pub(crate) fn follow(&mut self, window: u32, segment: &Segment<'_>, rare: &mut Rare) -> u16 {
        // An exponential mean: the first window counts as its own past.
        self.mean = 0.7 * self.mean + 0.3 * window as f32;
        if window < self.last {
            self.decreases += 1;
            self.min = self.min.min(window);
            self.turn(Trend::Down);
        } else if window > self.last {
            self.increases += 1;
            self.max = self.max.max(window);
            self.turn(Trend::Up);
        }
        self.last = window;
        let is_zero = window == 0 && segment.is_plain();
        if is_zero {
            rare.get_or_make().zero_windows += 1;
        }
        status::WINDOW
            | if is_zero { status::WINDOW_ZERO } else { 0 }
            | if self.increases > 0 { status::WINDOW_UP } else { 0 }
    }

    fn turn(&mut self, trend: Trend) {
        self.turns += u32::from(self.trend != Trend::Unknown && self.trend != trend);
        self.trend = trend;
    }

    /// The window of the first segment.
    pub(crate) fn initial(&self) -> u32 {
        self.initial
    }

    /// Fills the columns of a direction with so many segments.
    pub(crate) fn tell(&self, kept: &Kept, segments: u32, row: &mut Row) {
        row.tcp_window_first = Some(self.initial);
        row.tcp_window_mean = Some(self.mean);
        row.tcp_window_min = Some(self.min);
        row.tcp_window_max = Some(self.max);
        row.tcp_window_decreases = Some(self.decreases);
        row.tcp_window_increases = Some(self.increases);
        row.tcp_window_turns = Some(self.turns);
        row.tcp_window_zero_ratio = Some(kept.zero_windows as f32 / segments as f32);
    }
}
