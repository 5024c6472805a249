//! Row plugins that read the rows of a table instead of those of flows: `-p +classifier@bursts`.
//!
//! Such a plugin is called by its name with the table's behind it, also in its options
//! (`-o classifier@bursts.model=FILE`), so that it can take part several times in a run.

use weir_sdk::tables::Table;

use crate::plugins::error::{PluginError, nearest};
use crate::plugins::library::LoadedPlugin;

/// What stands between the names of a plugin and of its table.
const AT: char = '@';

/// A row plugin at a table.
pub struct Attached {
    /// The plugin, under both names.
    pub plugin: LoadedPlugin,
    /// The table's name.
    pub table: String,
}

/// The name of a plugin, and that of the table that it is wanted for, if it is.
pub(super) fn split(wanted: &str) -> (&str, Option<&str>) {
    wanted.split_once(AT).map_or((wanted, None), |(plugin, table)| (plugin, Some(table)))
}

impl Attached {
    /// Sends a plugin to a table.
    ///
    /// # Errors
    ///
    /// If it follows flows, or writes tables itself.
    pub(super) fn new(mut plugin: LoadedPlugin, table: &str) -> Result<Self, PluginError> {
        if !plugin.info.reads_rows || !plugin.info.tables.is_empty() {
            let (plugin, table) = (plugin.info.name.to_owned(), table.to_owned());
            return Err(PluginError::ReadsNoTable { plugin, table });
        }
        plugin.info.name = format!("{}{AT}{table}", plugin.info.name).leak();
        Ok(Self { plugin, table: table.to_owned() })
    }
}

/// Whether each of them has its table.
pub(super) fn check(attached: &[Attached], plugins: &[LoadedPlugin]) -> Result<(), PluginError> {
    let tables: Vec<&Table> = plugins.iter().flat_map(|plugin| &plugin.info.tables).collect();
    let lost = attached.iter().find(|one| !tables.iter().any(|table| table.name == one.table));
    lost.map_or(Ok(()), |one| {
        Err(PluginError::NoTable {
            plugin: one.plugin.info.name.to_owned(),
            table: one.table.clone(),
            nearest: nearest(&one.table, tables.iter().map(|table| table.name)),
        })
    })
}
