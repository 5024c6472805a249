//! Where rows come from, as a file says it of itself.
//!
//! What comes in: the schema and the settings of the run. What goes out: keys and texts that stand beside the rows
//! in formats that have a place for them; lists and tables are JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use weir_sdk::abi::PluginInfo;
use weir_sdk::options::OptionDeclaration;

use crate::schema::Schema;

/// What a run was asked to do.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The captures, in order.
    pub inputs: Vec<PathBuf>,
    /// Options that were set: plugin, option, value.
    pub options: Vec<(String, String, String)>,
}

impl Provenance {
    /// Keys and texts.
    pub(super) fn entries(&self, schema: &Schema) -> Vec<(&'static str, String)> {
        let inputs: Vec<_> = self.inputs.iter().map(|input| input.to_string_lossy()).collect();
        let plugins: Vec<Value> = schema.plugins().iter().map(|plugin| self.plugin(plugin)).collect();
        vec![
            ("weir.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("weir.rows", schema.shape().name().to_owned()),
            ("weir.inputs", json!(inputs).to_string()),
            ("weir.plugins", Value::from(plugins).to_string()),
        ]
    }

    fn plugin(&self, plugin: &PluginInfo) -> Value {
        let options: BTreeMap<_, _> =
            plugin.options.iter().map(|option| (option.name, self.value(plugin, option))).collect();
        json!({ "name": plugin.name, "version": plugin.version, "options": options })
    }

    /// The value of an option in the run; as with plugins, the last setting counts.
    fn value(&self, plugin: &PluginInfo, option: &OptionDeclaration) -> &str {
        let mut set = self.options.iter().rev();
        let found = set.find(|(of, name, _)| of == plugin.name && name == option.name);
        found.map_or(option.default, |(_, _, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::RowShape;
    use crate::schema::samples::plugin;

    fn set(value: &str) -> (String, String, String) {
        ("one".to_owned(), "bin".to_owned(), value.to_owned())
    }

    /// What is said of the plugin `one` and its options.
    fn plugins(options: Vec<(String, String, String)>) -> String {
        let bin = OptionDeclaration { name: "bin", kind: "integer", default: "100", definition: "Width." };
        let one = PluginInfo { options: vec![bin], ..plugin("one", Vec::new()) };
        let schema = Schema::new(&[one], RowShape::Direction).unwrap();
        let entries = Provenance { inputs: vec!["a.pcap".into()], options }.entries(&schema);
        assert_eq!(
            entries[1..3],
            [("weir.rows", "direction".into()), ("weir.inputs", "[\"a.pcap\"]".into())]
        );
        entries[3].1.clone()
    }

    #[test]
    fn options_stand_with_the_value_that_counts() {
        let said =
            |value: &str| format!(r#"[{{"name":"one","options":{{"bin":"{value}"}},"version":"1.2.3"}}]"#);
        assert_eq!(plugins(Vec::new()), said("100"));
        assert_eq!(plugins(vec![set("5"), set("7")]), said("7"));
    }
}
