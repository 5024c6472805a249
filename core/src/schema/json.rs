//! The dictionary as JSON: the file `NAME.columns.json` beside the rows.
//!
//! What comes in: the schema. What goes out: one object with the columns exactly as the header names them,
//! every key always present, so that a reader needs no special cases.

use serde::Serialize;
use serde_json::{Value, json};
use weir_sdk::columns::{Bit, Tranalyzer};

use super::{OutputColumn, Schema, scope_name, type_name};

#[derive(Serialize)]
struct Dictionary<'a> {
    weir: &'static str,
    rows: &'static str,
    columns: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    plugin: &'a str,
    plugin_version: &'a str,
    #[serde(rename = "type")]
    type_name: String,
    unit: &'a str,
    scope: &'static str,
    definition: &'a str,
    source: &'a str,
    tags: &'a [&'a str],
    aliases: &'a [&'a str],
    bits: Vec<NamedBit>,
    tranalyzer: Option<Counterpart>,
}

#[derive(Serialize)]
struct NamedBit {
    mask: String,
    name: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct Counterpart {
    name: &'static str,
    format: &'static str,
    null: &'static str,
}

impl Schema {
    /// The dictionary as indented JSON, with a line end at its end.
    pub fn json(&self) -> String {
        let columns = self.columns().iter().map(|column| self.entry(column)).collect();
        let dictionary = Dictionary { weir: env!("CARGO_PKG_VERSION"), rows: self.shape().name(), columns };
        let text = serde_json::to_string_pretty(&dictionary).expect("a dictionary is made of text and lists");
        text + "\n"
    }

    /// What the dictionary says of a column, for formats that have a place for it in the file: keys and texts;
    /// lists are JSON, and what is empty is left out.
    pub(crate) fn facts(&self, output: &OutputColumn) -> Vec<(&'static str, String)> {
        let entry = self.entry(output);
        let list = |length: usize, list: Value| (length > 0).then(|| list.to_string());
        let texts = [
            ("plugin", Some(entry.plugin.to_owned())),
            ("type", Some(entry.type_name)),
            ("unit", Some(entry.unit.to_owned())),
            ("scope", Some(entry.scope.to_owned())),
            ("definition", Some(entry.definition.to_owned())),
            ("source", Some(entry.source.to_owned())),
            ("tags", list(entry.tags.len(), json!(entry.tags))),
            ("bits", list(entry.bits.len(), json!(entry.bits))),
        ];
        texts.into_iter().filter_map(|(key, text)| Some((key, text?))).collect()
    }

    fn entry<'a>(&'a self, output: &'a OutputColumn) -> Entry<'a> {
        let (plugin, column) = (&self.plugins()[output.plugin], &output.column);
        Entry {
            name: &output.name,
            plugin: plugin.name,
            plugin_version: plugin.version,
            type_name: type_name(column.value),
            unit: column.unit,
            scope: scope_name(column.scope),
            definition: column.definition,
            source: column.source,
            tags: column.tags,
            aliases: column.aliases,
            bits: column.bits.iter().map(named_bit).collect(),
            tranalyzer: column.tranalyzer.map(counterpart),
        }
    }
}

fn named_bit(bit: &Bit) -> NamedBit {
    NamedBit { mask: format!("{:#x}", bit.mask), name: bit.name, meaning: bit.meaning }
}

fn counterpart(tranalyzer: Tranalyzer) -> Counterpart {
    Counterpart { name: tranalyzer.name, format: tranalyzer.format, null: tranalyzer.null }
}

#[cfg(test)]
mod tests {
    use crate::schema::samples::{both, mask, plugin, tranalyzer};
    use crate::schema::{RowShape, Schema};
    use serde_json::{Value, json};
    use weir_sdk::Mac;

    fn dictionary() -> Value {
        let columns = vec![mask("status"), both::<Vec<Mac>>("macs"), tranalyzer::<u8>("l4Proto", "U8", "0")];
        let schema = Schema::new(&[plugin("one", columns)], RowShape::Conversation).unwrap();
        serde_json::from_str(&schema.json()).unwrap()
    }

    #[test]
    fn the_dictionary_says_everything_of_a_column() {
        let expected = json!({
            "name": "status", "plugin": "one", "plugin_version": "1.2.3", "type": "u16",
            "unit": "bit mask", "scope": "flow", "definition": "What the test says.",
            "source": "this test", "tags": ["status"], "aliases": ["flags"],
            "bits": [{"mask": "0x10", "name": "REPLY", "meaning": "a reply was seen"}], "tranalyzer": null,
        });
        assert_eq!(dictionary()["columns"][0], expected);
    }

    #[test]
    fn the_dictionary_names_columns_as_the_header_does() {
        let dictionary = dictionary();
        let names: Vec<_> =
            dictionary["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["status", "macs_a", "macs_b", "l4Proto"]);
        assert_eq!(dictionary["columns"][1]["type"], "list<mac>");
        assert_eq!(dictionary["rows"], "conversation");
    }

    #[test]
    fn the_dictionary_names_the_counterpart_of_tranalyzer() {
        let expected = json!({"name": "l4Proto", "format": "U8", "null": "0"});
        assert_eq!(dictionary()["columns"][3]["tranalyzer"], expected);
    }
}
