//! Two tables of the same capture → which rows belong together, which of their cells are equal.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use crate::rules::{self, Effect, RULES};
use crate::table::{Row, Table, bits};

/// Columns that the reference counts in floats.
const FLOATS: &[&str] = &[
    "avgL7PktSz",
    "stdL7PktSz",
    "minIAT",
    "maxIAT",
    "avgIAT",
    "stdIAT",
    "pktps",
    "bytps",
    "pktAsm",
    "bytAsm",
    "tcpAvgWinSz",
    "tcpWinSzThRt",
    "tcpEcI",
    "tcpUtm",
    "tcpSSASAATrip",
    "tcpRTTAckTripMin",
    "tcpRTTAckTripMax",
    "tcpRTTAckTripAvg",
    "tcpRTTAckTripJitAvg",
    "tcpRTTSseqAA",
    "tcpRTTAckJitAvg",
    "icmpEchoSuccRatio",
    "connF",
    "connG",
];

/// In place of a column: a row of the reference that we do not have.
pub const MISSING: &str = "(missing row)";
/// In place of a column: a row that only we have.
pub const EXTRA: &str = "(extra row)";

/// The two rows of one direction of a flow.
pub struct Pair<'t> {
    /// What the reference printed.
    pub reference: Row<'t>,
    /// What weir printed.
    pub ours: Row<'t>,
    /// The reference's row of the opposite direction.
    pub opposite: Option<Row<'t>>,
    /// Our row of the opposite direction.
    pub our_opposite: Option<Row<'t>>,
}

/// How a cell of a pair stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same text, or the same number within the tolerance of its column.
    Equal,
    /// Unequal as the rule of this number says.
    Explained(usize),
    /// Unequal.
    Unequal,
}

/// What finds the row of the other table, as a reader would name the row.
pub fn key(row: &Row<'_>) -> String {
    format!("{} {}", row.cell("dir"), key_without_letter(row))
}

fn key_without_letter(row: &Row<'_>) -> String {
    let mut parts = vec![
        address(row.cell("srcIP")),
        row.cell("srcPort").to_owned(),
        address(row.cell("dstIP")),
        row.cell("dstPort").to_owned(),
        row.cell("l4Proto").to_owned(),
        microseconds(row.cell("timeFirst")).to_owned(),
        format!("vlan={}", rules::innermost_vlan(row)),
    ];
    if rules::is_layer_2(row) {
        parts.push(row.cell("srcMac").to_owned());
        if !rules::is_cooked(row) {
            parts.push(row.cell("dstMac").to_owned());
        }
        parts.push(row.cell("ethType").to_owned());
    }
    parts.join(" ")
}

/// One spelling per address: how it is spelled is a matter of its cell, not of pairing.
fn address(cell: &str) -> String {
    cell.parse::<IpAddr>().map_or_else(|_| cell.to_owned(), |address| address.to_string())
}

/// A time cut to microseconds.
fn microseconds(time: &str) -> &str {
    let end = time.find('.').map_or(time.len(), |point| point + 7);
    time.get(..end).unwrap_or(time)
}

/// Which rows of two tables belong together, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Rows of the reference with ours.
    pub pairs: Vec<(usize, usize)>,
    /// Rows of the reference that we do not have.
    pub missing: Vec<usize>,
    /// Rows of ours that the reference does not have.
    pub extra: Vec<usize>,
}

/// Pairs rows of equal [`key`]; several of one key in their order.
pub fn pair(reference: &Table, ours: &Table) -> Pairing {
    let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (number, row) in ours.rows().enumerate() {
        waiting.entry(key(&row)).or_default().push_back(number);
    }
    let mut pairing = Pairing::default();
    for (number, row) in reference.rows().enumerate() {
        match waiting.get_mut(&key(&row)).and_then(VecDeque::pop_front) {
            Some(our_number) => pairing.pairs.push((number, our_number)),
            None => pairing.missing.push(number),
        }
    }
    pairing.extra = waiting.into_values().flatten().collect();
    pairing.extra.sort_unstable();
    pairing
}

