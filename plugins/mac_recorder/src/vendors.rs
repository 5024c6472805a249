//! A file of vendors in, the vendor of a MAC address out.
//!
//! Two formats are known by their first line. `manuf` of Wireshark has a prefix and a short name on each line,
//! with white space between, and comments from `#` on:
//!
//! ```text
//! 00:00:0C             Cisco        Cisco Systems, Inc
//! 00:1B:C5:00:00:00/36 Converging   Converging Systems Inc.
//! ```
//!
//! The registries of IEEE are CSV (RFC 4180) with the header
//! `Registry,Assignment,Organization Name,Organization Address`, where the assignment is 6, 7, or 9 hexadecimal
//! digits.

use std::collections::HashMap;
use std::fs;

use weir_sdk::Mac;

/// Bits of a MAC address.
const MAC_BITS: u32 = 48;
/// What the first line of a registry of IEEE begins with.
const IEEE_HEADER: &str = "Registry,Assignment,";

/// Vendors by prefix.
#[derive(Debug, Default)]
pub struct Vendors {
    names: HashMap<Prefix, Box<str>>,
    /// The lengths of the prefixes, longest first.
    lengths: Vec<u32>,
}

/// The first bits of an address, the others zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Prefix {
    bits: u64,
    len: u32,
}

impl Vendors {
    /// The vendors in a file.
    ///
    /// # Errors
    ///
    /// One sentence that names the file and, if its text cannot be used, the line.
    pub fn read(path: &str) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| {
            format!("cannot read the file of vendors `{path}`: {error}; `vendors` must name a readable file")
        })?;
        // The registries hold names in all languages; a byte that is no UTF-8 spoils only its own name.
        let text = String::from_utf8_lossy(&bytes);
        Self::parse(&text).map_err(|(line, fault)| format!("file of vendors `{path}`, line {line}: {fault}"))
    }

    /// The vendor with the longest prefix that the address begins with.
    pub fn name(&self, mac: Mac) -> Option<&str> {
        let address = mac.0.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        let mut prefixes = self.lengths.iter().map(|&len| Prefix::of(address, len));
        prefixes.find_map(|prefix| self.names.get(&prefix)).map(AsRef::as_ref)
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let text = text.trim_start_matches('\u{feff}');
        let mut vendors = Self::default();
        if text.starts_with(IEEE_HEADER) {
            vendors.add_ieee(text)?
        } else {
            vendors.add_manuf(text)?
        }
        vendors.lengths = vendors.names.keys().map(|prefix| prefix.len).collect();
        vendors.lengths.sort_unstable_by(|a, b| b.cmp(a));
        vendors.lengths.dedup();
        Ok(vendors)
    }

    fn add_manuf(&mut self, text: &str) -> Result<(), (usize, String)> {
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
            let Some(prefix) = words.next() else { continue };
            self.add(prefix, words.next()).map_err(|fault| (index + 1, fault))?;
        }
        Ok(())
    }

    fn add_ieee(&mut self, text: &str) -> Result<(), (usize, String)> {
        for (line, fields) in records(text).into_iter().skip(1) {
            let name = fields.get(2).map(|name| name.trim());
            let assignment = fields.get(1).map(String::as_str).unwrap_or_default();
            self.add(assignment, name).map_err(|fault| (line, fault))?;
        }
        Ok(())
    }

    /// The first name of a prefix stays.
    fn add(&mut self, prefix: &str, name: Option<&str>) -> Result<(), String> {
        let known = Prefix::parse(prefix).ok_or_else(|| {
            format!(
                "`{prefix}` is no prefix of MAC addresses; write it as `00:1B:C5` or `00:1B:C5:00:00:00/36`"
            )
        })?;
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| format!("`{prefix}` has no name; write one behind it"))?;
        self.names.entry(known).or_insert_with(|| name.into());
        Ok(())
    }
}

impl Prefix {
    fn of(address: u64, len: u32) -> Self {
        Self { bits: address & (u64::MAX << (MAC_BITS - len)), len }
    }

