//! What plugins give for ended directions: the cells of their columns, and the rows of their tables.

use std::ops::Range;

use weir_sdk::abi::{ColumnCells, PluginInfo};

use crate::plugins::library::LoadedPlugin;

/// The rows of one table.
#[derive(Clone)]
pub struct TableCells<'a> {
    /// A list for each ended direction: which rows belong to it. None if they are in their final order.
    pub owners: ColumnCells<'a>,
    /// The columns of the table.
    pub columns: Vec<ColumnCells<'a>>,
}

impl TableCells<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, ColumnCells::rows)
    }
}

/// The cells of all plugins.
#[derive(Clone)]
pub struct Cells<'a> {
    /// The columns of each, one plugin after the other; `None` if its plugin failed, and for those that row
    /// plugins fill in.
    pub columns: Vec<Option<ColumnCells<'a>>>,
    /// The tables of each, likewise.
    pub tables: Vec<Option<TableCells<'a>>>,
}

/// Where what a plugin gives stands among that of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) columns: Range<usize>,
    tables: Range<usize>,
    /// How many columns each of its tables has.
    table_columns: Vec<usize>,
}

impl<'a> Cells<'a> {
    /// Nothing, for so many columns and tables.
    pub fn none(columns: usize, tables: usize) -> Self {
        Self { columns: vec![None; columns], tables: vec![None; tables] }
    }

    /// Puts what a plugin gave in its places.
    pub(super) fn put(&mut self, places: &Places, given: Vec<ColumnCells<'a>>) {
        let mut given = given.into_iter();
        for (cell, column) in self.columns[places.columns.clone()].iter_mut().zip(&mut given) {
            *cell = Some(column);
        }
        for (table, &columns) in self.tables[places.tables.clone()].iter_mut().zip(&places.table_columns) {
            *table = given
                .next()
                .map(|owners| TableCells { owners, columns: given.by_ref().take(columns).collect() });
        }
    }
}

/// Plugins, each with its places among those of all.
pub(super) fn with_places(plugins: &[LoadedPlugin]) -> impl Iterator<Item = (&LoadedPlugin, Places)> {
    let (mut columns, mut tables) = (0, 0);
    plugins.iter().map(move |plugin| {
        let PluginInfo { columns: own, tables: own_tables, .. } = &plugin.info;
        let places = Places {
            columns: columns..columns + own.len(),
            tables: tables..tables + own_tables.len(),
            table_columns: own_tables.iter().map(|table| table.columns.len()).collect(),
        };
        columns += own.len();
        tables += own_tables.len();
        (plugin, places)
    })
}
