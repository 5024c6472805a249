//! The label of a flow, from a file of ground truth: which application, activity, or device it belongs to.
//!
//! A line of the file says which flows it means (`conditions.rs`) and what they are. `file.rs` reads it, `index.rs` finds
//! the lines that match a flow, whichever of its ends the line calls source. A flow that matches lines with different
//! labels has none.

mod cell;
mod columns;
mod conditions;
mod file;
mod index;
mod listing;
mod overlaps;
mod shared;

use std::sync::{Arc, PoisonError};

use conditions::{Endpoint, Flow, Span};
use shared::{Settings, Shared};
use weir_sdk::{Columns, FinishedRow, FinishedRows, RowPlugin, Side, Start, export_row_plugin};

/// Labels from a file.
pub struct Label {
    shared: Arc<Shared>,
    /// The lines that match the flow at hand.
    found: Vec<u32>,
    /// Of each row of the batch at hand.
    matches: Vec<Match>,
    counts: [u64; 3],
}

/// How a flow matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Unmatched,
    /// The first line that matches, by its place.
    Matched(u32),
    /// Lines with different labels match; the first of them.
    Ambiguous(u32),
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow", unit = "none", tags = ["identifier"])]
pub struct Row<'a> {
    /// Label of the lines that match the flow; absent if none matches, or if lines with different labels do.
    ///
    /// A line of the file matches a flow if each part that it gives is that of the flow, with the flow's initiator as
    /// source or as destination: addresses are equal or in the subnet, ports equal or in the range, the protocol is
    /// equal, and the interval from `start` to `end`, both included and made longer by `tolerance`, shares a time with
    /// that from the first to the last packet of the flow.
    #[column(source = "file of labels, column label")]
    pub label: Option<&'a str>,
    /// How lines match the flow, in the sense of `label`: `matched` if their labels are equal, `ambiguous` if they
    /// differ, `unmatched` if there are none.
    #[column(source = "number of labels of the lines that match")]
    pub label_match: &'static str,
    /// Number in the file, from 1, of the first line that matches the flow; absent if none does.
    #[column(source = "file of labels, number of the line")]
    pub label_line: Option<u64>,
    /// Further columns of the line that `label_line` names, those without a value left out, as a JSON object; absent if
    /// there are none, and for a flow that is not `matched`.
    #[column(source = "file of labels, columns of other names")]
    pub label_fields: Option<&'a str>,
}

/// Places in [`RowPlugin::NEEDS`].
mod need {
    pub(super) const SRC_IP: usize = 0;
    pub(super) const SRC_PORT: usize = 1;
    pub(super) const DST_IP: usize = 2;
    pub(super) const DST_PORT: usize = 3;
    pub(super) const L4_PROTO: usize = 4;
    pub(super) const TIME_FIRST: usize = 5;
    pub(super) const TIME_LAST: usize = 6;
}

impl RowPlugin for Label {
    const NAME: &'static str = "label";
    const SUMMARY: &'static str = "labels from a file that says which flows are what";
    const ORDER: u16 = 900;
    const ON_BY_DEFAULT: bool = false;
    const NEEDS: &'static [&'static str] =
        &["src_ip", "src_port", "dst_ip", "dst_port", "l4_proto", "time_first", "time_last"];

    type Options = Settings;
    type Row<'a> = Row<'a>;

    fn open(settings: Settings) -> Result<Self, String> {
        let shared = Shared::of(settings)?;
        Ok(Self { shared, found: Vec::new(), matches: Vec::new(), counts: [0; 3] })
    }

    fn notice(&self) -> Option<String> {
        self.shared.overlaps.as_ref().map(|overlaps| overlaps.sentence())
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        ["matched", "unmatched", "ambiguous"].into_iter().zip(self.counts).collect()
    }

    fn started(&mut self, _start: &Start) {}

    fn batch(&mut self, rows: &FinishedRows<'_>) {
        self.matches.clear();
        for row in rows.iter() {
            let of_a = self.matches.last().copied().filter(|_| row.letter() == Side::B);
            let found = of_a.unwrap_or_else(|| self.look_up(&row, &flow_of(&row, rows)));
            self.matches.push(found);
        }
    }

    fn row<'a>(&'a mut self, row: &FinishedRow<'_>) -> Row<'a> {
        Row::of(self.matches[row.index()], &self.shared)
    }
}

impl Label {
    /// How a flow matches, which is counted.
    fn look_up(&mut self, row: &FinishedRow<'_>, flow: &Flow) -> Match {
        let lines = &self.shared.lines;
        self.shared.index.find(&lines.rules, flow, &mut self.found);
        let found = Match::of(lines, &self.found);
        self.counts[found.place()] += 1;
        if let (Match::Ambiguous(_), Some(listing)) = (found, &self.shared.listing) {
            let ips = [need::SRC_IP, need::DST_IP].map(|need| row.ip(need).map(|ip| ip.to_string()));
            let ips = ips.map(Option::unwrap_or_default);
            let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
            listing.add(row.flow_index(), flow, ips, lines, &self.found);
        }
        found
    }
}

impl Match {
    fn of(lines: &file::Lines, found: &[u32]) -> Self {
        let label = |place: u32| lines.said[place as usize].label;
        match found {
            [] => Match::Unmatched,
            [first, rest @ ..] if rest.iter().all(|&other| label(other) == label(*first)) => {
                Match::Matched(*first)
            }
            [first, ..] => Match::Ambiguous(*first),
        }
    }

    /// Among the counts.
    fn place(self) -> usize {
        match self {
            Match::Matched(_) => 0,
            Match::Unmatched => 1,
            Match::Ambiguous(_) => 2,
        }
    }
}

impl<'a> Row<'a> {
    fn of(found: Match, shared: &'a Shared) -> Self {
        let said = |place: u32| &shared.lines.said[place as usize];
        match found {
            Match::Unmatched => {
                Self { label: None, label_match: "unmatched", label_line: None, label_fields: None }
            }
            Match::Matched(first) => Self {
                label: Some(shared.lines.label(first)),
                label_match: "matched",
                label_line: Some(said(first).line),
                label_fields: said(first).fields.as_deref(),
            },
            Match::Ambiguous(first) => Self {
                label: None,
                label_match: "ambiguous",
                label_line: Some(said(first).line),
                label_fields: None,
            },
        }
    }
}

/// The flow of a direction, A's if both were seen; B's follows it.
fn flow_of(row: &FinishedRow<'_>, rows: &FinishedRows<'_>) -> Flow {
    let end = |ip, port| Endpoint { address: row.ip(ip).map(Into::into), port: row.u16(port) };
    let has_b = row.has_other() && row.index() + 1 < rows.len();
    let of_b = has_b.then(|| times_of(&rows.row(row.index() + 1)));
    let times = || times_of(row).into_iter().chain(of_b.into_iter().flatten());
    Flow {
        src: end(need::SRC_IP, need::SRC_PORT),
        dst: end(need::DST_IP, need::DST_PORT),
        l4_proto: row.number(need::L4_PROTO).map(|number| number as u8),
        // Time may step back within a capture.
        span: Span { start: times().min().unwrap_or(0), end: times().max().unwrap_or(0) },
    }
}

/// Signed numbers, that cross as the eight bytes that they are.
fn times_of(row: &FinishedRow<'_>) -> [i64; 2] {
    [need::TIME_FIRST, need::TIME_LAST].map(|need| row.u64(need).map_or(0, u64::cast_signed))
}

export_row_plugin!(Label);

#[cfg(test)]
mod tests;
