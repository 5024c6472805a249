//! TCP timestamps in, the tick and the uptime of their clock out (RFC 7323 section 5.4).

use weir_sdk::{Duration, Time};

use crate::row::Row;

/// The timestamp options of a direction.
#[derive(Default)]
pub(crate) struct Timestamps {
    time_first: i64,
    time_last: i64,
    first: u32,
    last: u32,
    echo: u32,
    is_seen: bool,
}

/// A mean tick up to so many seconds is that of a clock with the tick behind it; a longer one is taken for a
/// second.
const TICKS: [(f64, f32); 4] = [(0.002, 0.001), (0.005, 0.004), (0.02, 0.01), (0.7, 0.1)];
/// Where the clock stood still: what systems whose packets arrive with at least this time to live have.
const TICKS_BY_TTL: [(u8, f32); 3] = [(128, 0.1), (64, 0.004), (33, 0.01)];

impl Timestamps {
    /// Takes an option into account; gives whether its value is smaller than the one before.
    pub(crate) fn follow(&mut self, value: u32, echo: u32, time_ns: i64) -> bool {
        if !self.is_seen {
            *self = Self { time_first: time_ns, first: value, last: value, is_seen: true, ..Self::default() };
        }
        let is_smaller = (value.wrapping_sub(self.last) as i32) < 0;
        self.time_last = time_ns;
        self.last = value;
        self.echo = echo;
        is_smaller
    }

    /// Fills the columns of a direction whose smallest time to live was this.
    pub(crate) fn tell(&self, ttl_min: u8, row: &mut Row) {
        if !self.is_seen {
            return;
        }
        let tick = self.tick(ttl_min);
        let uptime = f64::from(self.last) * f64::from(tick);
        row.tcp_timestamp = Some(self.last);
        row.tcp_timestamp_echo = Some(self.echo);
        row.tcp_clock_tick = Some(tick);
        row.tcp_uptime = Some(uptime);
        row.tcp_boot_time = Some(Time(self.time_last.saturating_sub((uptime * 1e9).round() as i64)));
    }

    /// Seconds from one count of the clock to the next.
    fn tick(&self, ttl_min: u8) -> f32 {
        let counts = self.last.wrapping_sub(self.first);
        if counts == 0 {
            let known = TICKS_BY_TTL.iter().find(|(ttl, _)| ttl_min >= *ttl);
            return known.map_or(0.001, |(_, tick)| *tick);
        }
        let span: Duration = Time(self.time_last) - Time(self.time_first);
        let mean = span.seconds() / f64::from(counts);
        TICKS.iter().find(|(below, _)| mean < *below).map_or(1.0, |(_, tick)| *tick)
    }
}
