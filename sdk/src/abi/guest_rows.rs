//! The plugin's side of the boundary for row plugins: [`RowPlugin`] behind the same functions.

use std::cell::Cell;

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RStr, RString};

use super::guest::{
    Declared, Opened, close, contain, note_panics, open_with, raw_column, raw_option, raw_table,
    tell_version, told_version,
};
use super::*;
use crate::columns::{Columns, Kind, Scope, ValueType};
use crate::finished::{Ahead, FinishedRows, Given, Pick};
use crate::options::Options;
use crate::plugin::{RowPlugin, Start};
use crate::reads::Reads;
use crate::tables::Tables;

/// The module of a row plugin.
#[doc(hidden)]
pub fn row_module<P: RowPlugin>(version: &'static str) -> PluginModuleRef {
    tell_version(version);
    PluginModule {
        describe: describe::<P>,
        open: open::<P>,
        begin: no_begin,
        packets: no_packets,
        finish: no_finish,
        rows: rows::<P>,
        counts: counts::<P>,
        notice: notice::<P>,
        wants: wants::<P>,
        prepare: prepare::<P>,
        close: close::<Reader<P>>,
    }
    .leak_into_prefix()
}

/// A row plugin with what it heard of its columns.
struct Reader<P> {
    plugin: P,
    given: Vec<Given>,
    /// The ends of the batch at work.
    ends: Vec<EndFacts>,
}

extern "C" fn describe<P: RowPlugin>() -> Outcome<Description> {
    note_panics();
    contain(&Cell::new(0), || Description {
        name: P::NAME.into(),
        version: told_version(),
        summary: P::SUMMARY.into(),
        order: P::ORDER,
        on_by_default: P::ON_BY_DEFAULT,
        interest: 0,
        stream_bytes: 0,
        reads: Reads::HEADERS.0,
        state: StateLayout::NONE,
        facts: FactsLayout::OWN,
        columns: <P::Row<'static> as Columns>::COLUMNS.iter().map(raw_column).collect(),
        options: P::Options::DECLARATIONS.iter().map(raw_option).collect(),
        reads_rows: true,
        needs: P::NEEDS.iter().map(|need| RStr::from(*need)).collect(),
        tables: P::TABLES.iter().map(raw_table).collect(),
    })
}

extern "C" fn open<P: RowPlugin>(settings: RSlice<'_, Setting<'_>>) -> Outcome<RResult<*mut u8, RString>> {
    open_with(settings, &declared::<P>(), |options| {
        let plugin = P::open(options)?;
        Ok(Reader { plugin, given: Vec::new(), ends: Vec::new() })
    })
}

