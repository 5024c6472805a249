//! The dictionary for people: text for the terminal (`weir columns`), Markdown for `docs/columns.md`.
//!
//! Both list the columns as the plugins declare them, plugin by plugin; a direction column stands once and
//! says so, where the header has it twice.

use weir_sdk::abi::PluginInfo;
use weir_sdk::columns::{Bit, Column};
use weir_sdk::tables::Table;

use super::{Schema, scope_name, type_name};

/// How far the lines below a column's name are moved in.
const INDENT: &str = "    ";

impl Schema {
    /// The dictionary as text in lines of at most `width` characters, where words allow.
    pub fn text(&self, width: usize) -> String {
        let name_width = self.declared().map(|declared| declared.column.name.len()).max().unwrap_or(0);
        let mut page = String::new();
        for plugin in self.plugins().iter().filter(has_columns) {
            page += &format!("{} {}: {}\n\n", plugin.name, plugin.version, plugin.summary);
            for column in &plugin.columns {
                page += &text_entry(column, name_width, width);
            }
            for table in &plugin.tables {
                page += &text_table(table, name_width, width);
            }
        }
        page
    }

    /// The columns that have a word in their name, in Tranalyzer's name, or in another name, as [`text`](Self::text)
    /// prints them; upper and lower case are the same. Nothing if there is none.
    pub fn find(&self, word: &str, width: usize) -> Option<String> {
        let found: Vec<Column> =
            self.all_columns().filter(|column| is_called(column, word)).copied().collect();
        let name_width = found.iter().map(|column| column.name.len()).max()?;
        Some(found.iter().map(|column| text_entry(column, name_width, width)).collect())
    }

    /// The columns of rows, then those of tables.
    fn all_columns(&self) -> impl Iterator<Item = &Column> {
        let of_tables = self.plugins().iter().flat_map(|plugin| plugin.tables.iter().flat_map(|t| t.columns));
        self.declared().map(|declared| declared.column).chain(of_tables)
    }

    /// The dictionary as Markdown: a section for each plugin, a table row for each column, and a table for
    /// the bits of each bit mask.
    pub fn markdown(&self) -> String {
        let mut page = String::from("# Columns\n\nMade from the code by `weir columns --markdown`.\n");
        for plugin in self.plugins().iter().filter(has_columns) {
            page += &markdown_section(plugin);
        }
        page
    }
}

fn has_columns(plugin: &&PluginInfo) -> bool {
    !plugin.columns.is_empty() || !plugin.tables.is_empty()
}

fn is_called(column: &Column, word: &str) -> bool {
    let word = word.to_lowercase();
    names(column).any(|name| name.to_lowercase().contains(&word))
}

/// Our name of a column, Tranalyzer's, and others.
pub(super) fn names(column: &Column) -> impl Iterator<Item = &'static str> {
    let (own, aliases) = (column.name, column.aliases);
    let there = column.tranalyzer.map(|tranalyzer| tranalyzer.name);
    std::iter::once(own).chain(there).chain(aliases.iter().copied())
}

fn text_entry(column: &Column, name_width: usize, width: usize) -> String {
    let mut entry = format!(
        "{:name_width$}  {}, {}, {}\n",
        column.name,
        type_name(column.value),
        column.unit,
        scope_name(column.scope)
    );
    for line in details(column) {
        entry += &wrap(&line, width);
    }
    for bit in column.bits {
        entry += &wrap(&bit_line(bit, column.bits), width);
    }
    entry + "\n"
}

/// A table and its columns.
fn text_table(table: &Table, name_width: usize, width: usize) -> String {
    let columns = table.columns.iter().map(|column| text_entry(column, name_width, width));
    format!("Table {}: {}\n\n{}", table.name, table.summary, columns.collect::<String>())
}

