//! Networks and records in, a file of the MaxMind DB format version 2.0 out: metadata, a search tree with
//! records of 24 bits, a data section.

/// A value of a record.
pub(super) enum Value {
    Text(&'static str),
    Short(u16),
    Number(u32),
    Long(u64),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
    /// A type that the format does not know.
    Breach,
}

/// A database in the making.
pub(super) struct Mmdb {
    ip_version: u16,
    nodes: Vec<[Branch; 2]>,
    data: Vec<u8>,
}

/// Where a bit of an address leads.
#[derive(Clone, Copy)]
enum Branch {
    Nowhere,
    Node(usize),
    Data(usize),
}

impl Mmdb {
    /// Without any network; IP version 4 or 6.
    pub(super) fn new(ip_version: u16) -> Self {
        Self { ip_version, nodes: vec![[Branch::Nowhere; 2]], data: Vec::new() }
    }

    /// Gives a network, apart from those before, its record.
    pub(super) fn network(mut self, network: &str, record: Value) -> Self {
        let (address, length) = network.split_once('/').expect("a network has a prefix length");
        let bits = self.bits(address.parse().expect("a network has an address"), length);
        let (last, path) = bits.split_last().expect("a network is not everything");
        let node = path.iter().fold(0, |node, &bit| self.child(node, bit));
        self.nodes[node][*last] = Branch::Data(self.data.len());
        record.write(&mut self.data);
        self
    }

    /// The bytes of the file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            self.nodes.iter().flatten().flat_map(|&branch| self.record(branch)).collect();
        bytes.extend([0; 16]);
        bytes.extend(&self.data);
        bytes.extend(b"\xab\xcd\xefMaxMind.com");
        self.metadata().write(&mut bytes);
        bytes
    }

    /// The prefix, bit by bit; IPv4 stands at the bottom of the IPv6 space.
    fn bits(&self, address: std::net::IpAddr, length: &str) -> Vec<usize> {
        let length: usize = length.parse().expect("a prefix length is a number");
        let (octets, skipped) = match address {
            std::net::IpAddr::V4(v4) => (v4.octets().to_vec(), if self.ip_version == 6 { 96 } else { 0 }),
            std::net::IpAddr::V6(v6) => (v6.octets().to_vec(), 0),
        };
        let bit = |place: usize| usize::from(octets[place / 8] >> (7 - place % 8) & 1);
        std::iter::repeat_n(0, skipped).chain((0..length).map(bit)).collect()
    }

    fn child(&mut self, node: usize, bit: usize) -> usize {
        if let Branch::Node(child) = self.nodes[node][bit] {
            return child;
        }
        self.nodes.push([Branch::Nowhere; 2]);
        self.nodes[node][bit] = Branch::Node(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn record(&self, branch: Branch) -> [u8; 3] {
        let value = match branch {
            Branch::Node(node) => node,
            Branch::Nowhere => self.nodes.len(),
            Branch::Data(offset) => self.nodes.len() + 16 + offset,
        };
        let [_, record @ ..] = (value as u32).to_be_bytes();
        record
    }

    fn metadata(&self) -> Value {
        Value::Map(vec![
            ("binary_format_major_version", Value::Short(2)),
            ("binary_format_minor_version", Value::Short(0)),
            ("build_epoch", Value::Long(1_700_000_000)),
            ("database_type", Value::Text("Test")),
            ("description", Value::Map(vec![("en", Value::Text("networks for documentation"))])),
            ("ip_version", Value::Short(self.ip_version)),
            ("languages", Value::List(vec![Value::Text("en")])),
            ("node_count", Value::Number(self.nodes.len() as u32)),
            ("record_size", Value::Short(24)),
        ])
    }
}

impl Value {
    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Value::Text(text) => write_field(to, 2, text.as_bytes()),
            Value::Short(number) => write_field(to, 5, &number.to_be_bytes()),
            Value::Number(number) => write_field(to, 6, &number.to_be_bytes()),
            Value::Long(number) => write_field(to, 9, &number.to_be_bytes()),
            Value::List(values) => {
                write_control(to, 11, values.len());
                values.iter().for_each(|value| value.write(to));
            }
            Value::Map(entries) => {
                write_control(to, 7, entries.len());
                for (key, value) in entries {
                    write_field(to, 2, key.as_bytes());
                    value.write(to);
                }
            }
            Value::Breach => to.extend([0, 0xff]),
        }
    }
}

fn write_field(to: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    write_control(to, kind, bytes.len());
    to.extend(bytes);
}

/// Type in the upper three bits or, above 7, in a byte of its own; size in the lower five or behind.
fn write_control(to: &mut Vec<u8>, kind: u8, size: usize) {
    let upper = if kind > 7 { 0 } else { kind << 5 };
    to.push(upper | size.min(29) as u8);
    if kind > 7 {
        to.push(kind - 7);
    }
    if let Some(rest) = size.checked_sub(29) {
        to.push(u8::try_from(rest).expect("test values are short"));
    }
}
