//! Our CSV rows against the `csv` crate's writer, whose fields are formatted with `itoa` and `zmij` too.
//!
//! A row has 27 cells of the kinds that flows have. Ours reads them from column buffers, as in a run; the
//! crate gets them from the struct, which spares it that step.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use criterion::{Criterion, SamplingMode, Throughput};
use weir::schema::{RowShape, Schema};
use weir::sink::{Finished, Format, Lines, Profile, RowFormat};
use weir_sdk::abi::{ColumnCells, PluginInfo, StateLayout};
use weir_sdk::columns::ColumnBuffer;
use weir_sdk::plugin::{EndFacts, Interest};
use weir_sdk::{Columns, Duration, Ip, Mac, Reads, Time};
use weir_traffic::random::Random;

const ROWS: u64 = 10_000;

/// Cells like those of a flow.
#[derive(Columns, Clone, Copy)]
#[columns(scope = "flow")]
struct Row {
    /// Text.
    #[column(unit = "none", source = "made up")]
    direction: &'static str,
    /// Text with colons.
    #[column(unit = "none", source = "made up")]
    chain: &'static str,
    /// Small and large numbers.
    #[column(unit = "none", source = "made up")]
    index: u64,
    /// Small and large numbers.
    #[column(unit = "none", source = "made up")]
    status: u64,
    /// Small and large numbers.
    #[column(unit = "none", source = "made up")]
    packets: u64,
    /// Small and large numbers.
    #[column(unit = "none", source = "made up")]
    bytes: u64,
    /// Small and large numbers.
    #[column(unit = "none", source = "made up")]
    packets_back: u64,
    /// Small and large numbers.
    #[column(unit = "none", source = "made up")]
    bytes_back: u64,
    /// A time.
    #[column(unit = "none", source = "made up")]
    first: Time,
    /// A time.
    #[column(unit = "none", source = "made up")]
    last: Time,
    /// The time between.
    #[column(unit = "none", source = "made up")]
    duration: Duration,
    /// An address.
    #[column(unit = "none", source = "made up")]
    src_mac: Mac,
    /// An address.
    #[column(unit = "none", source = "made up")]
    dst_mac: Mac,
    /// An address.
    #[column(unit = "none", source = "made up")]
    src_ip: Ip,
    /// An address.
    #[column(unit = "none", source = "made up")]
    dst_ip: Ip,
    /// A port, or none.
    #[column(unit = "none", source = "made up")]
    src_port: Option<u16>,
    /// A port, or none.
    #[column(unit = "none", source = "made up")]
    dst_port: Option<u16>,
    /// A protocol.
    #[column(unit = "none", source = "made up")]
    protocol: u8,
    /// A length.
    #[column(unit = "none", source = "made up")]
    len_min: u16,
    /// A length.
    #[column(unit = "none", source = "made up")]
    len_max: u16,
    /// A measure.
    #[column(unit = "none", source = "made up")]
    len_mean: f32,
    /// A measure.
    #[column(unit = "none", source = "made up")]
    len_std: f32,
    /// A measure.
    #[column(unit = "none", source = "made up")]
    gap_min: f32,
    /// A measure.
    #[column(unit = "none", source = "made up")]
    gap_max: f32,
    /// A measure.
    #[column(unit = "none", source = "made up")]
    gap_mean: f32,
    /// A measure.
    #[column(unit = "none", source = "made up")]
    gap_std: f32,
    /// A measure, or none.
    #[column(unit = "none", source = "made up")]
    rate: Option<f32>,
}

/// Measures both. The answer is the bytes.
pub fn measure(criterion: &mut Criterion) {
    let mut random = Random::new(ROWS);
    let rows: Vec<Row> = (1..=ROWS).map(|index| row(index, &mut random)).collect();
    let mut buffers = vec![ColumnBuffer::default(); Row::COLUMNS.len()];
    rows.iter().for_each(|row| row.append(&mut buffers));
    let ends: Vec<EndFacts> =
        (1..=ROWS).map(|flow_index| EndFacts { flow_index, ..EndFacts::default() }).collect();
    let format = format();
    let (mut of_ours, mut of_crate) = (Vec::new(), Vec::new());
    ours(&*format, &buffers, &ends, &mut of_ours);
    with_crate(&rows, &mut of_crate);
    assert!(of_ours == of_crate, "both write the same bytes");
    let mut group = criterion.benchmark_group("CSV rows of 27 cells");
    group.throughput(Throughput::Elements(ROWS)).sampling_mode(SamplingMode::Flat);
    group.bench_function("ours", |b| b.iter(|| ours(&*format, &buffers, &ends, &mut of_ours)));
    group.bench_function("csv crate, itoa, zmij", |b| b.iter(|| with_crate(&rows, &mut of_crate)));
    group.finish();
}

