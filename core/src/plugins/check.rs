//! What a plugin says of itself → whether core can live with it.

use weir_sdk::abi::PluginInfo;

use crate::flow::ROW_ALIGN;

/// Each conversation takes this much for each plugin; whoever needs more keeps it in a `Box`.
const MOST_STATE: usize = 64 * 1024;

/// What is wrong with the declarations of a plugin, for the middle of a sentence.
pub(super) fn complaint(info: &PluginInfo) -> Option<String> {
    state(info).or_else(|| names(info)).or_else(|| tables(info))
}

fn state(info: &PluginInfo) -> Option<String> {
    let (size, align) = (info.state.size(), info.state.align);
    if !align.is_power_of_two() || align > ROW_ALIGN {
        Some(format!(
            "its state must stand at multiples of {align} bytes, and {ROW_ALIGN} is the most there is"
        ))
    } else if size > MOST_STATE {
        Some(format!(
            "its state takes {size} bytes for each conversation, and {MOST_STATE} is the most there is"
        ))
    } else {
        None
    }
}

/// Names stand in headers, on the command line, and in files that other programs read.
fn names(info: &PluginInfo) -> Option<String> {
    let plugin = [("name", info.name)];
    let options = info.options.iter().map(|option| ("option", option.name));
    let tables = info.tables.iter().map(|table| ("table", table.name));
    let of_tables = info.tables.iter().flat_map(|table| table.columns);
    let columns = info.columns.iter().chain(of_tables).map(|column| ("column", column.name));
    let mut all = plugin.into_iter().chain(options).chain(tables).chain(columns);
    let (what, name) = all.find(|(_, name)| !is_lower_snake_case(name))?;
    Some(format!("its {what} {name:?} is not of lower-case letters, digits, and underscores"))
}

/// A table without columns would have no rows.
fn tables(info: &PluginInfo) -> Option<String> {
    let empty = info.tables.iter().find(|table| table.columns.is_empty())?;
    Some(format!("its table {:?} has no columns", empty.name))
}

fn is_lower_snake_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use weir_sdk::abi::StateLayout;

    use super::*;
    use crate::schema::samples::{column, plugin};

    fn check(info: &PluginInfo, expected: Option<&str>) {
        assert_eq!(complaint(info).as_deref(), expected);
    }

    #[test]
    fn names_are_lower_snake_case() {
        check(&plugin("tls_2", vec![column::<u8>("tls_version")]), None);
        let complaint = r#"its name "tls.2" is not of lower-case letters, digits, and underscores"#;
        check(&plugin("tls.2", vec![]), Some(complaint));
        let complaint = r#"its column "a\0b,\n" is not of lower-case letters, digits, and underscores"#;
        check(&plugin("tls", vec![column::<u8>("a\0b,\n")]), Some(complaint));
        let complaint = r#"its column "" is not of lower-case letters, digits, and underscores"#;
        check(&plugin("tls", vec![column::<u8>("")]), Some(complaint));
    }

    #[test]
    fn state_fits_the_rows_of_the_slab() {
        let with = |flow, align| {
            let state = StateLayout { flow, align, ..StateLayout::NONE };
            PluginInfo { state, ..plugin("x", vec![]) }
        };
        check(&with(0, 1), None);
        check(&with(65536, 64), None);
        let complaint = "its state must stand at multiples of 128 bytes, and 64 is the most there is";
        check(&with(128, 128), Some(complaint));
        let complaint = "its state must stand at multiples of 0 bytes, and 64 is the most there is";
        check(&with(0, 0), Some(complaint));
        let complaint = "its state takes 65537 bytes for each conversation, and 65536 is the most there is";
        check(&with(65537, 1), Some(complaint));
        let complaint = "its state takes 131072 bytes for each conversation, and 65536 is the most there is";
        let state = StateLayout { direction: 65536, ..StateLayout::NONE };
        check(&PluginInfo { state, ..plugin("x", vec![]) }, Some(complaint));
    }
}
