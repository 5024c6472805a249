//! Finished rows for the tests of row plugins.

use crate::abi::ColumnCells;
use crate::columns::{Cell, ColumnBuffer, Scope};
use crate::finished::{Ahead, FinishedRows, Given, Pick};
use crate::packet::Side;
use crate::plugin::EndFacts;

/// Finished rows with columns of a test's own. A column has a cell for each row, given in order.
pub struct TestRows {
    ends: Vec<EndFacts>,
    given: Vec<Given>,
    buffers: Vec<ColumnBuffer>,
}

impl TestRows {
    /// So many conversations of one direction each.
    pub fn new(count: usize) -> Self {
        Self::directions(&vec![false; count])
    }

    /// Conversations, of each whether B answered, too.
    pub fn directions(answered: &[bool]) -> Self {
        let mut ends = Vec::new();
        for (index, &has_other) in answered.iter().enumerate() {
            let letters = 0..=u8::from(has_other);
            ends.extend(letters.map(|letter| EndFacts {
                flow_index: index as u64 + 1,
                side: letter,
                letter,
                has_other: u8::from(has_other),
                ..EndFacts::default()
            }));
        }
        Self { ends, given: Vec::new(), buffers: Vec::new() }
    }

    /// The conversations have these numbers, in order; 1, 2, and so on unless said.
    pub fn numbered(mut self, numbers: &[u64]) -> Self {
        for end in &mut self.ends {
            let place = end.flow_index as usize - 1;
            end.flow_index = numbers.get(place).copied().unwrap_or(end.flow_index);
        }
        self
    }

    /// Directions without opposite were sent by B, the responder.
    pub fn sent_by_b(mut self) -> Self {
        self.ends.iter_mut().filter(|end| end.has_other == 0).for_each(|end| end.side = Side::B as u8);
        self
    }

    /// One more column of the row's own direction.
    pub fn column<C: Cell>(self, name: &str, cells: impl IntoIterator<Item = C>) -> Self {
        self.picked(name, Pick::Own, cells)
    }

    /// One more column, of which a row reads the cell of a certain direction.
    ///
    /// # Panics
    ///
    /// If there is not one cell for each row.
    pub fn picked<C: Cell>(mut self, name: &str, pick: Pick, cells: impl IntoIterator<Item = C>) -> Self {
        let mut buffer = ColumnBuffer::default();
        cells.into_iter().for_each(|cell| cell.append(&mut buffer));
        assert_eq!(buffer.rows, self.ends.len(), "column `{name}` has a cell for each row");
        self.given.push(Given { name: name.to_owned(), value: C::TYPE, scope: Scope::Direction, pick });
        self.buffers.push(buffer);
        self
    }

    /// One more column of flow scope. A row reads the cell of A; those of B may be null.
    ///
    /// # Panics
    ///
    /// If there is not one cell for each row.
    pub fn of_flow<C: Cell>(self, name: &str, cells: impl IntoIterator<Item = C>) -> Self {
        let mut rows = self.column(name, cells);
        rows.given.iter_mut().last().into_iter().for_each(|given| given.scope = Scope::Flow);
        rows
    }

    /// The columns, as a row plugin hears of them.
    pub fn given(&self) -> &[Given] {
        &self.given
    }

    /// What a row plugin hears before rows of directions.
    pub fn ahead(&self) -> Ahead<'_> {
        Ahead { columns: &self.given, of_conversations: false }
    }

    /// Has the rows read.
    pub fn read<R>(&self, read: impl FnOnce(&FinishedRows<'_>) -> R) -> R {
        let cells: Vec<ColumnCells<'_>> = self.buffers.iter().map(ColumnCells::of).collect();
        read(&FinishedRows::new(&self.ends, &cells, &self.given))
    }
}