    /// Hexadecimal digits, with or without `:`, `-`, or `.` between them, and perhaps `/` and a number of bits.
    fn parse(text: &str) -> Option<Self> {
        let (digits, len) = match text.split_once('/') {
            Some((digits, len)) => (digits, Some(len.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let digits: String = digits.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
        let given = 4 * digits.len() as u32;
        // `from_str_radix` would take a sign.
        if given == 0 || given > MAC_BITS || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let bits = u64::from_str_radix(&digits, 16).ok()? << (MAC_BITS - given);
        let len = len.unwrap_or(given);
        (1..=MAC_BITS).contains(&len).then(|| Self::of(bits, len))
    }
}

/// The records of a CSV text, each with the number of the line that it begins on. Lines without text are left
/// out.
fn records(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut records = Vec::new();
    let mut reader = Fields { rest: text, line: 1 };
    while !reader.rest.is_empty() {
        let line = reader.line;
        let fields = reader.record();
        if fields.iter().any(|field| !field.is_empty()) {
            records.push((line, fields));
        }
    }
    records
}

/// A CSV text that is read from its start.
struct Fields<'t> {
    rest: &'t str,
    line: usize,
}

impl Fields<'_> {
    fn record(&mut self) -> Vec<String> {
        let mut fields = Vec::new();
        loop {
            fields.push(self.field());
            if self.take() != Some(',') {
                return fields;
            }
        }
    }

    /// A field up to the comma or the end of the line, neither of which is taken. Within quotes both belong to
    /// the field, and two quotes stand for one.
    fn field(&mut self) -> String {
        let mut field = String::new();
        let mut quoted = false;
        while let Some(next) = self.rest.chars().next() {
            match next {
                ',' | '\n' if !quoted => break,
                '"' if quoted && self.rest.starts_with("\"\"") => {
                    field.push('"');
                    self.take();
                }
                '"' => quoted = !quoted,
                '\r' => {}
                other => field.push(other),
            }
            self.take();
        }
        field
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let taken = chars.next()?;
        self.rest = chars.as_str();
        self.line += usize::from(taken == '\n');
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANUF: &str = "# a comment\n\n00:00:0C\tCisco\tCisco Systems, Inc\n00-1B-C5\tIEEERegi\n\
        00:1B:C5:00:00:00/36\tConverging\t# Converging Systems Inc.\n01:80:C2:00:00:00 STP\n";
    const IEEE: &str = "Registry,Assignment,Organization Name,Organization Address\r\n\
        MA-L,00000C,\"Cisco Systems, Inc\",170 WEST TASMAN DRIVE\r\n\
        MA-M,0055DA1,\"The \"\"Quoted\"\" House\",\"two\r\nlines\"\r\n\
        MA-S,70B3D5F2F,TELEPLATFORMS,\r\n";

    fn check(text: &str, mac: [u8; 6], expected: Option<&str>) {
        assert_eq!(Vendors::parse(text).unwrap().name(Mac(mac)), expected, "{mac:x?}");
    }

    fn fault(text: &str) -> (usize, String) {
        Vendors::parse(text).expect_err("it is no file of vendors")
    }

    #[test]
    fn a_prefix_names_its_vendor() {
        check(MANUF, [0, 0, 0x0c, 1, 2, 3], Some("Cisco"));
        check(MANUF, [0, 0, 0x0d, 1, 2, 3], None);
    }

    #[test]
    fn the_longest_prefix_wins() {
        check(MANUF, [0, 0x1b, 0xc5, 0x00, 0x0f, 0xff], Some("Converging"));
        check(MANUF, [0, 0x1b, 0xc5, 0x00, 0x10, 0x00], Some("IEEERegi"));
        check(MANUF, [1, 0x80, 0xc2, 0, 0, 0], Some("STP"));
        check(MANUF, [1, 0x80, 0xc2, 0, 0, 1], None);
    }

    #[test]
    fn registries_of_ieee_are_read_with_their_quotes() {
        check(IEEE, [0, 0, 0x0c, 1, 2, 3], Some("Cisco Systems, Inc"));
        check(IEEE, [0, 0x55, 0xda, 0x1f, 0, 0], Some("The \"Quoted\" House"));
        check(IEEE, [0x70, 0xb3, 0xd5, 0xf2, 0xff, 0], Some("TELEPLATFORMS"));
        check(IEEE, [0x70, 0xb3, 0xd5, 0xf2, 0x0f, 0], None);
    }

    #[test]
    fn faults_name_their_line() {
        assert_eq!(fault("# vendors\nzz:00:00 Nobody\n").0, 2);
        assert_eq!(fault("00:00:0C\n"), (1, "`00:00:0C` has no name; write one behind it".into()));
        assert_eq!(fault(&format!("{IEEE}MA-L,+1,Nobody,\r\n")).0, 6, "a quoted field has two lines");
        assert_eq!(fault(&format!("{IEEE}MA-L\r\n")).0, 6);
    }

    #[test]
    fn prefixes_hold_at_most_48_bits() {
        let is_prefix = |text| Prefix::parse(text).is_some();
        assert!(is_prefix("00:1B:C5:00:00:00/48") && is_prefix("0055DA1"));
        for text in
            ["", "/24", "00:00:00/0", "00:00:00/49", "00:00:00:00:00:00:00", "00:00:0g", "+00:00", "1/x"]
        {
            assert!(!is_prefix(text), "{text}");
        }
    }

    #[test]
    fn unfinished_quotes_end_with_the_text() {
        assert_eq!(records("a,\"b\nc").len(), 1);
        assert_eq!(records("\n\na"), [(3, vec!["a".to_owned()])]);
    }
}
