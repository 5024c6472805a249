//! The columns of a run, in order: the data dictionary.
//!
//! What comes in: what the loaded plugins say of themselves, sorted. What goes out: one [`OutputColumn`]
//! for each column of a row, and the same facts as JSON (`json.rs`), as text for the terminal, and as
//! Markdown (both `page.rs`). How a cell is printed is left to [`crate::sink`].

mod json;
mod page;

use std::collections::HashMap;

use thiserror::Error;
use weir_sdk::abi::PluginInfo;
use weir_sdk::columns::{Column, Kind, Scope, ValueType};

use crate::plugins::nearest;

/// What one row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowShape {
    /// A conversation: flow columns once, direction columns with the suffixes `_a` and `_b`.
    Conversation,
    /// One direction of a conversation: every column once.
    Direction,
    /// What a table of a plugin has a row for.
    Table,
}

impl RowShape {
    /// The word by which the command line and the dictionary call it.
    pub const fn name(self) -> &'static str {
        match self {
            RowShape::Conversation => "conversation",
            RowShape::Direction => "direction",
            RowShape::Table => "table",
        }
    }
}

/// From which direction of a conversation a cell is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// A, the initiator.
    A,
    /// B, the responder; null if it never sent.
    B,
    /// The direction that the row is about.
    Own,
}

/// One column of the output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn {
    /// Its name in the header.
    pub name: String,
    /// Its declaration.
    pub column: Column,
    /// Index of the plugin that fills it.
    pub plugin: usize,
    /// Index among the columns of all plugins, one plugin after the other.
    pub index: usize,
    /// The direction it is taken from.
    pub pick: Pick,
}

/// Two columns want the same name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Clash {
    /// Of two plugins.
    #[error(
        "plugins `{first}` and `{second}` both have a column `{column}`; leave one of them out with `-p`"
    )]
    Plugins {
        /// The plugin that comes first.
        first: &'static str,
        /// The plugin that comes later.
        second: &'static str,
        /// The name in the header.
        column: String,
    },
    /// Of tables.
    #[error("plugins `{first}` and `{second}` both have a table `{table}`; leave one of them out with `-p`")]
    Tables {
        /// The plugin that comes first.
        first: &'static str,
        /// The plugin that comes later.
        second: &'static str,
        /// The name of the table.
        table: &'static str,
    },
    /// Of one plugin, for instance `len` for each direction and `len_a` for the flow.
    #[error("plugin `{plugin}` has two columns that print as `{column}`; leave it out with `-p`")]
    Within {
        /// The plugin.
        plugin: &'static str,
        /// The name in the header.
        column: String,
    },
}

/// The columns of a run.
#[derive(Clone, Debug)]
pub struct Schema {
    shape: RowShape,
    plugins: Vec<PluginInfo>,
    columns: Vec<OutputColumn>,
}

impl Schema {
    /// The columns that the plugins declare, for rows of a shape. The plugins stand in the order of the run.
    ///
    /// # Errors
    ///
    /// A [`Clash`] if two columns want the same name, in whichever shape.
    pub fn new(plugins: &[PluginInfo], shape: RowShape) -> Result<Self, Clash> {
        let mut schema = Self { shape, plugins: plugins.to_vec(), columns: Vec::new() };
        schema.check_names()?;
        schema.columns = schema.declared().flat_map(|declared| output_columns(declared, shape)).collect();
        Ok(schema)
    }

    /// What a row stands for.
    pub fn shape(&self) -> RowShape {
        self.shape
    }

    /// The plugins, in order.
    pub fn plugins(&self) -> &[PluginInfo] {
        &self.plugins
    }

    /// Whether the columns of a plugin are filled only when the rows of all workers stand in order.
    pub fn is_late(&self, plugin: usize) -> bool {
        self.plugins[plugin].reads_rows
    }

    /// The columns of a row, in order.
    pub fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }

    /// The columns as the plugins declare them, one plugin after the other.
    pub fn declared(&self) -> impl Iterator<Item = Declared<'_>> {
        let columns = self.plugins.iter().enumerate();
        columns
            .flat_map(|(plugin, info)| info.columns.iter().map(move |column| (plugin, column)))
            .enumerate()
            .map(|(index, (plugin, column))| Declared { plugin, index, column })
    }

    /// The name of a column, ours or another, that is most like a word.
    pub fn nearest_name(&self, word: &str) -> Option<String> {
        nearest(word, self.declared().flat_map(|declared| page::names(declared.column)))
    }

    fn check_names(&self) -> Result<(), Clash> {
        let mut owners: HashMap<String, &'static str> = HashMap::new();
        for declared in self.declared() {
            let second = self.plugins[declared.plugin].name;
            for name in names_in_any_shape(declared.column) {
                if let Some(first) = owners.insert(name.clone(), second) {
                    return Err(clash(first, second, name));
                }
            }
        }
        Ok(())
    }
}

/// A column as a plugin declares it.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// Index of the plugin.
    pub plugin: usize,
    /// Index among the columns of all plugins.
    pub index: usize,
    /// The declaration.
    pub column: &'a Column,
}

/// Names must be unique whatever the shape, so that choosing another one cannot break a run.
fn names_in_any_shape(column: &Column) -> Vec<String> {
    let suffixes: &[&str] = if column.scope == Scope::Flow { &[""] } else { &["", "_a", "_b"] };
    suffixes.iter().map(|suffix| format!("{}{suffix}", column.name)).collect()
}

fn clash(first: &'static str, second: &'static str, column: String) -> Clash {
    if first == second {
        Clash::Within { plugin: first, column }
    } else {
        Clash::Plugins { first, second, column }
    }
}

