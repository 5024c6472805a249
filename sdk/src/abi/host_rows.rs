//! The program's side of the boundary for row plugins: what they want to read, and their cells.

use super::host::{Instance, NotOpened, one_line, outcome, outliving_the_batch};
use super::*;
use crate::finished::{Ahead, Given};
use crate::plugin::Start;

/// What row plugins take in one call.
pub struct Rows<'a> {
    /// Directions that began since the last call, in order.
    pub starts: &'a [Start],
    /// One for each ended direction.
    pub ends: &'a [EndFacts],
    /// For each end, the ordinal of the packet that noticed it.
    pub noticed: &'a [u64],
    /// The columns that the plugin reads, a cell for each end.
    pub needs: &'a [ColumnCells<'a>],
    /// The run is over.
    pub is_last: bool,
}

impl Instance {
    /// The columns that a row plugin wants beside those that it declares to need.
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    pub fn wants(&mut self) -> Result<Vec<String>, Fault> {
        // SAFETY: `pointer` comes from `open` of the same module, and `&mut self` keeps it to one thread.
        let wants = outcome(unsafe { self.module.wants()(self.pointer) })?;
        Ok(wants.into_iter().map(RString::into_string).collect())
    }

    /// Tells a row plugin of the columns that it reads: those that it needs, then those that it wants.
    ///
    /// # Errors
    ///
    /// Its own sentence about a column that does not fit, or a panic.
    pub fn prepare(&mut self, ahead: &Ahead<'_>) -> Result<(), NotOpened> {
        let columns: Vec<RawGiven<'_>> = ahead.columns.iter().map(raw_given).collect();
        let raw = RawAhead { columns: columns.as_slice().into(), of_conversations: ahead.of_conversations };
        // SAFETY: as above.
        let prepared = outcome(unsafe { self.module.prepare()(self.pointer, &raw) });
        let refused = |sentence: RString| NotOpened::Refused(one_line(&sentence));
        prepared.map_err(NotOpened::Panicked)?.into_result().map_err(refused)
    }

    /// The cells that a row plugin gives for ended directions: those of its columns, then those of its tables, as for
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    pub fn rows<'a>(&'a mut self, rows: &Rows<'_>) -> Result<Vec<ColumnCells<'a>>, Fault> {
        let batch = RowBatch {
            starts: Records::of(rows.starts),
            ends: Records::of(rows.ends),
            noticed: rows.noticed.into(),
            needs: rows.needs.into(),
            is_last: rows.is_last,
        };
        // SAFETY: `pointer` comes from `open` of the same module, and `&mut self` keeps it to one thread.
        let cells = outcome(unsafe { self.module.rows()(self.pointer, &batch) })?;
        // SAFETY: the cells borrow from the instance, not from the batch, and `&'a mut self` keeps it
        // from being called again while they live.
        Ok(unsafe { outliving_the_batch(cells.as_slice()) })
    }
}

fn raw_given(given: &Given) -> RawGiven<'_> {
    RawGiven {
        name: given.name.as_str().into(),
        kind: given.value.kind as u8,
        list: given.value.list,
        scope: given.scope as u8,
        pick: given.pick as u8,
    }
}
