//! The plugin's side of the boundary: [`FlowPlugin`] behind `extern "C"` functions, panics contained.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Once, OnceLock};

use abi_stable::StableAbi;
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

use super::guest_rows::{no_preparation, no_wants};
use super::repeats::Repeats;
use super::*;
use crate::columns::{Column, Columns, Scope, Tranalyzer, note_presence};
use crate::options::{OptionDeclaration, Options};
use crate::packet::{Packet, Side};
use crate::plugin::{End, FlowPlugin, HeaderChain, HeaderChains, State};
use crate::reads::Reads;
use crate::tables::{Table, Tables};

/// Makes a type that implements [`FlowPlugin`] the plugin of this library.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        $crate::export_module!($crate::abi::module::<$plugin>(env!("CARGO_PKG_VERSION")));
    };
}

/// Makes a type that implements [`RowPlugin`](crate::RowPlugin) the plugin of this library.
#[macro_export]
macro_rules! export_row_plugin {
    ($plugin:ty) => {
        $crate::export_module!($crate::abi::row_module::<$plugin>(env!("CARGO_PKG_VERSION")));
    };
}

/// The three symbols of a library.
#[doc(hidden)]
#[macro_export]
macro_rules! export_module {
    ($module:expr) => {
        /// Read first by the program: this library is a weir plugin, built for this SDK.
        #[unsafe(no_mangle)]
        pub static WEIR_SDK_STAMP: $crate::abi::Stamp = $crate::abi::Stamp::OWN;

        /// The layout of the functions below, compared before they are called.
        #[unsafe(no_mangle)]
        pub extern "C" fn weir_plugin_layout() -> $crate::abi::Layout {
            $crate::abi::own_layout()
        }

        /// The functions of this plugin.
        #[unsafe(no_mangle)]
        pub extern "C" fn weir_plugin_module() -> $crate::abi::PluginModuleRef {
            $module
        }
    };
}

/// The layout of the module in this build of the SDK.
#[doc(hidden)]
pub fn own_layout() -> Layout {
    <PluginModuleRef as StableAbi>::LAYOUT
}

/// The module of a plugin.
#[doc(hidden)]
pub fn module<P: FlowPlugin>(version: &'static str) -> PluginModuleRef {
    tell_version(version);
    PluginModule {
        describe: describe::<P>,
        open: open::<P>,
        begin: begin::<P>,
        packets: packets::<P>,
        finish: finish::<P>,
        rows: no_rows,
        counts: no_counts,
        notice: notice::<P>,
        wants: no_wants,
        prepare: no_preparation,
        close: close::<P>,
    }
    .leak_into_prefix()
}

pub(super) fn tell_version(version: &'static str) {
    VERSION.get_or_init(|| version);
}

pub(super) fn told_version() -> RStr<'static> {
    VERSION.get().copied().unwrap_or_default().into()
}

/// # Safety
///
/// None is needed: nothing is touched. A flow plugin is never asked for rows.
unsafe extern "C" fn no_rows<'a>(_: *mut u8, _: &'a RowBatch<'a>) -> Outcome<RSlice<'a, ColumnCells<'a>>> {
    RResult::ROk(RSlice::EMPTY)
}

/// # Safety
///
/// None is needed: nothing is touched.
unsafe extern "C" fn no_counts(_: *mut u8) -> Outcome<RVec<RawCount>> {
    RResult::ROk(RVec::new())
}

/// What core keeps for a plugin in the row of a conversation.
struct Kept<P: FlowPlugin> {
    flow: *mut P::Flow,
    directions: [*mut P::Direction; 2],
}

/// Both go part by part: what a panic in one part leaves is given up. If it were dropped on the way out, a
/// second panic there would end the program.
impl<P: FlowPlugin> Kept<P> {
    /// # Safety
    ///
    /// The row has room at these places.
    #[inline(always)]
    unsafe fn at(row: *mut u8, places: StatePlaces) -> Self {
        // SAFETY: by the contract above.
        unsafe {
            Self {
                flow: row.add(places.flow).cast(),
                directions: places.directions.map(|place| row.add(place).cast()),
            }
        }
    }

