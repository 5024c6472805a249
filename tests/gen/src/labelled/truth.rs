//! What a label file says: which conversation, or which client, did what, and when.

use std::io::{self, Write};
use std::net::IpAddr;

use crate::messaging::Line;
use crate::packet::Ends;

/// The first columns of a file of labels; further ones follow.
const COLUMNS: &str = "src_ip,src_port,dst_ip,dst_port,l4_proto,start,end,label";

/// A line of a file of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    of: Of,
    span: (i64, i64),
    label: String,
    further: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Conversation { line: Line, protocol: u8 },
    Client(IpAddr),
}

impl Truth {
    /// Of a TCP connection from its first to its last packet, in nanoseconds since the epoch.
    pub fn of_tcp(line: Line, span: (i64, i64), label: &str) -> Self {
        Self::new(Of::Conversation { line, protocol: 6 }, span, label)
    }

    /// Of the datagrams between two ports.
    pub fn of_udp(line: Line, span: (i64, i64), label: &str) -> Self {
        Self::new(Of::Conversation { line, protocol: 17 }, span, label)
    }

    /// Of all that a client did meanwhile.
    pub fn of_client(client: IpAddr, span: (i64, i64), label: &str) -> Self {
        Self::new(Of::Client(client), span, label)
    }

    fn new(of: Of, span: (i64, i64), label: &str) -> Self {
        Self { of, span, label: label.into(), further: Vec::new() }
    }

    /// With the value of a further column.
    #[must_use]
    pub fn with(mut self, value: impl ToString) -> Self {
        self.further.push(value.to_string());
        self
    }
}

/// Writes a file of labels with these further columns.
///
/// # Errors
///
/// Those of `out`.
pub fn write(truths: &[Truth], further: &[&str], out: &mut impl Write) -> io::Result<()> {
    let columns = [&[COLUMNS], further].concat();
    writeln!(out, "{}", columns.join(","))?;
    for truth in truths {
        let (start, end) = truth.span;
        let mut cells = ends(truth.of);
        cells.extend([seconds(start), seconds(end), truth.label.clone()]);
        cells.extend(truth.further.iter().cloned());
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

fn ends(of: Of) -> Vec<String> {
    match of {
        Of::Client(client) => {
            vec![client.to_string(), String::new(), String::new(), String::new(), String::new()]
        }
        Of::Conversation { line: Line { ends, ports: (client, server), .. }, protocol } => {
            let (src, dst) = addresses(ends);
            vec![src, client.to_string(), dst, server.to_string(), protocol.to_string()]
        }
    }
}

fn addresses(ends: Ends) -> (String, String) {
    match ends {
        Ends::V4(src, dst) => (src.to_string(), dst.to_string()),
        Ends::V6(src, dst) => (src.to_string(), dst.to_string()),
    }
}

fn seconds(time_ns: i64) -> String {
    format!("{}.{:09}", time_ns / 1_000_000_000, time_ns % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::conversation::START_NS;
    use crate::messaging::tcp_v4;

    #[test]
    fn a_line_names_the_ends_the_time_and_the_label() {
        let line = tcp_v4([192, 0, 2, 1], [198, 51, 100, 2], 443);
        let span = (START_NS + 5, START_NS + 1_000_000_000);
        let truths = [
            Truth::of_tcp(line, span, "text").with(3),
            Truth::of_client([192, 0, 2, 1].into(), span, "picture").with("x"),
        ];
        let mut out = Vec::new();
        write(&truths, &["activity"], &mut out).unwrap();
        let expected = format!(
            "{COLUMNS},activity\n\
             192.0.2.1,50000,198.51.100.2,443,6,1714564800.000000005,1714564801.000000000,text,3\n\
             192.0.2.1,,,,,1714564800.000000005,1714564801.000000000,picture,x\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