fn row(index: u64, random: &mut Random) -> Row {
    let first = 1_704_067_200_000_000_000 + random.below(1 << 40) as i64;
    let duration = random.below(1 << 34) as i64;
    let count = |random: &mut Random| random.bits() >> (40 + random.below(24));
    let measure = |random: &mut Random| (random.unit() * 1500.0) as f32;
    let address = |random: &mut Random| Ip::V4((random.bits() as u32).to_be_bytes());
    Row {
        direction: random.pick(&["A", "B"]),
        chain: random.pick(&["eth:ipv4:tcp", "eth:vlan:ipv6:udp"]),
        index,
        status: count(random),
        packets: count(random),
        bytes: count(random),
        packets_back: count(random),
        bytes_back: count(random),
        first: Time(first),
        last: Time(first + duration),
        duration: Duration(duration),
        src_mac: Mac([2, 0, 0, 0, 0, random.bits() as u8]),
        dst_mac: Mac([2, 0, 0, 0, 1, random.bits() as u8]),
        src_ip: address(random),
        dst_ip: address(random),
        src_port: (random.below(20) > 0).then_some(random.bits() as u16),
        dst_port: (random.below(20) > 0).then_some(443),
        protocol: random.pick(&[6, 17]),
        len_min: random.below(100) as u16,
        len_max: random.below(1460) as u16,
        len_mean: measure(random),
        len_std: measure(random),
        gap_min: 0.0,
        gap_max: measure(random),
        gap_mean: measure(random),
        gap_std: measure(random),
        rate: (duration > 1 << 30).then(|| measure(random)),
    }
}

/// The printer of a run whose only plugin has these columns.
fn format() -> Box<dyn RowFormat> {
    let plugin = PluginInfo {
        name: "bench",
        version: "0",
        summary: "",
        order: 1,
        on_by_default: true,
        interest: Interest::ALL,
        stream_bytes: 0,
        reads: Reads::HEADERS,
        state: StateLayout::NONE,
        columns: Row::COLUMNS.to_vec(),
        options: Vec::new(),
        reads_rows: false,
        needs: Vec::new(),
        tables: Vec::new(),
    };
    let schema = Schema::new(&[plugin], RowShape::Direction).expect("no two columns have one name");
    let format = Format::choose(Path::new("x.csv"), None, Profile::Weir).expect("CSV is known");
    format.printer(&schema).expect("CSV prints every kind").expect("CSV is text")
}

fn ours(format: &dyn RowFormat, buffers: &[ColumnBuffer], ends: &[EndFacts], out: &mut Vec<u8>) {
    out.clear();
    let cells = buffers.iter().map(|buffer| Some(ColumnCells::of(buffer))).collect();
    assert_eq!(format.rows(&Finished { cells, ends }, &mut Lines::default(), out), ROWS);
}

fn with_crate(rows: &[Row], out: &mut Vec<u8>) {
    out.clear();
    let mut fields = Fields { writer: csv::Writer::from_writer(out), text: String::new() };
    rows.iter().for_each(|row| fields.row(row));
}

/// The crate's writer, and a buffer for addresses.
struct Fields<'a> {
    writer: csv::Writer<&'a mut Vec<u8>>,
    text: String,
}

impl Fields<'_> {
    fn row(&mut self, row: &Row) {
        self.field(row.direction);
        self.field(row.chain);
        [row.index, row.status, row.packets, row.bytes, row.packets_back, row.bytes_back]
            .into_iter()
            .for_each(|number| self.integer(number));
        [row.first.0, row.last.0, row.duration.0].into_iter().for_each(|time| self.integer(time));
        [row.src_mac, row.dst_mac].into_iter().for_each(|mac| self.mac(mac));
        [row.src_ip, row.dst_ip].into_iter().for_each(|ip| self.ip(ip));
        [row.src_port, row.dst_port].into_iter().for_each(|port| self.port(port));
        self.integer(row.protocol);
        [row.len_min, row.len_max].into_iter().for_each(|len| self.integer(len));
        [row.len_mean, row.len_std, row.gap_min, row.gap_max, row.gap_mean, row.gap_std]
            .into_iter()
            .for_each(|measure| self.float(measure));
        match row.rate {
            Some(rate) => self.float(rate),
            None => self.field(""),
        }
        self.writer.write_record(None::<&[u8]>).expect("memory takes all bytes");
    }

    fn field(&mut self, field: &str) {
        self.writer.write_field(field).expect("memory takes all bytes");
    }

    fn integer(&mut self, value: impl itoa::Integer) {
        self.field(itoa::Buffer::new().format(value));
    }

    fn float(&mut self, value: f32) {
        self.field(zmij::Buffer::new().format(value));
    }

    fn port(&mut self, port: Option<u16>) {
        match port {
            Some(port) => self.integer(port),
            None => self.field(""),
        }
    }

    fn mac(&mut self, Mac([a, b, c, d, e, f]): Mac) {
        self.text.clear();
        write!(self.text, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
            .expect("a String takes every text");
        self.writer.write_field(&self.text).expect("memory takes all bytes");
    }

    fn ip(&mut self, ip: Ip) {
        let Ip::V4(address) = ip else { return self.field("") };
        self.text.clear();
        write!(self.text, "{}", Ipv4Addr::from(address)).expect("a String takes every text");
        self.writer.write_field(&self.text).expect("memory takes all bytes");
    }
}