    /// # Safety
    ///
    /// The parts are writable, aligned memory.
    unsafe fn begin(self) {
        // SAFETY: by the contract above.
        unsafe {
            self.flow.write(P::Flow::default());
            self.directions[0].write(P::Direction::default());
            self.directions[1].write(P::Direction::default());
        }
    }

    /// # Safety
    ///
    /// The parts have been through [`begin`](Self::begin), and are not read before they are so again.
    unsafe fn end(self) {
        // SAFETY: by the contract above.
        unsafe {
            self.flow.drop_in_place();
            self.directions[0].drop_in_place();
            self.directions[1].drop_in_place();
        }
    }
}

/// A plugin at work, flow or row.
pub(super) struct Opened<P> {
    pub(super) plugin: P,
    pub(super) buffers: Vec<ColumnBuffer>,
    /// Bytes of a cell of each column, 0 for lists and texts: in one cache line, which declarations are far from.
    widths: Vec<u8>,
    /// Which cells of the columns are present, row by row.
    pub(super) presence: Vec<u8>,
    /// Borrows from `buffers`; made anew by each call that gives cells, and read before the next.
    cells: Vec<ColumnCells<'static>>,
}

impl<P> Opened<P> {
    pub(super) fn forget_rows(&mut self) {
        self.cells.clear();
        self.buffers.iter_mut().for_each(ColumnBuffer::clear);
    }

    /// Forgets the rows, and makes room for so many in the columns.
    pub(super) fn make_room(&mut self, rows: usize, declared: &Declared) {
        self.cells.clear();
        let (columns, tables) = self.buffers.split_at_mut(declared.columns.len());
        let columns = columns.iter_mut().zip(&self.widths);
        columns.for_each(|(buffer, width)| buffer.make_room(rows, usize::from(*width)));
        tables.iter_mut().for_each(ColumnBuffer::clear);
        self.presence.resize(rows * declared.presence(), 0);
    }

    /// Notes in the columns which cells of the rows are present that have been put there.
    pub(super) fn note_presence(&mut self, declared: &Declared) {
        note_presence(&mut self.buffers[..declared.columns.len()], &self.presence);
    }

    /// # Safety
    ///
    /// The host must not hold the cells beyond the next call of this plugin.
    pub(super) unsafe fn lend<'a>(&mut self, declared: &Declared) -> RSlice<'a, ColumnCells<'a>> {
        declared.check_sizes(&self.buffers);
        // SAFETY: the cells live in `self`, whose buffers stay untouched until the next call.
        let lend = |cells| unsafe { std::mem::transmute::<ColumnCells<'_>, ColumnCells<'static>>(cells) };
        let (columns, tables) = self.buffers.split_at(declared.columns.len());
        self.cells.reserve(self.buffers.len());
        for (buffer, width) in columns.iter().zip(&self.widths) {
            self.cells.push(lend(ColumnCells::of_room(buffer, usize::from(*width))));
        }
        self.cells.extend(tables.iter().map(|buffer| lend(ColumnCells::of(buffer))));
        // SAFETY: as above, by the contract.
        unsafe {
            std::mem::transmute::<RSlice<'_, ColumnCells<'_>>, RSlice<'a, ColumnCells<'a>>>(
                self.cells.as_slice().into(),
            )
        }
    }
}

/// Opens a plugin, flow or row.
pub(super) fn open_with<P, O: Options>(
    settings: RSlice<'_, Setting<'_>>,
    declared: &Declared,
    open: fn(O) -> Result<P, String>,
) -> Outcome<RResult<*mut u8, RString>> {
    note_panics();
    contain(&Cell::new(0), || {
        let given: Vec<(&str, &str)> = settings.iter().map(|s| (s.name.as_str(), s.value.as_str())).collect();
        let plugin = O::parse(&given).and_then(open);
        RResult::from(plugin.map_err(RString::from)).map(|plugin| {
            let buffers = vec![ColumnBuffer::default(); declared.buffers()];
            let widths = declared.widths().collect();
            let opened = Opened { plugin, buffers, widths, presence: Vec::new(), cells: Vec::new() };
            Box::into_raw(Box::new(opened)).cast()
        })
    })
}