/// A row that the reference has alone, as A, and we as the B of a row that only we decode.
fn pair_across_letters(pairing: &mut Pairing, reference: &Table, ours: &Table) {
    let (opposites, our_opposites) = (opposites(reference), opposites(ours));
    let Pairing { pairs, missing, extra } = pairing;
    missing.retain(|&number| {
        let row = reference.row(number);
        let answers_what_we_decode = |our_number: usize| {
            let opposite = our_opposites[our_number].map(|number| ours.row(number));
            opposite.is_some_and(|row| rules::our_row_differs(&row).is_some())
        };
        let found = extra.iter().position(|&our_number| {
            opposites[number].is_none()
                && key_without_letter(&ours.row(our_number)) == key_without_letter(&row)
                && answers_what_we_decode(our_number)
        });
        if let Some(at) = found {
            pairs.push((number, extra.remove(at)));
        }
        found.is_none()
    });
}

/// How often a column was compared, and how that went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Equal cells, or paired rows.
    pub equal: u64,
    /// Unequal, and a rule says why.
    pub explained: u64,
    /// Unequal cells, or rows without partner.
    pub unequal: u64,
}

impl Counts {
    /// Percentage of equal ones among those that no rule explains; 100 if there are none.
    pub fn percent(&self) -> f64 {
        match self.equal + self.unequal {
            0 => 100.0,
            compared => 100.0 * self.equal as f64 / compared as f64,
        }
    }

    /// Adds the counts of another part.
    pub fn add(&mut self, other: Counts) {
        self.equal += other.equal;
        self.explained += other.explained;
        self.unequal += other.unequal;
    }
}

/// An unequal cell, or a row without partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path of the capture within the collection.
    pub capture: String,
    /// [`key`] of the row.
    pub key: String,
    /// Name of the column, or [`MISSING`], or [`EXTRA`].
    pub column: String,
    /// What the reference printed.
    pub reference: String,
    /// What weir printed.
    pub ours: String,
}

/// What a comparison of two tables, or of many, found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Rows of the reference.
    pub reference_rows: u64,
    /// Pairs, and rows without partner on either side.
    pub rows: Counts,
    /// Cells of pairs, by column.
    pub columns: BTreeMap<String, Counts>,
    /// How many cells and rows each rule of [`RULES`] explained.
    pub used: BTreeMap<usize, u64>,
    /// All that is unequal and not explained.
    pub differences: Vec<Difference>,
}

impl Outcome {
    /// All compared cells.
    pub fn cells(&self) -> Counts {
        self.columns.values().fold(Counts::default(), |mut sum, counts| {
            sum.add(*counts);
            sum
        })
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: &Outcome) {
        self.reference_rows += other.reference_rows;
        self.rows.add(other.rows);
        for (column, counts) in &other.columns {
            self.columns.entry(column.clone()).or_default().add(*counts);
        }
        for (rule, times) in &other.used {
            *self.used.entry(*rule).or_default() += times;
        }
        self.differences.extend_from_slice(&other.differences);
    }
}

/// Compares the columns that both tables have.
pub fn compare(capture: &str, reference: &Table, ours: &Table) -> Outcome {
    let mut comparison = Comparison { capture, outcome: Outcome::default() };
    let mut pairing = pair(reference, ours);
    pair_across_letters(&mut pairing, reference, ours);
    let columns = compared_columns(reference, ours);
    let (opposites, our_opposites) = (opposites(reference), opposites(ours));
    comparison.outcome.reference_rows = reference.len() as u64;
    comparison.outcome.rows.equal = pairing.pairs.len() as u64;
    for (number, our_number) in pairing.pairs {
        let opposite = opposites[number].map(|number| reference.row(number));
        let our_opposite = our_opposites[our_number].map(|number| ours.row(number));
        let (reference, ours) = (reference.row(number), ours.row(our_number));
        comparison.cells(&columns, &Pair { reference, ours, opposite, our_opposite });
    }
    for row in pairing.missing.into_iter().map(|number| reference.row(number)) {
        comparison.lone_row(MISSING, &row, rules::reference_row_differs(&row));
    }
    for row in pairing.extra.into_iter().map(|number| ours.row(number)) {
        comparison.lone_row(EXTRA, &row, rules::our_row_differs(&row));
    }
    comparison.outcome
}