/// What stands below a column's name, one paragraph each.
fn details(column: &Column) -> Vec<String> {
    let labelled =
        |label: &str, words: &[&str]| (!words.is_empty()).then(|| format!("{label}: {}", words.join(", ")));
    [
        Some(column.definition.to_owned()),
        Some(format!("Source: {}", column.source)),
        column.tranalyzer.map(|counterpart| format!("Tranalyzer: {}", counterpart.name)),
        labelled("Also known as", column.aliases),
        labelled("Tags", column.tags),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `0x0010  REPLY  a reply was seen`, with masks and names of one column's bits aligned.
fn bit_line(bit: &Bit, all: &[Bit]) -> String {
    let largest = all.iter().map(|bit| bit.mask).max().unwrap_or(0);
    let digits = format!("{largest:x}").len();
    let name_width = all.iter().map(|bit| bit.name.len()).max().unwrap_or(0);
    format!("0x{:0digits$x}  {:name_width$}  {}", bit.mask, bit.name, bit.meaning)
}

/// Breaks a paragraph at single spaces into indented lines; alignment inside the first line is kept.
fn wrap(paragraph: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = String::from(INDENT);
    for word in paragraph.split(' ') {
        let is_full = line.chars().count() + 1 + word.chars().count() > width;
        if is_full && !line.trim().is_empty() {
            lines += &format!("{}\n", line.trim_end());
            line = String::from(INDENT);
        } else if line.len() > INDENT.len() {
            line.push(' ');
        }
        line += word;
    }
    lines + line.trim_end() + "\n"
}

fn markdown_section(plugin: &PluginInfo) -> String {
    let mut section = format!("\n## {}\n\n{} (version {})\n", plugin.name, plugin.summary, plugin.version);
    section += &markdown_columns(&plugin.columns);
    for table in &plugin.tables {
        section += &format!("\n### Table `{}`\n\n{}\n", table.name, cell(table.summary));
        section += &markdown_columns(table.columns);
    }
    section
}

fn markdown_columns(columns: &[Column]) -> String {
    let mut section = String::from(
        "\n| Column | Type | Unit | Scope | Definition | Source | Tranalyzer |\n|---|---|---|---|---|---|---|\n",
    );
    columns.iter().for_each(|column| section += &markdown_row(column));
    let masks = columns.iter().filter(|column| !column.bits.is_empty());
    masks.for_each(|column| section += &markdown_bits(column));
    section
}

fn markdown_row(column: &Column) -> String {
    let tranalyzer = column.tranalyzer.map_or(String::new(), |counterpart| code(counterpart.name));
    format!(
        "| {} | {} | {} | {} | {} | {} | {tranalyzer} |\n",
        code(column.name),
        code(&type_name(column.value)),
        cell(column.unit),
        scope_name(column.scope),
        cell(&definition(column)),
        cell(column.source),
    )
}

/// The definition, and the labels for which the table has no column of its own.
fn definition(column: &Column) -> String {
    let mut text = column.definition.to_owned();
    if !column.aliases.is_empty() {
        text += &format!(" Also known as {}.", column.aliases.join(", "));
    }
    if !column.tags.is_empty() {
        text += &format!(" Tags: {}.", column.tags.join(", "));
    }
    text
}

fn markdown_bits(column: &Column) -> String {
    let mut table = format!("\n### Bits of `{}`\n\n| Mask | Name | Meaning |\n|---|---|---|\n", column.name);
    for bit in column.bits {
        table += &format!("| `{:#x}` | {} | {} |\n", bit.mask, code(bit.name), cell(bit.meaning));
    }
    table
}

/// Text that can neither end a table cell nor its line.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::RowShape;
    use crate::schema::samples::{both, mask, plugin, tranalyzer};

    fn schema() -> Schema {
        let columns =
            vec![mask("status"), both::<Vec<u16>>("vlan_id"), tranalyzer::<u8>("l4Proto", "U8", "0")];
        Schema::new(&[plugin("one", columns), plugin("silent", Vec::new())], RowShape::Conversation).unwrap()
    }

    #[test]
    fn the_text_is_aligned_and_groups_by_plugin() {
        let expected = "\
one 1.2.3: columns for a test

status   u16, bit mask, flow
    What the test says.
    Source: this test
    Also known as: flags
    Tags: status
    0x10  REPLY  a reply was seen

vlan_id  list<u16>, none, direction
    What the test says.
    Source: this test

l4Proto  u8, none, flow
    What the test says.
    Source: this test
    Tranalyzer: l4Proto

";
        assert_eq!(schema().text(80), expected);
    }

    #[test]
    fn long_paragraphs_are_wrapped_and_long_words_are_not_cut() {
        assert_eq!(wrap("one two threefourfive six", 12), "    one two\n    threefourfive\n    six\n");
    }

    #[test]
    fn the_markdown_has_a_table_for_columns_and_one_for_bits() {
        let page = schema().markdown();
        assert!(page.contains("\n## one\n"));
        assert!(!page.contains("silent"));
        assert!(page.contains("| `vlan_id` | `list<u16>` | none | direction | What the test says. |"));
        assert!(page.contains("\n### Bits of `status`\n"));
        assert!(page.contains("| `0x10` | `REPLY` | a reply was seen |"));
    }

    #[test]
    fn a_bar_does_not_end_a_markdown_cell() {
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