/// Version of the plugin's crate, told by `export_plugin!`.
static VERSION: OnceLock<&str> = OnceLock::new();

thread_local! {
    /// During a call from the program: what the last panic on this thread said, and where.
    static NOTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic becomes a fault that says how far `reached` has come.
pub(super) fn contain<T>(reached: &Cell<u64>, work: impl FnOnce() -> T) -> Outcome<T> {
    NOTED.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(work));
    let noted = NOTED.take().filter(|noted| !noted.is_empty());
    match result {
        Ok(value) => RResult::ROk(value),
        Err(payload) => {
            let message = noted.unwrap_or_else(|| panic_text(payload.as_ref()).to_owned());
            // A payload whose drop panics would escape: leak it instead.
            std::mem::forget(payload);
            RResult::RErr(RawFault { message: message.into(), reached: reached.get() })
        }
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The library has a copy of the standard library of its own, so this hook speaks for its panics alone: for
/// the program's own sentence it keeps message and place of those that [`contain`] will catch; others, on
/// threads of the plugin's own, are printed as ever.
pub(super) fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !note(info) {
                print(info);
            }
        }));
    });
}

/// Keeps what a panic says, if it happens during a call from the program.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
    let text = format!("{}{}", panic_text(info.payload()), place.unwrap_or_default());
    // A panic in a hook would end the program, so neither access may fail.
    let noted = NOTED.try_with(|noted| match noted.try_borrow_mut() {
        Ok(mut noted) if noted.is_some() => noted.replace(text).is_some(),
        _ => false,
    });
    noted.unwrap_or(false)
}

extern "C" fn describe<P: FlowPlugin>() -> Outcome<Description> {
    note_panics();
    contain(&Cell::new(0), || Description {
        name: P::NAME.into(),
        version: told_version(),
        summary: P::SUMMARY.into(),
        order: P::ORDER,
        on_by_default: P::ON_BY_DEFAULT,
        interest: P::INTEREST.0,
        stream_bytes: P::STREAM_BYTES,
        reads: Reads::of::<P>().0,
        state: StateLayout {
            flow: size_of::<P::Flow>(),
            direction: size_of::<P::Direction>(),
            align: align_of::<P::Flow>().max(align_of::<P::Direction>()),
            reads_peer: P::READS_PEER,
        },
        facts: FactsLayout::OWN,
        columns: <P::Row<'static> as Columns>::COLUMNS.iter().map(raw_column).collect(),
        options: P::Options::DECLARATIONS.iter().map(raw_option).collect(),
        reads_rows: false,
        needs: RVec::new(),
        tables: P::TABLES.iter().map(raw_table).collect(),
    })
}

pub(super) fn raw_table(table: &Table) -> RawTable {
    RawTable {
        name: table.name.into(),
        summary: table.summary.into(),
        columns: table.columns.iter().map(raw_column).collect(),
    }
}

pub(super) fn raw_column(column: &Column) -> RawColumn {
    let tranalyzer = column.tranalyzer.unwrap_or(Tranalyzer { name: "", format: "", null: "" });
    RawColumn {
        name: column.name.into(),
        kind: column.value.kind as u8,
        list: column.value.list,
        scope: column.scope as u8,
        unit: column.unit.into(),
        definition: column.definition.into(),
        source: column.source.into(),
        tags: column.tags.iter().map(|tag| RStr::from(*tag)).collect(),
        aliases: column.aliases.iter().map(|alias| RStr::from(*alias)).collect(),
        bits: column
            .bits
            .iter()
            .map(|bit| RawBit { mask: bit.mask, name: bit.name.into(), meaning: bit.meaning.into() })
            .collect(),
        tranalyzer_name: tranalyzer.name.into(),
        tranalyzer_format: tranalyzer.format.into(),
        tranalyzer_null: tranalyzer.null.into(),
    }
}