/// Columns of both tables that are compared at all.
fn compared_columns<'t>(reference: &'t Table, ours: &Table) -> Vec<&'t str> {
    let left_out = |column: &str| {
        RULES.iter().any(|rule| matches!(rule.effect, Effect::NotCompared) && rule.columns.contains(&column))
    };
    let columns = reference.columns().iter().map(String::as_str);
    columns.filter(|column| ours.has(column) && !left_out(column)).collect()
}

/// For each row the number of the other row of its flow.
fn opposites(table: &Table) -> Vec<Option<usize>> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut opposites = vec![None; table.len()];
    for (number, row) in table.rows().enumerate() {
        if let Some(other) = first.insert(row.cell("flowInd"), number) {
            opposites[number] = Some(other);
            opposites[other] = Some(number);
        }
    }
    opposites
}

/// An outcome while it is collected.
struct Comparison<'c> {
    capture: &'c str,
    outcome: Outcome,
}

impl Comparison<'_> {
    fn cells(&mut self, columns: &[&str], pair: &Pair<'_>) {
        for column in columns {
            let verdict = verdict(column, pair);
            let counts = self.outcome.columns.entry((*column).to_owned()).or_default();
            match verdict {
                Verdict::Equal => counts.equal += 1,
                Verdict::Unequal => counts.unequal += 1,
                Verdict::Explained(_) => counts.explained += 1,
            }
            match verdict {
                Verdict::Equal => {}
                Verdict::Unequal => {
                    let (theirs, ours) = (pair.reference.cell(column), pair.ours.cell(column));
                    self.differs(column, &pair.reference, theirs, ours);
                }
                Verdict::Explained(rule) => *self.outcome.used.entry(rule).or_default() += 1,
            }
        }
    }

    fn lone_row(&mut self, what: &str, row: &Row<'_>, rule: Option<usize>) {
        if let Some(rule) = rule {
            self.outcome.rows.explained += 1;
            *self.outcome.used.entry(rule).or_default() += 1;
            return;
        }
        self.outcome.rows.unequal += 1;
        let described = format!("{} {}", row.cell("hdrDesc"), row.cell("flowStat"));
        let (reference, ours) =
            if what == MISSING { (described.as_str(), "") } else { ("", described.as_str()) };
        self.differs(what, row, reference, ours);
    }

    fn differs(&mut self, column: &str, row: &Row<'_>, reference: &str, ours: &str) {
        self.outcome.differences.push(Difference {
            capture: self.capture.to_owned(),
            key: key(row),
            column: column.to_owned(),
            reference: reference.to_owned(),
            ours: ours.to_owned(),
        });
    }
}

/// How the cells of one column stand in a pair.
pub fn verdict(column: &str, pair: &Pair<'_>) -> Verdict {
    let (reference, ours) = (pair.reference.cell(column), pair.ours.cell(column));
    if same(column, reference, ours) {
        return Verdict::Equal;
    }
    explanation(column, pair, reference, ours).map_or(Verdict::Unequal, Verdict::Explained)
}

/// The rule that says why two cells differ: one alone, or the first of those whose bits do together.
fn explanation(column: &str, pair: &Pair<'_>, reference: &str, ours: &str) -> Option<usize> {
    let mut left_out_bits = 0;
    let mut first_of_bits = None;
    for (number, rule) in RULES.iter().enumerate() {
        if !rule.columns.is_empty() && !rule.columns.contains(&column) {
            continue;
        }
        let explains = match &rule.effect {
            Effect::NotCompared => true,
            Effect::LeftOut(when) => when(pair),
            Effect::Agree(agree) => agree(reference, ours),
            Effect::Rows { reference, ours } => reference(&pair.reference) || ours(&pair.ours),
            Effect::Bits(mask, when) => {
                if when(pair) {
                    left_out_bits |= mask;
                    first_of_bits = first_of_bits.or(Some(number));
                }
                false
            }
        };
        if explains {
            return Some(number);
        }
    }
    let differing = bits(reference)? ^ bits(ours)?;
    first_of_bits.filter(|_| differing & !left_out_bits == 0)
}

