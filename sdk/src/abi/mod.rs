//! The boundary between the program and a plugin library: what crosses it, and how both sides call.
//!
//! This folder alone knows the ABI crate, and it alone of the SDK has `unsafe`: here stands what crosses,
//! in `guest.rs` the plugin's side, in `host.rs` the program's, in `layout.rs` how the two
//! compare the records that may grow. Only plain `repr(C)` data crosses. A library shows three symbols, looked at in this order:
//!
//! 1. [`STAMP_SYMBOL`], a [`Stamp`]: absent, the file is no plugin; of another version, it must be rebuilt;
//! 2. [`LAYOUT_SYMBOL`], the layout of [`PluginModule`], compared by abi_stable with our own;
//! 3. [`MODULE_SYMBOL`], the [`PluginModule`]: a few `extern "C"` functions.
//!
//! Whatever a plugin does, its panic ends in `guest::contain` and becomes a [`Fault`] with a sentence.

mod guest;
mod guest_rows;
mod host;
mod host_rows;
mod layout;
mod memory;
mod repeats;
mod state;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RResult, RSlice, RStr, RString, RVec};
use abi_stable::type_layout::TypeLayout;

use crate::columns::ColumnBuffer;
use crate::packet::{PacketFacts, StreamFacts};
use crate::plugin::EndFacts;

use layout::FactsLayout;

pub(crate) use memory::append_in_place;
pub use memory::prefetch;

pub use guest::{module, own_layout};
pub use guest_rows::row_module;
pub use host::{Ends, Instance, Module, NotOpened, Packets, PluginInfo, Symbols, check_stamp};
pub use host_rows::Rows;
pub use state::{StateLayout, StatePlaces};

/// Symbol of the [`Stamp`].
pub const STAMP_SYMBOL: &str = "WEIR_SDK_STAMP";
/// Symbol of the function that gives the layout of the module.
pub const LAYOUT_SYMBOL: &str = "weir_plugin_layout";
/// Symbol of the function that gives the module.
pub const MODULE_SYMBOL: &str = "weir_plugin_module";

/// Says that a library is a weir plugin, and for which SDK it was built. Its own layout never changes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// `b"weir-sdk"`.
    pub magic: [u8; 8],
    /// Major version of the SDK.
    pub major: u16,
    /// Minor version of the SDK.
    pub minor: u16,
    /// 1 if a panic in the library unwinds, so that it can be caught.
    pub unwinds: u16,
    /// 0.
    pub reserved: u16,
}

impl Stamp {
    /// The stamp of this SDK.
    pub const OWN: Stamp = Stamp {
        magic: *b"weir-sdk",
        major: decimal(env!("CARGO_PKG_VERSION_MAJOR")),
        minor: decimal(env!("CARGO_PKG_VERSION_MINOR")),
        unwinds: cfg!(panic = "unwind") as u16,
        reserved: 0,
    };

    /// Whether a program with this stamp can load a library with `plugin`'s: from 1.0 on an older minor
    /// version will do, before that the minor version must be the same (Cargo's rule).
    pub fn accepts(&self, plugin: &Stamp) -> bool {
        let minor_fits =
            if self.major == 0 { plugin.minor == self.minor } else { plugin.minor <= self.minor };
        plugin.magic == self.magic && plugin.major == self.major && minor_fits
    }
}

const fn decimal(text: &str) -> u16 {
    let bytes = text.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < bytes.len() {
        value = value * 10 + (bytes[at] - b'0') as u16;
        at += 1;
    }
    value
}

/// Why a library was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It begins like no plugin.
    NoPlugin,
    /// Built for another SDK.
    OtherVersion {
        /// Major and minor version it was built for.
        plugin: (u16, u16),
    },
    /// Built so that a panic would end the whole program.
    PanicAborts,
    /// Same version, but the data that would cross has another layout.
    OtherLayout {
        /// The first difference that the layout check found.
        detail: String,
    },
    /// It panicked while it described itself.
    Panicked(Fault),
}

/// A plugin failed: the sentence that its panic gave, and how far it had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The panic's message and place, on one line.
    pub message: String,
    /// Number of the packet or conversation that it was at work on, or 0.
    pub reached: u64,
}

/// A layout as the ABI crate describes it.
#[doc(hidden)]
pub type Layout = &'static TypeLayout;

/// Records of a plain struct that may grow at its end: the reader steps by `stride`, not by its own size.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct Records<'a> {
    first: *const u8,
    count: usize,
    stride: usize,
    lifetime: PhantomData<&'a u8>,
}

impl<'a> Records<'a> {
    fn of<T: Copy>(records: &'a [T]) -> Self {
        Self {
            first: records.as_ptr().cast(),
            count: records.len(),
            stride: size_of::<T>(),
            lifetime: PhantomData,
        }
    }

