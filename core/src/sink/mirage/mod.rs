//! Conversations in the shape of MIRAGE-2019 (Aceto et al.): one JSON object with a member for each biflow.
//!
//! What comes in: finished directions of conversations. What goes out:
//! `{"src_ip,src_port,dst_ip,dst_port,proto": {"packet_data": {..}, "flow_features": {..}, "flow_metadata": {..}}, ..}`,
//! a biflow a line, with these choices:
//!
//! * `packet_data` and `flow_features` are of the packets that are listed, whose number is an option of the plugin that
//!   lists them; `L4_raw_payload` has an empty list for each, since payload is not kept;
//! * direction 0, and the upstream flow, is that of A, the initiator; ports and windows that do not exist are 0;
//! * lengths are those of IP packets in bytes, times are seconds; the first `iat` is 0;
//! * numbers are those of numpy and scipy by default: `std` and `var` divide by n, `mad` is the median of the absolute
//!   deviations from the median, `skew` and `kurtosis` (Fisher's) are not corrected for bias, percentiles follow rule
//!   R-7; what has no value is `null`, such as the skew of equal values;
//! * `flow_metadata` is of the whole flow, listed or not, but for the bytes of IP packets, which are `null` unless all
//!   packets are listed; the label is that of a column `label`, or empty, and its type `exact` if there is one;
//! * a name that was used before, since a 5-tuple was, gets the number of its flow as a sixth part, so that no biflow
//!   takes the place of another. For that, eight bytes of each name are remembered, so that a name may rarely get a
//!   sixth part for nothing;
//! * flows of layer 2 have no such name, and are left out.
//!
//! The object is closed when a run is interrupted, too; only a full disk, or a process that is killed, leaves it open.

mod biflow;
mod numbers;

use std::hash::BuildHasher;
use std::path::PathBuf;

use foldhash::quality::FixedState;
use hashbrown::HashSet;
use weir_sdk::columns::Kind;

use crate::schema::{RowShape, Schema};

use super::address::push_ip;
use super::cell::{Cell, Elements, Source, Value};
use super::{Error, Finished, Output, Row, Sink, TextSink, Written};

use biflow::{Biflow, Listed, Whole};

/// The columns that biflows are made of, by their names in the header.
const NEEDS: [&str; 21] = [
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "l4_proto",
    "flow_index",
    "time_first_a",
    "time_first_b",
    "time_last_a",
    "time_last_b",
    "duration_a",
    "duration_b",
    "packets_sent_a",
    "packets_sent_b",
    "l7_bytes_sent_a",
    "l7_bytes_sent_b",
    "first_packets_direction",
    "first_packets_payload_len",
    "first_packets_ip_len",
    "first_packets_time",
    "first_packets_tcp_window",
];

/// Places in [`NEEDS`]; of what each direction has, that of A, behind which that of B stands.
mod need {
    pub(super) const SRC_IP: usize = 0;
    pub(super) const SRC_PORT: usize = 1;
    pub(super) const DST_IP: usize = 2;
    pub(super) const DST_PORT: usize = 3;
    pub(super) const PROTO: usize = 4;
    pub(super) const FLOW_INDEX: usize = 5;
    pub(super) const TIME_FIRST: usize = 6;
    pub(super) const TIME_LAST: usize = 8;
    pub(super) const DURATION: usize = 10;
    pub(super) const PACKETS: usize = 12;
    pub(super) const PAYLOAD_BYTES: usize = 14;
    pub(super) const DIRECTION: usize = 16;
    pub(super) const PAYLOAD_LEN: usize = 17;
    pub(super) const IP_LEN: usize = 18;
    pub(super) const TIME: usize = 19;
    pub(super) const WINDOW: usize = 20;
}

const LABEL: &str = "label";

/// The first column that is needed and not there.
pub(super) fn missing_column(schema: &Schema) -> Option<&'static str> {
    NEEDS.into_iter().find(|need| source(schema, need).is_none())
}

fn source(schema: &Schema, name: &str) -> Option<Source> {
    schema.columns().iter().find(|column| column.name == name).map(Source::of)
}

/// A file of biflows in the making.
pub(super) struct MirageSink {
    columns: Columns,
    names: Names,
    /// None when the object is closed.
    output: Option<Output>,
}

impl MirageSink {
    /// Opens the object. The schema has all columns that are needed.
    pub(super) fn new(schema: &Schema, mut output: Output) -> Result<Self, Error> {
        output.write(b"{", 0)?;
        Ok(Self { columns: Columns::of(schema), names: Names::default(), output: Some(output) })
    }

    fn output(&mut self) -> Result<&mut Output, Error> {
        self.output.as_mut().ok_or(Error::Stopped)
    }

    /// Closes the object.
    fn close(&mut self) -> Result<Output, Error> {
        let mut output = self.output.take().ok_or(Error::Stopped)?;
        output.write(b"\n}\n", 0)?;
        Ok(output)
    }
}

impl Sink for MirageSink {
    fn rows(&mut self, finished: &Finished<'_>) -> Result<(), Error> {
        for row in finished.rows(RowShape::Conversation) {
            let cells = Cells { columns: &self.columns, finished, row };
            let Some(name) = cells.name() else { continue };
            let name = self.names.unique(name, cells.unsigned(need::FLOW_INDEX));
            let biflow = cells.biflow();
            let output = self.output()?;
            let comma = if output.count() == 0 { "\n\"" } else { ",\n\"" };
            let out = output.buffer();
            out.extend_from_slice(comma.as_bytes());
            out.extend_from_slice(&name);
            out.extend_from_slice(b"\":");
            serde_json::to_writer(&mut *out, &biflow).expect("memory takes numbers and texts");
            output.took(1)?;
        }
        Ok(())
    }