pub(super) fn raw_option(option: &OptionDeclaration) -> RawOption {
    RawOption {
        name: option.name.into(),
        kind: option.kind.into(),
        default: option.default.into(),
        definition: option.definition.into(),
    }
}

extern "C" fn open<P: FlowPlugin>(settings: RSlice<'_, Setting<'_>>) -> Outcome<RResult<*mut u8, RString>> {
    open_with(settings, &declared::<P>(), P::open)
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P` and is used by one thread at a time.
unsafe extern "C" fn notice<P: FlowPlugin>(opened: *mut u8, is_over: bool) -> Outcome<ROption<RString>> {
    // SAFETY: by the contract above.
    let plugin = unsafe { &(*opened.cast::<Opened<P>>()).plugin };
    contain(&Cell::new(0), || plugin.notice().filter(|_| !is_over).map(RString::from).into())
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P`; each row has, at `places`, writable, aligned memory for
/// the parts of a state, which nobody else uses during the call.
unsafe extern "C" fn begin<P: FlowPlugin>(
    _opened: *mut u8,
    rows: RSlice<'_, *mut u8>,
    places: StatePlaces,
) -> Outcome<()> {
    contain(&Cell::new(0), || {
        for row in rows.iter() {
            // SAFETY: by the contract above.
            unsafe { Kept::<P>::at(*row, places).begin() };
        }
    })
}

/// # Safety
///
/// As for [`begin`], and each row has been through it; facts and window belong together.
unsafe extern "C" fn packets<P: FlowPlugin>(opened: *mut u8, batch: &PacketBatch<'_>) -> Outcome<()> {
    // SAFETY: `opened` comes from `open` of the same `P` and is used by one thread at a time.
    let plugin = unsafe { &(*opened.cast::<Opened<P>>()).plugin };
    let reached = Cell::new(0);
    contain(&reached, || {
        let window = batch.window.as_slice();
        let one = |index: usize| {
            // SAFETY: the host gives as many rows as facts, and indices below their count.
            let facts: &PacketFacts = unsafe { batch.facts.at(index) };
            reached.set(facts.ordinal);
            // SAFETY: `begin` wrote a state there, and no other reference to any of its parts exists.
            let (flow, [own, other]) = unsafe {
                let Kept::<P> { flow, directions: [a, b] } = Kept::at(batch.rows[index], batch.places);
                let (own, other) = if facts.side == 0 { (a, b) } else { (b, a) };
                (&mut *flow, [&mut *own, &mut *other])
            };
            let mut packet = Packet::new(facts, window);
            let stream: StreamFacts;
            if P::STREAM_BYTES > 0 && index < batch.streams.count {
                // SAFETY: the index is below their count.
                let mut shown: &StreamFacts = unsafe { batch.streams.at(index) };
                if P::STREAM_BYTES < u64::MAX {
                    stream = shown.within(P::STREAM_BYTES);
                    shown = &stream;
                }
                packet = packet.with_stream(shown, batch.stream_buffer.as_slice());
            }
            plugin.packet(State { flow, own, other }, &packet);
        };
        let selected = (!batch.all).then(|| batch.selected.as_slice());
        let count = selected.map_or(batch.facts.count, <[u32]>::len);
        // In one place, so that no call is made for each packet.
        (0..count).for_each(|place| one(selected.map_or(place, |selected| selected[place] as usize)));
    })
}

/// # Safety
///
/// As for [`packets`]; the states are dropped and their rows must go through [`begin`] before their next use.
unsafe extern "C" fn finish<'a, P: FlowPlugin>(
    opened: *mut u8,
    batch: &'a EndBatch<'a>,
) -> Outcome<RSlice<'a, ColumnCells<'a>>> {
    // SAFETY: `opened` comes from `open` of the same `P` and is used by one thread at a time.
    let opened = unsafe { &mut *opened.cast::<Opened<P>>() };
    let reached = Cell::new(0);
    contain(&reached, || {
        // SAFETY: the host gives as many rows as ends, and holds the cells no longer than the batch, which ends before
        // the next call.
        unsafe {
            if appends_rows::<P>() {
                opened.forget_rows();
                let mut repeats = Repeats::default();
                (0..batch.ends.count)
                    .for_each(|index| append_row(opened, &mut repeats, batch, index, &reached));
                repeats.append(&mut opened.buffers, declared::<P>().columns);
            } else {
                opened.make_room(batch.ends.count, &declared::<P>());
                (0..batch.ends.count).for_each(|index| put_row(opened, batch, index, &reached));
                opened.note_presence(&declared::<P>());
            }
            opened.lend(&declared::<P>())
        }
    })
}