    /// # Safety
    ///
    /// The records must begin with a valid `T`, and `index` must be below `count`.
    #[inline]
    unsafe fn at<T: Copy>(&self, index: usize) -> &'a T {
        debug_assert!(index < self.count && self.stride >= size_of::<T>());
        // SAFETY: `index < count`, and each record begins with a `T` by the contract.
        unsafe { &*self.first.add(index * self.stride).cast::<T>() }
    }
}

/// Packets of one call. `rows[i]` is the row of the conversation that packet `i` belongs to.
#[repr(C)]
#[derive(StableAbi)]
struct PacketBatch<'a> {
    window: RSlice<'a, u8>,
    facts: Records<'a>,
    rows: RSlice<'a, *mut u8>,
    /// Where the state of this plugin stands in each row.
    places: StatePlaces,
    /// Indices of the packets that the plugin asked for; ignored if `all`.
    selected: RSlice<'a, u32>,
    all: bool,
    /// What each packet brought of its TCP stream; none if no plugin asks for streams.
    streams: Records<'a>,
    /// What some of them point into.
    stream_buffer: RSlice<'a, u8>,
}

/// Ended directions of one call, the two of a conversation in a row, A first.
#[repr(C)]
#[derive(StableAbi)]
struct EndBatch<'a> {
    ends: Records<'a>,
    rows: RSlice<'a, *mut u8>,
    places: StatePlaces,
    /// Of a conversation, cells of flow scope are read where A's stand.
    of_conversations: bool,
    chains: *const u8,
    header_chain: unsafe extern "C" fn(chains: *const u8, key: u32) -> RawChain,
}

#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
struct RawChain {
    text: *const u8,
    text_len: usize,
    count: u16,
}

/// The cells of one column, borrowed from the plugin until its next call.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct ColumnCells<'a> {
    rows: usize,
    values: RSlice<'a, u8>,
    validity: RSlice<'a, u8>,
    list_ends: RSlice<'a, u32>,
    text_ends: RSlice<'a, u32>,
}

impl<'a> ColumnCells<'a> {
    /// No rows: what a column holds whose plugin failed.
    pub const NONE: ColumnCells<'static> = ColumnCells {
        rows: 0,
        values: RSlice::EMPTY,
        validity: RSlice::EMPTY,
        list_ends: RSlice::EMPTY,
        text_ends: RSlice::EMPTY,
    };

    /// The cells of a buffer.
    pub fn of(buffer: &'a ColumnBuffer) -> Self {
        Self {
            rows: buffer.rows,
            values: RSlice::from_slice(&buffer.values),
            validity: RSlice::from_slice(&buffer.validity),
            list_ends: RSlice::from_slice(&buffer.list_ends),
            text_ends: RSlice::from_slice(&buffer.text_ends),
        }
    }

    /// The cells of a buffer that may have room for more, of this width; 0 where they have no fixed one.
    #[inline]
    fn of_room(buffer: &'a ColumnBuffer, width: usize) -> Self {
        let bytes = if width == 0 { buffer.values.len() } else { buffer.rows * width };
        Self { values: RSlice::from_slice(&buffer.values[..bytes]), ..Self::of(buffer) }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements end to end, little endian.
    #[inline]
    pub fn values(&self) -> &'a [u8] {
        self.values.as_slice()
    }

    /// One bit per row, least significant first, set where a cell is present.
    #[inline]
    pub fn validity(&self) -> &'a [u8] {
        self.validity.as_slice()
    }

    /// Whether the cell of a row is present.
    #[inline]
    pub fn is_present(&self, row: usize) -> bool {
        self.validity.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    }

    /// The same of eight rows, one bit for each, the first in the lowest.
    #[inline]
    pub(crate) fn presence(&self, first: usize) -> u8 {
        let byte = |at: usize| self.validity.get(at).copied().unwrap_or(0);
        let [low, high] = [byte(first / 8), byte(first / 8 + 1)];
        (u16::from_le_bytes([low, high]) >> (first % 8)) as u8
    }

    /// For lists: which elements a row holds.
    #[inline]
    pub fn list(&self, row: usize) -> std::ops::Range<usize> {
        span(&self.list_ends, row)
    }

    /// For text: which bytes an element holds.
    #[inline]
    pub fn text(&self, element: usize) -> std::ops::Range<usize> {
        span(&self.text_ends, element)
    }
}

#[inline]
fn span(ends: &[u32], index: usize) -> std::ops::Range<usize> {
    let end_of = |index: usize| ends.get(index).map_or(0, |&end| end as usize);
    index.checked_sub(1).map_or(0, end_of)..end_of(index)
}