/// What a row plugin fills.
const fn declared<P: RowPlugin>() -> Declared {
    Declared { columns: <P::Row<'static> as Columns>::COLUMNS, tables: P::TABLES }
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P` and is used by one thread at a time.
unsafe extern "C" fn wants<P: RowPlugin>(opened: *mut u8) -> Outcome<RVec<RString>> {
    // SAFETY: by the contract above.
    let reader = unsafe { &(*opened.cast::<Opened<Reader<P>>>()).plugin };
    contain(&Cell::new(0), || reader.plugin.wants().into_iter().map(RString::from).collect())
}

/// # Safety
///
/// As for [`wants`].
unsafe extern "C" fn prepare<P: RowPlugin>(
    opened: *mut u8,
    ahead: &RawAhead<'_>,
) -> Outcome<RResult<(), RString>> {
    // SAFETY: by the contract above.
    let reader = unsafe { &mut (*opened.cast::<Opened<Reader<P>>>()).plugin };
    contain(&Cell::new(0), || {
        reader.given = ahead.columns.iter().map(given).collect();
        let ahead = Ahead { columns: &reader.given, of_conversations: ahead.of_conversations };
        reader.plugin.prepare(&ahead).map_err(RString::from).into()
    })
}

/// Both sides were built from the same declarations, so each code has its meaning.
fn given(raw: &RawGiven<'_>) -> Given {
    let kind = Kind::ALL.get(usize::from(raw.kind)).copied().expect("the host knows the same kinds");
    let scope = if raw.scope == Scope::Flow as u8 { Scope::Flow } else { Scope::Direction };
    let pick = Pick::ALL.get(usize::from(raw.pick)).copied().expect("the host knows the same picks");
    Given { name: raw.name.as_str().to_owned(), value: ValueType { kind, list: raw.list }, scope, pick }
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P` and is used by one thread at a time.
unsafe extern "C" fn rows<'a, P: RowPlugin>(
    opened: *mut u8,
    batch: &'a RowBatch<'a>,
) -> Outcome<RSlice<'a, ColumnCells<'a>>> {
    // SAFETY: by the contract above.
    let opened = unsafe { &mut *opened.cast::<Opened<Reader<P>>>() };
    let reached = Cell::new(0);
    contain(&reached, || {
        opened.make_room(batch.ends.count, &declared::<P>());
        let Reader { plugin, given, ends } = &mut opened.plugin;
        ends.clear();
        // SAFETY: the indices are below the count, and the host writes records that begin with an `EndFacts`.
        ends.extend((0..batch.ends.count).map(|index| unsafe { *batch.ends.at::<EndFacts>(index) }));
        let rows = FinishedRows::new(ends, batch.needs.as_slice(), given);
        // SAFETY: the indices are below the count, and the host writes records that begin with a `Start`.
        plugin.starts((0..batch.starts.count).map(|index| unsafe { batch.starts.at::<Start>(index) }));
        plugin.batch(&rows);
        let buffers = (&mut opened.buffers[..], &mut opened.presence[..]);
        replay(plugin, buffers, batch, &rows, &reached);
        opened.note_presence(&declared::<P>());
        // SAFETY: the host holds the cells no longer than the batch, which ends before the next call.
        unsafe { opened.lend(&declared::<P>()) }
    })
}

/// Starts and ends in the order in which they happened: what a packet noticed ends before it begins anything.
fn replay<P: RowPlugin>(
    plugin: &mut P,
    (buffers, presence): (&mut [ColumnBuffer], &mut [u8]),
    batch: &RowBatch<'_>,
    rows: &FinishedRows<'_>,
    reached: &Cell<u64>,
) {
    let (columns, tables) = buffers.split_at_mut(declared::<P>().columns.len());
    let bytes = declared::<P>().presence();
    let mut tables = Tables::new(P::TABLES, tables);
    let mut next_start = 0;
    let mut start_until = |plugin: &mut P, ordinal: u64| {
        while next_start < batch.starts.count {
            // SAFETY: the index is below the count, and the host writes records that begin with a `Start`.
            let start: &Start = unsafe { batch.starts.at(next_start) };
            if start.ordinal >= ordinal {
                break;
            }
            plugin.started(start);
            next_start += 1;
        }
    };
    for (index, row) in rows.iter().enumerate() {
        reached.set(row.flow_index());
        start_until(plugin, batch.noticed.get(index).copied().unwrap_or(u64::MAX));
        plugin.row(&row).put(index, columns, &mut presence[index * bytes..][..bytes]);
        plugin.table_rows(&mut tables);
        tables.end_flow();
    }
    start_until(plugin, u64::MAX);
    if batch.is_last {
        plugin.last_table_rows(&mut tables);
    }
}

/// # Safety
///
/// None is needed: a flow plugin reads no rows.
pub(super) unsafe extern "C" fn no_wants(_: *mut u8) -> Outcome<RVec<RString>> {
    RResult::ROk(RVec::new())
}

/// # Safety
///
/// As for [`no_wants`].
pub(super) unsafe extern "C" fn no_preparation(
    _: *mut u8,
    _: &RawAhead<'_>,
) -> Outcome<RResult<(), RString>> {
    RResult::ROk(RResult::ROk(()))
}

/// # Safety
///
/// None is needed: a row plugin keeps nothing in the rows of conversations.
unsafe extern "C" fn no_begin(_: *mut u8, _: RSlice<'_, *mut u8>, _: StatePlaces) -> Outcome<()> {
    RResult::ROk(())
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P` and is used by one thread at a time.
unsafe extern "C" fn notice<P: RowPlugin>(opened: *mut u8, is_over: bool) -> Outcome<ROption<RString>> {
    // SAFETY: by the contract above.
    let reader = unsafe { &(*opened.cast::<Opened<Reader<P>>>()).plugin };
    let ask = if is_over { P::last_notice } else { P::notice };
    contain(&Cell::new(0), || ask(&reader.plugin).map(RString::from).into())
}

/// # Safety
///
/// As for [`notice`].
unsafe extern "C" fn counts<P: RowPlugin>(opened: *mut u8) -> Outcome<RVec<RawCount>> {
    // SAFETY: by the contract above.
    let reader = unsafe { &(*opened.cast::<Opened<Reader<P>>>()).plugin };
    let raw = |(name, count): (&'static str, u64)| RawCount { name: name.into(), count };
    contain(&Cell::new(0), || reader.plugin.counts().into_iter().map(raw).collect())
}

/// # Safety
///
/// None is needed: a row plugin sees no packets.
unsafe extern "C" fn no_packets(_: *mut u8, _: &PacketBatch<'_>) -> Outcome<()> {
    RResult::ROk(())
}

/// # Safety
///
/// None is needed: a row plugin has no state to finish.
unsafe extern "C" fn no_finish<'a>(_: *mut u8, _: &'a EndBatch<'a>) -> Outcome<RSlice<'a, ColumnCells<'a>>> {
    RResult::ROk(RSlice::EMPTY)
}
