//! The plugin's side of the boundary for row plugins: [`RowPlugin`] behind the same functions.

use std::cell::Cell;

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RStr, RString};

use super::guest::{
    Declared, Opened, close, contain, note_panics, open_with, raw_column, raw_option, raw_table,
    tell_version, told_version,
};
use super::*;
use crate::columns::Columns;
use crate::options::Options;
use crate::plugin::{FinishedRow, RowPlugin, Start};
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
        notice: no_notice,
        close: close::<P>,
    }
    .leak_into_prefix()
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
        state_size: 0,
        state_align: 1,
        facts: FactsLayout::OWN,
        columns: <P::Row<'static> as Columns>::COLUMNS.iter().map(raw_column).collect(),
        options: P::Options::DECLARATIONS.iter().map(raw_option).collect(),
        reads_rows: true,
        needs: P::NEEDS.iter().map(|need| RStr::from(*need)).collect(),
        tables: P::TABLES.iter().map(raw_table).collect(),
    })
}

extern "C" fn open<P: RowPlugin>(settings: RSlice<'_, Setting<'_>>) -> Outcome<RResult<*mut u8, RString>> {
    open_with(settings, &declared::<P>(), P::open)
}

/// What a row plugin fills.
const fn declared<P: RowPlugin>() -> Declared {
    Declared { columns: <P::Row<'static> as Columns>::COLUMNS, tables: P::TABLES }
}

/// # Safety
///
/// `opened` comes from [`open`] of the same `P` and is used by one thread at a time.
unsafe extern "C" fn rows<'a, P: RowPlugin>(
    opened: *mut u8,
    batch: &'a RowBatch<'a>,
) -> Outcome<RSlice<'a, ColumnCells<'a>>> {
    // SAFETY: by the contract above.
    let opened = unsafe { &mut *opened.cast::<Opened<P>>() };
    let reached = Cell::new(0);
    contain(&reached, || {
        opened.forget_rows();
        replay(&mut opened.plugin, &mut opened.buffers, batch, &reached);
        // SAFETY: the host holds the cells no longer than the batch, which ends before the next call.
        unsafe { opened.lend(&declared::<P>()) }
    })
}

/// Starts and ends in the order in which they happened: what a packet noticed ends before it begins anything.
fn replay<P: RowPlugin>(
    plugin: &mut P,
    buffers: &mut [ColumnBuffer],
    batch: &RowBatch<'_>,
    reached: &Cell<u64>,
) {
    let (columns, tables) = buffers.split_at_mut(declared::<P>().columns.len());
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
    for index in 0..batch.ends.count {
        // SAFETY: as above, with ends.
        let facts = unsafe { *batch.ends.at::<EndFacts>(index) };
        reached.set(facts.flow_index);
        start_until(plugin, batch.noticed.get(index).copied().unwrap_or(u64::MAX));
        plugin.row(&FinishedRow { facts, needs: batch.needs.as_slice(), index }).append(columns);
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
/// None is needed: a row plugin keeps nothing in the rows of conversations.
unsafe extern "C" fn no_begin(_: *mut u8, _: RSlice<'_, *mut u8>, _: usize) -> Outcome<()> {
    RResult::ROk(())
}

/// # Safety
///
/// None is needed: nothing is touched.
unsafe extern "C" fn no_notice(_: *mut u8) -> Outcome<ROption<RString>> {
    RResult::ROk(ROption::RNone)
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
