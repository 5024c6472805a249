//! The list of flows that match lines with different labels.

use std::fs::File;
use std::io::Write;

use crate::conditions::{Endpoint, Flow};
use crate::file::Lines;

const HEADER: &str =
    "flow_index,src_ip,src_port,dst_ip,dst_port,l4_proto,time_first,time_last,lines,labels\n";
/// Lines and labels that are named of a flow.
const MOST_NAMED: usize = 16;

/// A file with a line for each ambiguous flow.
pub(crate) struct Listing {
    path: String,
    file: File,
}

impl Listing {
    /// Begins the file.
    ///
    /// # Errors
    ///
    /// One sentence if it cannot be written.
    pub(crate) fn create(path: &str) -> Result<Self, String> {
        let written = File::create(path).and_then(|mut file| {
            file.write_all(HEADER.as_bytes())?;
            Ok(file)
        });
        let file = written.map_err(|error| {
            format!("cannot write `{path}`: {error}; `ambiguous` must name a file that can be written")
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds a flow, which matches these lines.
    ///
    /// # Panics
    ///
    /// If the file cannot be written: the plugin then says why and gives no more labels.
    pub(crate) fn add(&mut self, index: u64, flow: &Flow, ips: [String; 2], lines: &Lines, places: &[u32]) {
        let record = record(index, flow, ips, lines, places);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let text = writer.write_record(record).ok().and_then(|()| writer.into_inner().ok());
        let text = text.expect("a record can be written into memory");
        if let Err(error) = self.file.write_all(&text) {
            panic!("cannot write the list of ambiguous flows `{}`: {error}", self.path);
        }
    }
}

fn record(index: u64, flow: &Flow, [src, dst]: [String; 2], lines: &Lines, places: &[u32]) -> [String; 10] {
    let port = |end: Endpoint| end.port.map(|port| port.to_string()).unwrap_or_default();
    let named = &places[..places.len().min(MOST_NAMED)];
    let numbers = named.iter().map(|&place| lines.said[place as usize].line.to_string());
    let mut labels: Vec<&str> = Vec::new();
    for label in places.iter().map(|&place| lines.label(place)) {
        if labels.len() < MOST_NAMED && !labels.contains(&label) {
            labels.push(label);
        }
    }
    [
        index.to_string(),
        src,
        port(flow.src),
        dst,
        port(flow.dst),
        flow.l4_proto.map(|number| number.to_string()).unwrap_or_default(),
        flow.span.start.to_string(),
        flow.span.end.to_string(),
        numbers.collect::<Vec<_>>().join(";"),
        labels.join(";"),
    ]
}