#[repr(C)]
#[derive(StableAbi)]
struct Description {
    name: RStr<'static>,
    version: RStr<'static>,
    summary: RStr<'static>,
    order: u16,
    on_by_default: bool,
    interest: u32,
    stream_bytes: u64,
    reads: u32,
    state: StateLayout,
    facts: FactsLayout,
    columns: RVec<RawColumn>,
    options: RVec<RawOption>,
    /// Reads finished rows instead of packets.
    reads_rows: bool,
    needs: RVec<RStr<'static>>,
    tables: RVec<RawTable>,
}

#[repr(C)]
#[derive(StableAbi)]
struct RawTable {
    name: RStr<'static>,
    summary: RStr<'static>,
    columns: RVec<RawColumn>,
}

#[repr(C)]
#[derive(StableAbi)]
struct RawColumn {
    name: RStr<'static>,
    kind: u8,
    list: bool,
    scope: u8,
    unit: RStr<'static>,
    definition: RStr<'static>,
    source: RStr<'static>,
    tags: RVec<RStr<'static>>,
    aliases: RVec<RStr<'static>>,
    bits: RVec<RawBit>,
    tranalyzer_name: RStr<'static>,
    tranalyzer_format: RStr<'static>,
    tranalyzer_null: RStr<'static>,
}

#[repr(C)]
#[derive(StableAbi)]
struct RawBit {
    mask: u64,
    name: RStr<'static>,
    meaning: RStr<'static>,
}

#[repr(C)]
#[derive(StableAbi)]
struct RawOption {
    name: RStr<'static>,
    kind: RStr<'static>,
    default: RStr<'static>,
    definition: RStr<'static>,
}

#[repr(C)]
#[derive(StableAbi)]
struct Setting<'a> {
    name: RStr<'a>,
    value: RStr<'a>,
}

#[repr(C)]
#[derive(StableAbi)]
struct RawFault {
    message: RString,
    reached: u64,
}

#[repr(C)]
#[derive(StableAbi)]
struct RawCount {
    name: RStr<'static>,
    count: u64,
}

type Outcome<T> = RResult<T, RawFault>;

/// A column that a row plugin reads.
#[repr(C)]
#[derive(StableAbi)]
struct RawGiven<'a> {
    name: RStr<'a>,
    kind: u8,
    list: bool,
    scope: u8,
    pick: u8,
}

/// The rows ahead of a row plugin.
#[repr(C)]
#[derive(StableAbi)]
struct RawAhead<'a> {
    /// Those that it needs, then those that it wants.
    columns: RSlice<'a, RawGiven<'a>>,
    of_conversations: bool,
}

/// What row plugins take in one call. A direction whose start has an ordinal below the one at which an end was
/// noticed began before that row ends.
#[repr(C)]
#[derive(StableAbi)]
struct RowBatch<'a> {
    starts: Records<'a>,
    ends: Records<'a>,
    /// For each end, the ordinal of the packet that noticed it.
    noticed: RSlice<'a, u64>,
    /// The columns that the plugin reads in the order in which it heard of them, a cell for each end.
    needs: RSlice<'a, ColumnCells<'a>>,
    /// The run is over.
    is_last: bool,
}

/// The functions of a plugin library. Cells come as those of the plugin's columns, and behind them, for each of its
/// tables, a list column without elements that says how many rows belong to each end, and the columns of the table.
/// Later versions add fields at the end only.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(panic))]
pub struct PluginModule {
    describe: extern "C" fn() -> Outcome<Description>,
    open: extern "C" fn(RSlice<'_, Setting<'_>>) -> Outcome<RResult<*mut u8, RString>>,
    begin: unsafe extern "C" fn(*mut u8, RSlice<'_, *mut u8>, StatePlaces) -> Outcome<()>,
    packets: unsafe extern "C" fn(*mut u8, &PacketBatch<'_>) -> Outcome<()>,
    finish: for<'a> unsafe extern "C" fn(*mut u8, &'a EndBatch<'a>) -> Outcome<RSlice<'a, ColumnCells<'a>>>,
    rows: for<'a> unsafe extern "C" fn(*mut u8, &'a RowBatch<'a>) -> Outcome<RSlice<'a, ColumnCells<'a>>>,
    counts: unsafe extern "C" fn(*mut u8) -> Outcome<RVec<RawCount>>,
    /// Before the run, or when it is over.
    notice: unsafe extern "C" fn(*mut u8, is_over: bool) -> Outcome<ROption<RString>>,
    wants: unsafe extern "C" fn(*mut u8) -> Outcome<RVec<RString>>,
    prepare: unsafe extern "C" fn(*mut u8, &RawAhead<'_>) -> Outcome<RResult<(), RString>>,
    #[sabi(last_prefix_field)]
    close: unsafe extern "C" fn(*mut u8),
}