    fn count(&self) -> u64 {
        self.output.as_ref().map_or(0, Output::count)
    }

    fn text(&mut self) -> Option<&mut TextSink> {
        None
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        self.close()?.finish()
    }

    fn abandon(mut self: Box<Self>) -> Option<PathBuf> {
        self.close().ok()?.abandon()
    }
}

/// A run that fails elsewhere leaves a closed object, too.
impl Drop for MirageSink {
    fn drop(&mut self) {
        self.close().ok().map(Output::abandon);
    }
}

/// Names that were used, as hashes: equal in every run, so that equal runs give equal names.
#[derive(Default)]
struct Names {
    used: HashSet<u64>,
    hasher: FixedState,
}

impl Names {
    fn unique(&mut self, mut name: Vec<u8>, flow_index: u64) -> Vec<u8> {
        if !self.used.insert(self.hasher.hash_one(&name)) {
            name.extend_from_slice(format!(",{flow_index}").as_bytes());
        }
        name
    }
}

/// Where cells are found.
struct Columns {
    needs: Vec<Source>,
    label: Option<Source>,
}

impl Columns {
    fn of(schema: &Schema) -> Self {
        let is_text = |source: &Source| source.value.kind == Kind::Text && !source.value.list;
        Self {
            needs: NEEDS.iter().filter_map(|need| source(schema, need)).collect(),
            label: source(schema, LABEL).filter(is_text),
        }
    }
}

/// The cells of a row.
struct Cells<'a> {
    columns: &'a Columns,
    finished: &'a Finished<'a>,
    row: Row,
}

impl<'a> Cells<'a> {
    fn value(&self, need: usize) -> Option<Value<'a>> {
        let source = self.columns.needs.get(need)?;
        match source.cell(self.finished, &self.row) {
            Cell::One(value) => Some(value),
            Cell::Null | Cell::Many(_) => None,
        }
    }

    fn unsigned(&self, need: usize) -> u64 {
        self.value(need).map_or(0, unsigned)
    }

    fn signed(&self, need: usize) -> Option<i64> {
        self.value(need).map(signed)
    }

    /// The elements of a list, and without one zeros.
    fn list(&self, need: usize) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let cell = self.columns.needs.get(need).map(|source| source.cell(self.finished, &self.row));
        let elements: Option<Elements<'a>> = match cell {
            Some(Cell::Many(elements)) => Some(elements),
            _ => None,
        };
        elements.into_iter().flatten()
    }

    /// None for layer 2.
    fn name(&self) -> Option<Vec<u8>> {
        let (Value::Ip(src), Value::Ip(dst)) = (self.value(need::SRC_IP)?, self.value(need::DST_IP)?) else {
            return None;
        };
        let mut name = Vec::new();
        push_ip(&mut name, src);
        name.extend_from_slice(format!(",{},", self.unsigned(need::SRC_PORT)).as_bytes());
        push_ip(&mut name, dst);
        let (port, proto) = (self.unsigned(need::DST_PORT), self.unsigned(need::PROTO));
        name.extend_from_slice(format!(",{port},{proto}").as_bytes());
        Some(name)
    }

    fn biflow(&self) -> Biflow {
        Biflow::of(&self.packets(), self.whole())
    }

    fn packets(&self) -> Vec<Listed> {
        let mut windows = self.list(need::WINDOW).map(unsigned);
        let (mut before, mut payloads) = (0, self.list(need::PAYLOAD_LEN).map(unsigned));
        let mut lengths = self.list(need::IP_LEN).map(unsigned);
        let directions = self.list(need::DIRECTION).zip(self.list(need::TIME).map(signed));
        directions
            .map(|(direction, time_ns)| {
                let iat_ns = time_ns.saturating_sub(std::mem::replace(&mut before, time_ns));
                Listed {
                    is_down: unsigned(direction) == 1,
                    payload_len: payloads.next().unwrap_or(0),
                    ip_len: lengths.next().unwrap_or(0),
                    time_ns,
                    iat_ns,
                    window: windows.next().unwrap_or(0),
                }
            })
            .collect()
    }

    fn whole(&self) -> Whole {
        let of_both = |need: usize| [need, need + 1].map(|need| self.unsigned(need));
        let times = |need: usize| [need, need + 1].into_iter().filter_map(|need| self.signed(need));
        let first = times(need::TIME_FIRST).min().unwrap_or(0);
        let last = times(need::TIME_LAST).max().unwrap_or(0);
        Whole {
            ports: [need::SRC_PORT, need::DST_PORT].map(|need| self.unsigned(need)),
            label: self.label(),
            packets: of_both(need::PACKETS),
            payload_bytes: of_both(need::PAYLOAD_BYTES),
            duration_ns: [0, 1].map(|side| self.signed(need::DURATION + side).unwrap_or(0)),
            both_duration_ns: last.saturating_sub(first),
        }
    }

    fn label(&self) -> String {
        match self.columns.label.map(|source| source.cell(self.finished, &self.row)) {
            Some(Cell::One(Value::Text(text))) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        }
    }
}

fn unsigned(value: Value<'_>) -> u64 {
    if let Value::Unsigned(number) = value { number } else { 0 }
}

fn signed(value: Value<'_>) -> i64 {
    if let Value::Signed(number) = value { number } else { 0 }
}

#[cfg(test)]
mod tests;