/// Whether two cells say the same: equal text, or equal numbers in a column of floats.
fn same(column: &str, reference: &str, ours: &str) -> bool {
    if reference == ours {
        return true;
    }
    let (Ok(a), Ok(b)) = (reference.parse::<f64>(), ours.parse::<f64>()) else { return false };
    FLOATS.contains(&column) && (a - b).abs() <= tolerance(column) * a.abs().max(b.abs())
}

/// Relative: running variances gather more rounding noise than sums.
fn tolerance(column: &str) -> f64 {
    if column.starts_with("std") || column.contains("Jit") { 1e-4 } else { 1e-5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 14] = [
        "dir",
        "flowInd",
        "flowStat",
        "timeFirst",
        "duration",
        "hdrDesc",
        "srcIP",
        "srcPort",
        "dstIP",
        "dstPort",
        "l4Proto",
        "vlanID",
        "stdIAT",
        "avgIAT",
    ];
    const A: [&str; 14] = [
        "A",
        "1",
        "0x0400000000004000",
        "1.000000000",
        "0.500000000",
        "eth:ipv4:udp",
        "10.0.0.1",
        "2000",
        "10.0.0.2",
        "53",
        "17",
        "",
        "0.5",
        "0.25",
    ];
    const B: [&str; 14] = [
        "B",
        "1",
        "0x0400000000004001",
        "1.100000000",
        "0.000000000",
        "eth:ipv4:udp",
        "10.0.0.2",
        "53",
        "10.0.0.1",
        "2000",
        "17",
        "",
        "0",
        "0",
    ];

    fn table(rows: &[[&str; 14]]) -> Table {
        let lines: String = rows.iter().map(|row| row.join("\t") + "\n").collect();
        Table::parse(&format!("%{}\n{lines}", COLUMNS.join("\t"))).unwrap()
    }

    /// The row with other cells in some columns.
    fn with<'a>(row: [&'a str; 14], changes: &[(&str, &'a str)]) -> [&'a str; 14] {
        let mut row = row;
        for (column, cell) in changes {
            row[COLUMNS.iter().position(|name| name == column).unwrap()] = cell;
        }
        row
    }

    /// Compares row A with a changed one: names of the columns that are unequal and not explained.
    fn unequal(reference: &[(&str, &str)], ours: &[(&str, &str)]) -> Vec<String> {
        let outcome = compare("x", &table(&[with(A, reference), B]), &table(&[with(A, ours), B]));
        outcome.differences.into_iter().map(|difference| difference.column).collect()
    }

    #[test]
    fn a_table_equals_itself() {
        let table = table(&[A, B]);
        let outcome = compare("x", &table, &table);
        assert_eq!(outcome.rows, Counts { equal: 2, explained: 0, unequal: 0 });
        // All columns but flowInd.
        assert_eq!(outcome.cells(), Counts { equal: 26, explained: 0, unequal: 0 });
        assert_eq!((outcome.cells().percent(), outcome.differences), (100.0, vec![]));
    }

    #[test]
    fn a_changed_cell_is_found_with_its_place() {
        let ours = table(&[with(A, &[("duration", "0.500000001")]), B]);
        let outcome = compare("some/x.pcap", &table(&[A, B]), &ours);
        assert_eq!(outcome.columns["duration"], Counts { equal: 1, explained: 0, unequal: 1 });
        let found = &outcome.differences[0];
        assert_eq!(found.key, "A 10.0.0.1 2000 10.0.0.2 53 17 1.000000 vlan=0");
        assert_eq!((found.capture.as_str(), found.column.as_str()), ("some/x.pcap", "duration"));
        assert_eq!((found.reference.as_str(), found.ours.as_str()), ("0.500000000", "0.500000001"));
    }

    #[test]
    fn a_changed_key_makes_a_missing_and_an_extra_row() {
        let ours = table(&[with(A, &[("srcPort", "2001")]), B]);
        let outcome = compare("x", &table(&[A, B]), &ours);
        assert_eq!(outcome.rows, Counts { equal: 1, explained: 0, unequal: 2 });
    }

    #[test]
    fn a_mutation_of_any_compared_cell_is_found() {
        for column in COLUMNS.into_iter().filter(|column| *column != "flowInd") {
            let ours = table(&[with(A, &[(column, "7")]), B]);
            let outcome = compare("x", &table(&[A, B]), &ours);
            assert!(!outcome.differences.is_empty(), "{column}");
        }
    }

    #[test]
    fn rows_of_one_key_pair_in_their_order() {
        let pairing = pair(&table(&[A, B, A]), &table(&[A, A, A]));
        assert_eq!(pairing, Pairing { pairs: vec![(0, 0), (2, 1)], missing: vec![1], extra: vec![2] });
    }

    #[test]
    fn time_pairs_to_the_microsecond_and_addresses_by_value() {
        let ours = [with(A, &[("timeFirst", "1.000000999"), ("srcIP", "2001:db8:0::1")])];
        let pairing = pair(&table(&[with(A, &[("srcIP", "2001:db8::1")])]), &table(&ours));
        assert_eq!(pairing.pairs, [(0, 0)]);
    }

    #[test]
    fn floats_are_equal_within_the_tolerance_of_their_column() {
        assert!(unequal(&[], &[("stdIAT", "0.50004")]).is_empty());
        assert_eq!(unequal(&[], &[("stdIAT", "0.5001")]), ["stdIAT"]);
        assert!(unequal(&[], &[("avgIAT", "0.250002")]).is_empty());
        assert_eq!(unequal(&[], &[("avgIAT", "0.25001")]), ["avgIAT"]);
        assert_eq!(unequal(&[], &[("avgIAT", "nan")]), ["avgIAT"]);
    }

    #[test]
    fn a_rule_leaves_out_its_bits_and_no_other() {
        assert!(unequal(&[("flowStat", "0x0401000000004000")], &[]).is_empty());
        assert!(
            unequal(&[("flowStat", "0x0401000000004000")], &[("flowStat", "0x0408000000004000")]).is_empty()
        );
        assert_eq!(unequal(&[("flowStat", "0x0401000000004100")], &[]), ["flowStat"]);
        // An overflow that only we see, a time jump that only the reference sees: no rule.
        assert_eq!(unequal(&[], &[("flowStat", "0x0401000000004000")]), ["flowStat"]);
        assert_eq!(unequal(&[("flowStat", "0x0408000000004000")], &[]), ["flowStat"]);
    }

    #[test]
    fn a_wrapped_duration_of_the_reference_is_left_out() {
        assert!(unequal(&[("duration", "4294967295.200000000")], &[("duration", "-0.800000000")]).is_empty());
        assert_eq!(unequal(&[("duration", "0.200000000")], &[("duration", "-0.800000000")]), ["duration"]);
    }

    #[test]
    fn rows_that_a_rule_names_are_counted_apart() {
        let geneve = with(A, &[("dstPort", "6081")]);
        let decoded = with(A, &[("hdrDesc", "eth:ipv4:udp:geneve:ipv4:udp")]);
        let outcome = compare("x", &table(&[geneve, B]), &table(&[decoded, B]));
        assert_eq!(outcome.rows, Counts { equal: 1, explained: 2, unequal: 0 });
        assert_eq!(outcome.rows.percent(), 100.0);
        assert_eq!(outcome.used.values().sum::<u64>(), 2);
    }

    #[test]
    fn columns_that_one_side_lacks_are_not_compared() {
        let ours = Table::parse("%dir\nA\n").unwrap();
        assert_eq!(compared_columns(&table(&[A]), &ours), ["dir"]);
    }
}
