//! The columns that row plugins read: where they are, or what to do about it if they are nowhere.

use std::path::PathBuf;

use weir_sdk::Given;
use weir_sdk::abi::PluginInfo;
use weir_sdk::columns::Column;
use weir_sdk::finished::Pick;

use crate::plugins::error::{Mend, PluginError, nearest};
use crate::plugins::load_all;
use crate::schema::{Declared, OutputColumn, RowShape, Schema};

/// The columns of a run, as row plugins may read them.
pub(super) struct Readable<'a> {
    pub(super) schema: &'a Schema,
    /// Where plugins may stand that were not chosen.
    pub(super) folders: &'a [PathBuf],
}

/// A column's place among those of all plugins, and what its reader hears of it.
type Found = (usize, Given);

impl Readable<'_> {
    /// Whether a row is a conversation.
    pub(super) fn of_conversations(&self) -> bool {
        self.schema.shape() == RowShape::Conversation
    }

    /// The columns that a plugin declares to need, by the names of their declarations.
    pub(super) fn needed(&self, reader: &PluginInfo) -> Result<Vec<Found>, PluginError> {
        let all: Vec<Declared<'_>> = self.schema.declared().collect();
        let found = |need: &&'static str| {
            let declared = all.iter().find(|declared| declared.column.name == *need);
            let declared = declared.filter(|declared| self.is_before(reader, declared.plugin));
            let declared = declared.ok_or_else(|| {
                let gives = |plugin: &PluginInfo| plugin.columns.iter().any(|column| column.name == *need);
                self.missing(reader, need, gives, all.iter().map(|declared| declared.column.name))
            })?;
            Ok((declared.index, given(need, declared.column, Pick::Own)))
        };
        reader.needs.iter().map(found).collect()
    }

    /// Columns by their names in the header.
    pub(super) fn wanted(&self, reader: &PluginInfo, wants: &[String]) -> Result<Vec<Found>, PluginError> {
        let found = |want: &String| {
            let column = self.schema.columns().iter().find(|column| column.name == *want);
            let column = column.filter(|column| self.is_before(reader, column.plugin));
            let column = column.ok_or_else(|| {
                let gives = |plugin: &PluginInfo| has_column(plugin, want, self.schema.shape());
                let names = self.schema.columns().iter().map(|column| column.name.as_str());
                self.missing(reader, want, gives, names)
            })?;
            Ok((column.index, given(want, &column.column, self.pick(column))))
        };
        wants.iter().map(found).collect()
    }

    fn pick(&self, column: &OutputColumn) -> Pick {
        use crate::schema::Pick as Printed;
        match column.pick {
            Printed::A => Pick::A,
            Printed::B => Pick::B,
            Printed::Own => Pick::Own,
        }
    }

    /// Columns of flow plugins can be read, and those of row plugins that stand before the reader.
    fn is_before(&self, reader: &PluginInfo, plugin: usize) -> bool {
        let place = self.schema.plugins().iter().position(|plugin| plugin.name == reader.name);
        !self.schema.is_late(plugin) || place.is_some_and(|place| plugin < place)
    }

    fn missing<'n>(
        &self,
        reader: &PluginInfo,
        column: &str,
        gives: impl Fn(&PluginInfo) -> bool,
        names: impl IntoIterator<Item = &'n str>,
    ) -> PluginError {
        let mend = self.mend(column, gives, names);
        PluginError::MissingColumn { reader: reader.name.to_owned(), column: column.to_owned(), mend }
    }

    /// What might help where a column of the header is missing.
    pub(super) fn mend_of(&self, column: &str) -> Mend {
        let gives = |plugin: &PluginInfo| has_column(plugin, column, self.schema.shape());
        self.mend(column, gives, self.schema.columns().iter().map(|column| column.name.as_str()))
    }

    fn mend<'n>(
        &self,
        column: &str,
        gives: impl Fn(&PluginInfo) -> bool,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Mend {
        let other = match self.schema.shape() {
            RowShape::Conversation => RowShape::Direction,
            RowShape::Direction | RowShape::Table => RowShape::Conversation,
        };
        let loaded = self.schema.plugins();
        if let Some(late) = loaded.iter().find(|plugin| gives(plugin)) {
            Mend::After(late.name.to_owned())
        } else if loaded.iter().any(|plugin| has_column(plugin, column, other)) {
            Mend::Rows(other.name())
        } else if let Some(giver) = self.not_chosen(gives) {
            Mend::Add(giver)
        } else {
            nearest(column, names).map_or(Mend::Unknown, Mend::Nearest)
        }
    }

    /// A plugin that was not chosen and would give the column.
    fn not_chosen(&self, gives: impl Fn(&PluginInfo) -> bool) -> Option<String> {
        let all = load_all(self.folders).ok()?;
        all.iter().find(|plugin| gives(&plugin.info)).map(|plugin| plugin.info.name.to_owned())
    }
}

/// Whether rows of a shape have a column of this plugin under a name.
fn has_column(plugin: &PluginInfo, name: &str, shape: RowShape) -> bool {
    let alone = Schema::new(std::slice::from_ref(plugin), shape);
    alone.is_ok_and(|schema| schema.columns().iter().any(|column| column.name == name))
}

fn given(name: &str, column: &Column, pick: Pick) -> Given {
    Given { name: name.to_owned(), value: column.value, scope: column.scope, pick }
}

#[cfg(test)]
mod tests {
    use crate::schema::samples::{both, column, plugin};

    use super::*;

    fn late(name: &'static str, columns: Vec<Column>) -> PluginInfo {
        PluginInfo { reads_rows: true, ..plugin(name, columns) }
    }

    fn schema(shape: RowShape) -> Schema {
        let plugins = [
            plugin("flows", vec![column::<u8>("proto"), both::<u64>("bytes")]),
            late("first", vec![column::<f64>("score")]),
            late("reader", vec![]),
            late("last", vec![column::<f64>("rank")]),
        ];
        Schema::new(&plugins, shape).unwrap()
    }

    fn want(shape: RowShape, name: &str) -> Result<(usize, Pick), String> {
        let schema = schema(shape);
        let readable = Readable { schema: &schema, folders: &[] };
        let found = readable.wanted(&late("reader", vec![]), &[name.to_owned()]);
        found.map(|found| (found[0].0, found[0].1.pick)).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_wanted_by_their_names_in_the_header() {
        assert_eq!(want(RowShape::Conversation, "bytes_a"), Ok((1, Pick::A)));
        assert_eq!(want(RowShape::Conversation, "bytes_b"), Ok((1, Pick::B)));
        assert_eq!(want(RowShape::Conversation, "proto"), Ok((0, Pick::A)));
        assert_eq!(want(RowShape::Direction, "bytes"), Ok((1, Pick::Own)));
        assert_eq!(want(RowShape::Direction, "score"), Ok((2, Pick::Own)));
    }

    #[test]
    fn what_is_missing_is_said_with_what_might_help() {
        let check = |name, mend: &str| {
            let said =
                format!("plugin `reader` reads column `{name}`, which no plugin of this run gives; {mend}");
            assert_eq!(want(RowShape::Conversation, name), Err(said));
        };
        check("bytes", "it stands in rows of the other kind, `--rows direction`");
        check("bytes_c", "did you mean `bytes_a`?");
        check("rank", "`last` does, but its columns come later");
        check("nothing_of_the_kind", "`weir plugin list` shows what there is");
    }
}
