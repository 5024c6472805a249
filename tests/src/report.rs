//! Outcomes of a comparison → what a reader sees: figures per group and column, examples, and a list of all.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::compare::{Difference, Outcome};
use crate::rules::RULES;

/// Examples printed for one column of one group.
const EXAMPLES: usize = 3;

/// Outcomes by group of captures.
pub type Groups = BTreeMap<String, Outcome>;

/// The group of a capture: the first folder of its path.
pub fn group(capture: &str) -> &str {
    capture.split('/').next().unwrap_or(capture)
}

/// The outcomes of these groups together.
pub fn together<'g>(groups: &Groups, names: impl IntoIterator<Item = &'g str>) -> Outcome {
    let mut sum = Outcome::default();
    for outcome in names.into_iter().filter_map(|name| groups.get(name)) {
        sum.add(outcome);
    }
    sum
}

/// The figures of every group, one line each.
pub fn figures(groups: &Groups) -> String {
    let mut text = format!(
        "{:<20} {:>6} {:>8} {:>7} {:>9} {:>9} {:>9} {:>8} {:>9}\n",
        "group", "rows", "paired", "alone", "explained", "paired %", "cells", "unequal", "cells %"
    );
    for (group, outcome) in groups {
        text += &figures_line(group, outcome);
    }
    text + &figures_line("all", &together(groups, groups.keys().map(String::as_str)))
}

/// One line of [`figures`].
pub fn figures_line(name: &str, outcome: &Outcome) -> String {
    let (rows, cells) = (outcome.rows, outcome.cells());
    format!(
        "{name:<20} {:>6} {:>8} {:>7} {:>9} {:>9.3} {:>9} {:>8} {:>9.3}\n",
        outcome.reference_rows,
        rows.equal,
        rows.unequal,
        rows.explained,
        rows.percent(),
        cells.equal + cells.unequal,
        cells.unequal,
        cells.percent()
    )
}

/// Every column of an outcome with its share of equal cells.
pub fn columns(outcome: &Outcome) -> String {
    let mut text =
        format!("{:<24} {:>9} {:>9} {:>8} {:>9}\n", "column", "equal", "explained", "unequal", "equal %");
    for (column, counts) in &outcome.columns {
        let percent = counts.percent();
        let (equal, explained, unequal) = (counts.equal, counts.explained, counts.unequal);
        writeln!(text, "{column:<24} {equal:>9} {explained:>9} {unequal:>8} {percent:>9.3}")
            .expect("a String takes all");
    }
    text
}

/// Columns of each group that are not wholly equal, with the first few differences of each.
pub fn unequal_columns(groups: &Groups) -> String {
    let mut text = String::new();
    for (group, outcome) in groups {
        let mut of_column: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
        for difference in &outcome.differences {
            of_column.entry(&difference.column).or_default().push(difference);
        }
        for (column, differences) in of_column {
            let percent = outcome.columns.get(column).map_or(outcome.rows, |counts| *counts).percent();
            text += &format!("{group} {column}: {} unequal, {percent:.3} % equal\n", differences.len());
            text.extend(differences.iter().take(EXAMPLES).map(|difference| example(difference)));
        }
    }
    text
}

fn example(difference: &Difference) -> String {
    let Difference { capture, key, reference, ours, .. } = difference;
    format!("    {capture} [{key}]\n      golden {reference}\n      ours   {ours}\n")
}

/// How often each rule was needed; rules that no difference needed are not listed.
pub fn rules_used(outcome: &Outcome) -> String {
    let mut text = format!("{:>7} {:<10} reason\n", "cells", "difference");
    for (number, times) in &outcome.used {
        let rule = &RULES[*number];
        text += &format!("{times:>7} {:<10} {}\n", rule.difference, rule.reason);
    }
    text
}

/// Every difference as a tab-separated table; cells hold neither tabs nor line ends.
pub fn list(groups: &Groups) -> String {
    let mut text = String::from("capture\tcolumn\tkey\tgolden\tours\n");
    for Difference { capture, key, column, reference, ours } in
        groups.values().flat_map(|found| &found.differences)
    {
        text += &format!("{capture}\t{column}\t{key}\t{reference}\t{ours}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::table::Table;

    fn groups(ours: &str) -> Groups {
        let reference = Table::parse("%dir\tflowStat\tpktsSnt\nA\t0x00\t7\n").unwrap();
        let ours = Table::parse(&format!("%dir\tflowStat\tpktsSnt\n{ours}\n")).unwrap();
        Groups::from([("ndpi".to_owned(), compare("ndpi/x.pcap", &reference, &ours))])
    }

    #[test]
    fn an_unequal_column_is_reported_with_an_example() {
        let text = unequal_columns(&groups("A\t0x00\t8"));
        let expected = "ndpi pktsSnt: 1 unequal, 0.000 % equal\n    ndpi/x.pcap [A       vlan=0]\n      \
                        golden 7\n      ours   8\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn equal_tables_give_full_figures_and_an_empty_list() {
        let groups = groups("A\t0x00\t7");
        let line = figures_line("ndpi", &groups["ndpi"]);
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["ndpi", "1", "1", "0", "0", "100.000", "3", "0", "100.000"]
        );
        assert_eq!(list(&groups).lines().count(), 1);
    }

    #[test]
    fn the_list_names_rows_without_partner() {
        let text = list(&groups("B\t0x00\t7"));
        assert!(text.contains("(missing row)") && text.contains("(extra row)"), "{text}");
    }
}