/// The tag of columns that would say twice what a conversation's row says of the other direction.
const ONLY_IN_DIRECTION_ROWS: &str = "direction_rows";

fn output_columns(declared: Declared<'_>, shape: RowShape) -> Vec<OutputColumn> {
    let repeats_the_other = declared.column.tags.contains(&ONLY_IN_DIRECTION_ROWS);
    let picks: &[(&str, Pick)] = match (shape, declared.column.scope) {
        (RowShape::Direction | RowShape::Table, _) => &[("", Pick::Own)],
        (RowShape::Conversation, _) if repeats_the_other => &[],
        (RowShape::Conversation, Scope::Flow) => &[("", Pick::A)],
        (RowShape::Conversation, Scope::Direction) => &[("_a", Pick::A), ("_b", Pick::B)],
    };
    let column = |&(suffix, pick): &(&str, Pick)| OutputColumn {
        name: format!("{}{suffix}", declared.column.name),
        column: *declared.column,
        plugin: declared.plugin,
        index: declared.index,
        pick,
    };
    picks.iter().map(column).collect()
}

/// A type as dictionaries print it: `u16`, `list<mac>`.
fn type_name(value: ValueType) -> String {
    let element = Kind::name(value.kind);
    if value.list { format!("list<{element}>") } else { element.to_owned() }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Flow => "flow",
        Scope::Direction => "direction",
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Plugins made of columns, for the tests of the schema and the sinks.

    use weir_sdk::abi::{PluginInfo, StateLayout};
    use weir_sdk::columns::{Bit, Cell, Column, Scope, Tranalyzer};
    use weir_sdk::{Interest, Reads};

    /// A flow column of the type of `C`.
    pub(crate) fn column<C: Cell>(name: &'static str) -> Column {
        Column {
            name,
            value: C::TYPE,
            scope: Scope::Flow,
            unit: "none",
            definition: "What the test says.",
            source: "this test",
            tags: &[],
            aliases: &[],
            bits: &[],
            tranalyzer: None,
        }
    }

    /// The same for each direction.
    pub(crate) fn both<C: Cell>(name: &'static str) -> Column {
        Column { scope: Scope::Direction, ..column::<C>(name) }
    }

    /// A column with Tranalyzer's name and format.
    pub(crate) fn tranalyzer<C: Cell>(
        name: &'static str,
        format: &'static str,
        null: &'static str,
    ) -> Column {
        Column { tranalyzer: Some(Tranalyzer { name, format, null }), ..column::<C>(name) }
    }

    /// A bit mask.
    pub(crate) fn mask(name: &'static str) -> Column {
        const BITS: &[Bit] = &[Bit { mask: 0x10, name: "REPLY", meaning: "a reply was seen" }];
        Column { unit: "bit mask", bits: BITS, tags: &["status"], aliases: &["flags"], ..column::<u16>(name) }
    }

    /// A plugin with these columns.
    pub(crate) fn plugin(name: &'static str, columns: Vec<Column>) -> PluginInfo {
        PluginInfo {
            name,
            version: "1.2.3",
            summary: "columns for a test",
            order: 500,
            on_by_default: true,
            interest: Interest::ALL,
            stream_bytes: 0,
            reads: Reads::ALL,
            state: StateLayout::NONE,
            columns,
            options: Vec::new(),
            reads_rows: false,
            needs: Vec::new(),
            tables: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{both, column, plugin};
    use super::*;

    fn names(shape: RowShape) -> Vec<String> {
        let plugins = [
            plugin("one", vec![column::<u64>("flow_index"), both::<u64>("bytes")]),
            plugin("two", vec![column::<u8>("l4_proto")]),
        ];
        let schema = Schema::new(&plugins, shape).unwrap();
        schema.columns().iter().map(|column| column.name.clone()).collect()
    }

    #[test]
    fn a_conversation_has_direction_columns_twice_side_by_side() {
        assert_eq!(names(RowShape::Conversation), ["flow_index", "bytes_a", "bytes_b", "l4_proto"]);
    }

    #[test]
    fn a_direction_has_every_column_once() {
        assert_eq!(names(RowShape::Direction), ["flow_index", "bytes", "l4_proto"]);
    }

    #[test]
    fn an_output_column_knows_its_plugin_and_its_cells() {
        let plugins = [plugin("one", vec![both::<u64>("bytes")]), plugin("two", vec![column::<u8>("proto")])];
        let schema = Schema::new(&plugins, RowShape::Conversation).unwrap();
        let places: Vec<_> = schema.columns().iter().map(|c| (c.plugin, c.index, c.pick)).collect();
        assert_eq!(places, [(0, 0, Pick::A), (0, 0, Pick::B), (1, 1, Pick::A)]);
    }

    #[test]
    fn two_plugins_with_one_name_are_refused_by_name() {
        let plugins =
            [plugin("one", vec![column::<u64>("bytes")]), plugin("two", vec![both::<u64>("bytes")])];
        let clash = Schema::new(&plugins, RowShape::Direction).unwrap_err();
        assert_eq!(
            clash.to_string(),
            "plugins `one` and `two` both have a column `bytes`; leave one of them out with `-p`"
        );
    }

    #[test]
    fn a_suffix_that_meets_another_column_is_refused_in_both_shapes() {
        let plugins = [plugin("one", vec![both::<u64>("bytes"), column::<u64>("bytes_b")])];
        for shape in [RowShape::Conversation, RowShape::Direction] {
            let clash = Schema::new(&plugins, shape).unwrap_err();
            assert_eq!(clash, Clash::Within { plugin: "one", column: "bytes_b".to_owned() });
        }
    }
}
