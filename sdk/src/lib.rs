//! Everything that the author of a weir plugin imports.
//!
//! A plugin measures something of every flow. Its author writes what is kept while packets arrive, which
//! columns come of it, and the two functions between them; weir loads the library, calls it, and writes the
//! columns. This page is a whole plugin, step by step. `weir plugin new NAME` makes a crate to start from.
//!
//! # A plugin
//!
//! A crate of its own, with one dependency:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"] # the library that weir loads; the one that tests link
//!
//! [dependencies]
//! weir-sdk = "0.1"
//! ```
//!
//! and a `src/lib.rs` that is always in this order: what it measures, state, columns, behaviour, export,
//! tests.
//!
//! ```
//! //! Packet lengths of one direction of a flow: largest and mean.
//! //!
//! //! Lengths are on-the-wire lengths, so a capture cut short by its snap length gives the same values as a
//! //! full one.
//!
//! use weir_sdk::{Columns, End, FlowPlugin, Packet, State, export_plugin};
//!
//! /// Largest and mean packet length.
//! pub struct PacketLengths;
//!
//! /// What is kept of a direction while its packets arrive.
//! #[derive(Default)]
//! pub struct Lengths {
//!     packets: u64,
//!     sum: u64,
//!     max: u32,
//! }
//!
//! /// One row.
//! #[derive(Columns, Debug, PartialEq)]
//! #[columns(scope = "direction", tags = ["statistical", "packet_size_timing"])]
//! pub struct Row {
//!     /// Largest length of a packet of this direction, on the wire, from the link-layer header on.
//!     #[column(unit = "bytes", source = "capture record, original length")]
//!     pub packet_len_max: u32,
//!     /// Arithmetic mean of the lengths of all packets of this direction, on the wire, from the link-layer
//!     /// header on.
//!     #[column(unit = "bytes", source = "sum of lengths / packets")]
//!     pub packet_len_mean: f64,
//! }
//!
//! impl FlowPlugin for PacketLengths {
//!     const NAME: &'static str = "packet_lengths";
//!     const SUMMARY: &'static str = "largest and mean packet length";
//!
//!     type Options = ();
//!     type Flow = ();
//!     type Direction = Lengths;
//!     type Row<'a> = Row;
//!
//!     fn open((): ()) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!
//!     fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
//!         let lengths = state.own;
//!         lengths.packets += 1;
//!         lengths.sum += u64::from(packet.wire_len);
//!         lengths.max = lengths.max.max(packet.wire_len);
//!     }
//!
//!     fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
//!         // A direction is born with its first packet, so the divisor is never zero.
//!         let mean = end.own.sum as f64 / end.own.packets as f64;
//!         Row { packet_len_max: end.own.max, packet_len_mean: mean }
//!     }
//! }
//!
//! export_plugin!(PacketLengths);
//!
//! // Its tests ask, each in a `#[test]` whose name is a sentence:
//! use weir_sdk::testing::{check_columns, packet, row_of};
//!
//! // `mean_lies_between_the_packets`
//! let row = row_of::<PacketLengths>([packet().wire_len(60), packet().wire_len(100)]);
//! assert_eq!(row, Row { packet_len_max: 100, packet_len_mean: 80.0 });
//!
//! // `columns_are_well_declared`
//! check_columns::<PacketLengths>();
//! ```
//!
//! # State
//!
//! [`FlowPlugin::Flow`] is kept once for a conversation, [`FlowPlugin::Direction`] once for each of its two
//! sides. Both are plain data, born by `Default`. A million flows may be alive at once, so keep them small:
//! fixed arrays ([`ArrayVec`]) rather than `Vec`, and a `Box` around what few flows need.
//! [`State`] gives both sides to `packet`, so that an answer can be compared with its question.
//!
//! # Packets
//!
//! [`Packet`] dereferences to [`PacketFacts`], worked out once for all plugins: time, lengths on the wire,
//! ports, flags, offsets. Its methods give captured bytes, which may end anywhere: each returns an `Option` or
//! a slice that may be short, so bytes are never indexed unchecked. [`FlowPlugin::INTEREST`] leaves out
//! packets that the plugin would ignore, and [`FlowPlugin::READS`] bytes that it does not read: where no plugin of a run
//! reads payload, several workers need not move it. A panic does not end the run: weir names plugin and packet and goes
//! on without the plugin.
//!
//! # TCP streams
//!
//! A plugin that sets [`FlowPlugin::STREAM_BYTES`] finds in [`Packet::stream`] what each packet brought of its
//! direction's stream: reassembled once for all plugins, in order, each byte once, gaps said. It keeps what it
//! needs itself, and only that: there may be a million flows.
//!
//! # Columns
//!
//! A column is declared once, on a field; headers, schemas and dictionaries are made from it. The doc
//! comment is its definition: what, over which packets, what is left out, so that a stranger could build it
//! anew. `Option::None` is an empty cell: not measured. Zero always means zero. Lists are `ArrayVec`, `Vec`,
//! or slices.
//!
//! | attribute | says |
//! | --- | --- |
//! | `scope` | `direction`: once for each side, with the suffix `_a` or `_b` in the row of a conversation; `flow`: once, taken from the row of A |
//! | `unit` | one of [`testing::UNITS`] |
//! | `source` | where the truth lives: `RFC 9293 section 3.1, Window`, a registry, or a formula |
//! | `tags` | some of [`testing::TAGS`], see below |
//! | `bits` | names of the bits of a `bit mask`, a slice of [`Bit`] |
//! | `aliases` | other names under which people look for it |
//! | `tranalyzer`, `null` | `"name:format"` in Tranalyzer, and what stands there for an absent value |
//!
//! Attributes in `#[columns(..)]` on the struct hold for all fields; the tags of a field are added to them.
//!
//! Tags select columns. Features for a classifier are all columns without `address`, `port`, `time` and
//! `identifier`; narrower sets are `statistical` and, within it, `packet_size_timing`.
//!
//! | tag | the column |
//! | --- | --- |
//! | `address` | tells hosts or networks: MAC and IP addresses, VLAN ids |
//! | `port` | is a transport port |
//! | `time` | is a point in time (a span of time is not) |
//! | `identifier` | numbers or names the row itself |
//! | `counter` | counts packets, bytes, or events |
//! | `statistical` | is a number that can be computed with, no code, flag or name |
//! | `packet_size_timing` | tells sizes, numbers, or timing of packets, whatever they carry |
//! | `direction_rows` | has news only where each direction has a row of its own; beside the columns of the other direction it repeats them |
//!
//! # Options
//!
//! A struct with `#[derive(Options)]` in place of `()`: each field has a doc comment and
//! `#[option(default = "..")]`, and is set with `-o plugin.option=value`. What [`FlowPlugin::open`] cannot use
//! it refuses with a sentence.
//!
//! # Tests
//!
//! [`testing`] describes packets and sends them through the plugin, without a library, a capture, or a clock.

pub mod abi;
pub mod checksum;
pub mod columns;
pub mod finished;
pub mod icmp;
pub mod options;
pub mod packet;
pub mod plugin;
pub mod reads;
pub mod status;
pub mod tables;
pub mod testing;
pub mod value;

pub use abi::prefetch;
pub use arrayvec::{ArrayString, ArrayVec};
pub use columns::{Bit, Columns};
pub use finished::{Ahead, FinishedRow, FinishedRows, Given};
pub use options::Options;
pub use packet::{Packet, PacketFacts, Side, StreamBytes, StreamFacts, flag};
pub use plugin::{End, EndFacts, FlowPlugin, HeaderChain, Interest, RowPlugin, Start, State};
pub use reads::Reads;
pub use tables::{Table, Tables};
pub use value::{Duration, Ip, Mac, Time};
pub use weir_sdk_derive::{Columns, Options};
