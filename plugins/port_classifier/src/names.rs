//! Names of ports: a table in, the name of a port and protocol out.
//!
//! Two formats are known, line by line: that of `/etc/services`, `https 443/tcp`, and that of Tranalyzer's port
//! list, `443<TAB>tcp<TAB>https<TAB>description`. What follows `#` is a comment. The first name of a port and
//! protocol wins; protocols other than TCP and UDP are passed over.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, OnceLock};

/// Facts of the IANA registry; the file says where they are from.
const BUILT_IN: &str = include_str!("../data/ports.txt");

/// The two lists of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Of TCP, and of SCTP.
    Tcp,
    /// Of UDP, and of UDP-Lite.
    Udp,
}

impl List {
    /// The list for an IP protocol; none for a protocol without ports.
    pub fn of(protocol: u8) -> Option<Self> {
        match protocol {
            6 | 132 => Some(List::Tcp),
            17 | 136 => Some(List::Udp),
            _ => None,
        }
    }
}

/// Names by port.
#[derive(Debug, Default)]
pub struct Names {
    tcp: HashMap<u16, Box<str>>,
    udp: HashMap<u16, Box<str>>,
}

impl Names {
    /// The names that the plugin carries, read once for all workers.
    ///
    /// # Errors
    ///
    /// None that a test would not have found; the sentence of [`Names::read`].
    pub fn built_in() -> Result<Arc<Self>, String> {
        static READ: OnceLock<Result<Arc<Names>, String>> = OnceLock::new();
        let read = || {
            let names = Self::parse(BUILT_IN).map(Arc::new);
            names.map_err(|(line, fault)| format!("ports.txt of the plugin, line {line}: {fault}"))
        };
        READ.get_or_init(read).clone()
    }

    /// The names in a file.
    ///
    /// # Errors
    ///
    /// One sentence that names the file and, if its text cannot be used, the line.
    pub fn read(path: &str) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| {
            format!("cannot read the file of ports `{path}`: {error}; `ports` must name a readable file")
        })?;
        let text = String::from_utf8_lossy(&bytes);
        Self::parse(&text).map_err(|(line, fault)| format!("file of ports `{path}`, line {line}: {fault}"))
    }

    /// The name of a port.
    pub fn name(&self, list: List, port: u16) -> Option<&str> {
        let names = match list {
            List::Tcp => &self.tcp,
            List::Udp => &self.udp,
        };
        names.get(&port).map(AsRef::as_ref)
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut names = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let entry = Entry::parse(line).ok_or_else(|| (index + 1, fault(line)))?;
                names.add(entry);
            }
        }
        Ok(names)
    }

    fn add(&mut self, entry: Entry<'_>) {
        let names = match entry.protocol {
            "tcp" => &mut self.tcp,
            "udp" => &mut self.udp,
            _ => return,
        };
        names.entry(entry.port).or_insert_with(|| entry.name.into());
    }
}

fn fault(line: &str) -> String {
    format!("`{line}` names no port; write `https 443/tcp` or, with tabs, `443 tcp https`")
}

/// One line.
struct Entry<'t> {
    port: u16,
    protocol: &'t str,
    name: &'t str,
}

impl<'t> Entry<'t> {
    fn parse(line: &'t str) -> Option<Self> {
        Self::of_services(line).or_else(|| Self::of_tranalyzer(line))
    }

    /// `name port/protocol aliases…`
    fn of_services(line: &'t str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let (port, protocol) = words.next()?.split_once('/')?;
        Some(Self { port: port.parse().ok()?, protocol, name })
    }

    /// `port<TAB>protocol<TAB>name<TAB>description`
    fn of_tranalyzer(line: &'t str) -> Option<Self> {
        let mut fields = line.split('\t').map(str::trim);
        let port = fields.next()?.parse().ok()?;
        let protocol = fields.next()?;
        let name = fields.next().filter(|name| !name.is_empty())?;
        Some(Self { port, protocol, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Names {
        Names::parse(text).expect("it is a file of ports")
    }

    #[test]
    fn both_formats_are_read() {
        let names =
            parse("# ports\n\nhttps\t443/tcp  # web\ndomain 53/udp nameserver\n25\ttcp\tsmtp\tmail, mail\n");
        assert_eq!(names.name(List::Tcp, 443), Some("https"));
        assert_eq!(names.name(List::Udp, 53), Some("domain"));
        assert_eq!(names.name(List::Tcp, 25), Some("smtp"));
        assert_eq!((names.name(List::Udp, 443), names.name(List::Tcp, 53)), (None, None));
    }

    #[test]
    fn the_first_name_of_a_port_and_protocol_wins() {
        let names = parse("a 7/tcp\nb 7/tcp\nc 7/udp\n");
        assert_eq!((names.name(List::Tcp, 7), names.name(List::Udp, 7)), (Some("a"), Some("c")));
    }

    #[test]
    fn other_protocols_are_passed_over() {
        let names = parse("a 7/sctp\n8\tdccp\tb\t\n");
        assert_eq!((names.name(List::Tcp, 7), names.name(List::Udp, 8)), (None, None));
    }

    #[test]
    fn names_may_begin_with_digits() {
        assert_eq!(parse("9pfs 564/tcp").name(List::Tcp, 564), Some("9pfs"));
    }

    #[test]
    fn faults_name_their_line() {
        for line in ["https", "https 443", "https 70000/tcp", "443\ttcp", "443 tcp https", "x\ttcp\ty"] {
            let (number, fault) = Names::parse(&format!("a 7/tcp\n{line}\n")).unwrap_err();
            assert_eq!(number, 2);
            assert!(fault.starts_with(&format!("`{line}` names no port")), "{fault}");
        }
    }

    #[test]
    fn the_built_in_table_names_well_known_ports() {
        let names = Names::built_in().unwrap();
        for (list, port, name) in [
            (List::Tcp, 22, "ssh"),
            (List::Tcp, 443, "https"),
            (List::Udp, 53, "domain"),
            (List::Udp, 67, "bootps"),
            (List::Udp, 123, "ntp"),
            (List::Udp, 5353, "mdns"),
            (List::Tcp, 80, "http"),
            (List::Tcp, 623, "oob-ws-http"),
            (List::Udp, 862, "twamp-test"),
            (List::Tcp, 6063, "x11"),
            (List::Tcp, 6669, "ircu"),
        ] {
            assert_eq!(names.name(list, port), Some(name));
        }
    }

    #[test]
    fn reserved_and_unassigned_ports_have_no_name() {
        let names = Names::built_in().unwrap();
        for (list, port) in [(List::Tcp, 994), (List::Tcp, 4342), (List::Udp, 6665), (List::Tcp, 8333)] {
            assert_eq!(names.name(list, port), None, "{port}");
        }
    }

    #[test]
    fn built_in_names_are_well_formed() {
        // RFC 6335 section 5.1; some names of old are longer than its 15 characters.
        let is_well_formed = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && name.bytes().any(|byte| byte.is_ascii_alphabetic())
                && !name.starts_with('-')
                && !name.ends_with('-')
        };
        let names = Names::built_in().unwrap();
        for name in names.tcp.values().chain(names.udp.values()) {
            assert!(is_well_formed(name), "{name}");
        }
    }

    #[test]
    fn no_entry_of_the_built_in_table_is_hidden_by_another() {
        let entries = BUILT_IN.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        let names = Names::built_in().unwrap();
        assert_eq!(names.tcp.len() + names.udp.len(), entries);
    }
}
