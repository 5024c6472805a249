//! Uses everything that the boundary carries: options of each kind, state with heap memory, text, lists, and
//! absent cells.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_sdk::{Columns, Duration, End, FlowPlugin, Interest, Options, Packet, State, export_plugin};

/// Counts the packets with payload of TCP flows.
pub struct Good {
    options: Settings,
}

/// One option of each kind.
#[derive(Options)]
pub struct Settings {
    /// What `good_label` says.
    #[option(default = "good")]
    label: String,
    /// Directions with fewer packets have no `good_last_len`.
    #[option(default = "1")]
    minimum: u64,
    /// Whether the lengths are listed.
    #[option(default = "on")]
    lengths: bool,
    /// Factor of `good_scaled`.
    #[option(default = "0.5")]
    scale: f64,
    /// Gap from which a packet counts as late.
    #[option(default = "1s")]
    late: Duration,
}

/// Directions whose state was born and not yet dropped.
static ALIVE: AtomicU64 = AtomicU64::new(0);

/// What is kept of a conversation: an owned text.
#[derive(Default)]
pub struct Sides {
    order: String,
}

/// What is kept of a direction: a list on the heap, and a part in `ALIVE`.
pub struct Lengths {
    lengths: Vec<u32>,
    last_time_ns: Option<i64>,
    late: u64,
}

impl Default for Lengths {
    fn default() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self { lengths: Vec::new(), last_time_ns: None, late: 0 }
    }
}

impl Drop for Lengths {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row<'a> {
    /// The option `label`.
    #[column(scope = "flow", unit = "none")]
    pub good_label: &'a str,
    /// Which side sent each packet, as letters.
    #[column(scope = "flow", unit = "none")]
    pub good_order: &'a str,
    /// Directions with a state when this row was made.
    #[column(scope = "flow", unit = "none")]
    pub good_alive: u64,
    /// Packets with payload.
    #[column(unit = "packets")]
    pub good_packets: u64,
    /// Packets times the option `scale`.
    #[column(unit = "none")]
    pub good_scaled: f64,
    /// Payload lengths in their order.
    #[column(unit = "bytes")]
    pub good_lengths: Option<&'a [u32]>,
    /// The last payload length.
    #[column(unit = "bytes")]
    pub good_last_len: Option<u32>,
    /// Packets that came late, by the option `late`.
    #[column(unit = "packets")]
    pub good_late: u64,
}

impl FlowPlugin for Good {
    const NAME: &'static str = "good";
    const SUMMARY: &'static str = "everything that the boundary carries";
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::WITH_PAYLOAD);

    type Options = Settings;
    type Flow = Sides;
    type Direction = Lengths;
    type Row<'a> = Row<'a>;

    fn open(options: Settings) -> Result<Self, String> {
        if options.minimum == 0 {
            return Err("option `minimum` is `0`, but it must be above 0".into());
        }
        Ok(Self { options })
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        state.flow.order.push(if packet.side == 0 { 'a' } else { 'b' });
        let gap = state.own.last_time_ns.map(|last| packet.time_ns - last);
        state.own.late += u64::from(gap.is_some_and(|gap| gap >= self.options.late.0));
        state.own.last_time_ns = Some(packet.time_ns);
        state.own.lengths.push(packet.payload_len);
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let lengths = end.own.lengths.as_slice();
        let packets = lengths.len() as u64;
        Row {
            good_label: &self.options.label,
            good_order: &end.flow.order,
            good_alive: ALIVE.load(Ordering::Relaxed),
            good_packets: packets,
            good_scaled: packets as f64 * self.options.scale,
            good_lengths: self.options.lengths.then_some(lengths),
            good_last_len: lengths.last().copied().filter(|_| packets >= self.options.minimum),
            good_late: end.own.late,
        }
    }
}

export_plugin!(Good);
