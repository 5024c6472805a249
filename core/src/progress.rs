//! A progress bar for people: on a terminal, and only for what takes over a second.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nothing is drawn before this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how far a run has come.
pub(crate) struct Progress {
    started: Instant,
    total: Option<u64>,
    bytes: AtomicU64,
    packets: AtomicU64,
    quiet: bool,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Of a run over `total` bytes, if that is known.
    pub(crate) fn new(quiet: bool, total: Option<u64>) -> Self {
        Self {
            started: Instant::now(),
            total,
            bytes: AtomicU64::new(0),
            packets: AtomicU64::new(0),
            quiet,
            bar: OnceLock::new(),
        }
    }

    /// So many bytes and packets more.
    pub(crate) fn advance(&self, bytes: u64, packets: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.packets.fetch_add(packets, Ordering::Relaxed);
        if self.quiet || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| bar(self.total));
        bar.set_position(self.bytes.load(Ordering::Relaxed));
        bar.set_message(self.pace());
    }

    /// Packets, bytes per second since the start, and what that means for the rest.
    fn pace(&self) -> String {
        let elapsed = self.started.elapsed().as_secs_f64();
        let per_second = self.bytes.load(Ordering::Relaxed) as f64 / elapsed;
        let packets = indicatif::HumanCount(self.packets.load(Ordering::Relaxed));
        let speed = indicatif::DecimalBytes(per_second as u64);
        let rest = self.total.map(|total| {
            total.saturating_sub(self.bytes.load(Ordering::Relaxed)) as f64 / per_second.max(1.0)
        });
        let left =
            rest.map(|rest| format!(", {} left", indicatif::HumanDuration(Duration::from_secs_f64(rest))));
        format!("{packets} packets, {speed}/s{}", left.unwrap_or_default())
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// Hidden by itself where standard error is no terminal.
fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{bar:32} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}, {msg}",
        None => "{spinner} {decimal_bytes}, {msg}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr()).with_style(style)
}