/// What a flow plugin fills.
const fn declared<P: FlowPlugin>() -> Declared {
    Declared { columns: <P::Row<'static> as Columns>::COLUMNS, tables: P::TABLES }
}

/// Whether what a plugin prints for B is what it prints for A.
const fn only_of_flows<P: FlowPlugin>() -> bool {
    let mut columns = <P::Row<'static> as Columns>::COLUMNS;
    while let [first, rest @ ..] = columns {
        if !matches!(first.scope, Scope::Flow) {
            return false;
        }
        columns = rest;
    }
    true
}

/// Whether a direction is B of the conversation whose A stands before it.
fn follows_a(facts: &EndFacts, before: Option<&EndFacts>) -> bool {
    let is_a = |before: &EndFacts| before.flow_index == facts.flow_index && before.letter == Side::A as u8;
    facts.letter == Side::B as u8 && before.is_some_and(is_a)
}

/// Whether rows are appended, since many are like the one before; others are put where there is room for them.
const fn appends_rows<P: FlowPlugin>() -> bool {
    only_of_flows::<P>() || P::OFTEN_BLANK
}

/// Puts the row of an end into the room for it.
///
/// # Safety
///
/// As for [`finish`], with `index` below the number of ends, and a state that has not ended.
unsafe fn put_row<P: FlowPlugin>(
    opened: &mut Opened<P>,
    batch: &EndBatch<'_>,
    index: usize,
    reached: &Cell<u64>,
) {
    let (columns, tables) = opened.buffers.split_at_mut(declared::<P>().columns.len());
    {
        // SAFETY: by the contract above; the references end with this block.
        let end = unsafe { end_at(batch, index) };
        reached.set(end.facts.flow_index);
        let bytes = declared::<P>().presence();
        let presence = &mut opened.presence[index * bytes..][..bytes];
        opened.plugin.finish(&end).put(index, columns, presence);
        add_table_rows(&opened.plugin, &end, tables);
    }
    // SAFETY: by the contract above.
    unsafe { end_state::<P>(batch, index) };
}

/// Appends the row of an end, or counts it if it is like the one before.
///
/// # Safety
///
/// As for [`put_row`].
unsafe fn append_row<P: FlowPlugin>(
    opened: &mut Opened<P>,
    repeats: &mut Repeats,
    batch: &EndBatch<'_>,
    index: usize,
    reached: &Cell<u64>,
) {
    let (columns, tables) = opened.buffers.split_at_mut(declared::<P>().columns.len());
    {
        // SAFETY: by the contract above; the references end with this block.
        let end = unsafe { end_at::<P>(batch, index) };
        reached.set(end.facts.flow_index);
        // SAFETY: it is below an index that is below the number of ends.
        let before = index.checked_sub(1).map(|before| unsafe { batch.ends.at::<EndFacts>(before) });
        let is_of_a = only_of_flows::<P>() && follows_a(&end.facts, before);
        let is_blank = P::OFTEN_BLANK && !is_of_a && opened.plugin.is_blank(&end);
        if (is_of_a || is_blank) && repeats.last_is_blank() || is_of_a && !batch.of_conversations {
            repeats.wait();
        } else if is_of_a {
            // Nobody reads them: null is what costs least.
            let columns = columns.iter_mut().zip(declared::<P>().columns);
            columns.for_each(|(cells, column)| cells.append_null(column.value));
        } else {
            repeats.append(columns, declared::<P>().columns);
            repeats.begin(is_blank);
            opened.plugin.append(&end, columns);
        }
        add_table_rows(&opened.plugin, &end, tables);
    }
    // SAFETY: by the contract above.
    unsafe { end_state::<P>(batch, index) };
}

fn add_table_rows<P: FlowPlugin>(plugin: &P, end: &End<'_, P>, tables: &mut [ColumnBuffer]) {
    if !P::TABLES.is_empty() {
        let mut tables = Tables::new(P::TABLES, tables);
        plugin.table_rows(end, &mut tables);
        tables.end_flow();
    }
}

/// # Safety
///
/// As for [`finish`], with `index` below the number of ends, and a state that does not end while this is in use.
unsafe fn end_at<'a, P: FlowPlugin>(batch: &'a EndBatch<'_>, index: usize) -> End<'a, P> {
    // SAFETY: as many rows as ends, and `begin` wrote a state to each.
    unsafe {
        let facts = *batch.ends.at::<EndFacts>(index);
        let Kept::<P> { flow, directions } = Kept::at(batch.rows[index], batch.places);
        let side = Side::from_bit(facts.side);
        End {
            flow: &*flow,
            own: &*directions[side as usize],
            other: (facts.has_other != 0).then(|| &*directions[side.other() as usize]),
            facts,
            chains: batch,
        }
    }
}

/// Drops the state of a conversation whose last row this was.
///
/// # Safety
///
/// As for [`finish`], with `index` below the number of ends, each of which comes once; nothing reads the state again
/// before the next [`begin`].
unsafe fn end_state<P: FlowPlugin>(batch: &EndBatch<'_>, index: usize) {
    if !std::mem::needs_drop::<(P::Flow, P::Direction)>() {
        return;
    }
    // SAFETY: by the contract above.
    unsafe {
        let facts = batch.ends.at::<EndFacts>(index);
        if facts.has_other == 0 || facts.letter == Side::B as u8 {
            Kept::<P>::at(batch.rows[index], batch.places).end();
        }
    }
}

/// What a plugin fills: a buffer for each column, and behind them those of its tables.
pub(super) struct Declared {
    pub(super) columns: &'static [Column],
    pub(super) tables: &'static [Table],
}

impl Declared {
    fn widths(&self) -> impl Iterator<Item = u8> {
        self.columns.iter().map(|column| column.value.fixed_width().unwrap_or(0) as u8)
    }

    /// How many bytes hold a bit for each column.
    pub(super) const fn presence(&self) -> usize {
        self.columns.len().div_ceil(8)
    }

    fn buffers(&self) -> usize {
        self.columns.len() + Tables::buffers_of(self.tables)
    }

    /// The ends of lists and texts are counted in 32 bits.
    fn check_sizes(&self, buffers: &[ColumnBuffer]) {
        let fits = |buffer: &ColumnBuffer| u32::try_from(buffer.values.len()).is_ok();
        if buffers.iter().all(fits) {
            return;
        }
        let of_tables = self.tables.iter().flat_map(|table| {
            std::iter::once(table.name).chain(table.columns.iter().map(|column| column.name))
        });
        let names = self.columns.iter().map(|column| column.name).chain(of_tables);
        for (name, buffer) in names.zip(buffers) {
            assert!(fits(buffer), "column `{name}` holds more than 4 GiB for flows that end together");
        }
    }
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P` and is not used again.
pub(super) unsafe extern "C" fn close<P>(opened: *mut u8) {
    // SAFETY: by the contract above.
    let opened = unsafe { Box::from_raw(opened.cast::<Opened<P>>()) };
    let _ = contain(&Cell::new(0), || drop(opened));
}

impl HeaderChains for EndBatch<'_> {
    fn header_chain(&self, key: u32) -> HeaderChain<'_> {
        // SAFETY: `chains` is what the function expects, and its text is UTF-8 that outlives the batch.
        unsafe {
            let raw = (self.header_chain)(self.chains, key);
            let bytes = std::slice::from_raw_parts(raw.text, raw.text_len);
            HeaderChain { text: std::str::from_utf8_unchecked(bytes), count: raw.count }
        }
    }
}
