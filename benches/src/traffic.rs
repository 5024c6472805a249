//! Captures in a temporary folder, with what the benches check their answers against.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use weir_traffic::capture::{Format, Writer};
use weir_traffic::packet::flags::{ACK, SYN};
use weir_traffic::packet::{Ends, Ip, Packet, Payload, Tcp, Transport, Udp};
use weir_traffic::random::Random;

/// The same captures in every run.
const SEED: u64 = 20_261_120;
/// 2024-01-01T00:00:00Z.
const START_NS: i64 = 1_704_067_200_000_000_000;
/// A million packets in ten seconds: nothing is silent long enough to end.
const NS_PER_PACKET: i64 = 10_000;

/// A capture and how many packets and conversations it has.
pub struct Capture {
    folder: TempDir,
    /// Packets; each belongs to a flow.
    pub packets: u64,
    /// Conversations, by the default timeouts.
    pub flows: u64,
}

impl Capture {
    /// A link with many users: short and long flows that begin and end all the time
    /// ([`weir_traffic::bench_capture`]). Few are alive at once.
    pub fn of_many_users(packets: u64, flows: u64) -> Self {
        Self::write(packets, flows, |out| weir_traffic::bench_capture(packets, flows, SEED, out))
    }

    /// Every flow lives from its first packet to the end of the capture, and each packet belongs to any of
    /// them: no cache helps the table.
    pub fn of_live_flows(packets: u64, flows: u64) -> Self {
        Self::write(packets, flows, |out| live_flows(packets, flows, out))
    }

    fn write(packets: u64, flows: u64, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Self {
        let folder = tempfile::tempdir().expect("the benches need a temporary folder");
        let file = File::create(folder.path().join("bench.pcap")).expect("the folder is ours");
        let mut out = BufWriter::with_capacity(1 << 20, file);
        write(&mut out).and_then(|()| out.flush()).expect("the temporary folder has room for the capture");
        Self { folder, packets, flows }
    }

    /// The capture's file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("bench.pcap")
    }

    /// A folder for what a bench writes, gone after it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).expect("the capture was just written")
    }
}

fn live_flows(packets: u64, flows: u64, out: &mut impl Write) -> io::Result<()> {
    let mut random = Random::new(SEED);
    let mut writer = Writer::new(out, Format::PcapNanos)?;
    for at in 0..packets {
        // Each flow begins before the first is seen again.
        let flow = if at < flows { at } else { random.below(flows) };
        let time_ns = START_NS + at as i64 * NS_PER_PACKET;
        writer.write(&live_packet(time_ns, flow, at < flows, &mut random))?;
    }
    Ok(())
}

/// Three of four flows are TCP, the others UDP; one of eight is IPv6.
fn live_packet(time_ns: i64, flow: u64, opens: bool, random: &mut Random) -> Packet {
    let from_client = opens || random.is_one_of_hundred(40);
    let client = 49_152 + (flow % 16_384) as u16;
    let (src_port, dst_port) = if from_client { (client, 443) } else { (443, client) };
    let payload = Payload::Pattern(payload_len(opens, random));
    let flags = if opens { SYN } else { ACK };
    let transport = if flow % 4 == 3 {
        Transport::Udp(Udp { src_port, dst_port, payload, whole: None })
    } else {
        Transport::Tcp(Tcp { src_port, dst_port, flags, window: 64_240, payload, ..Tcp::default() })
    };
    let ends = if from_client { ends(flow) } else { ends(flow).reversed() };
    let id = u32::from(random.bits() as u16);
    let mut packet = Packet::ip(time_ns, Ip { id, ..Ip::new(ends, transport) });
    packet.is_padded = true;
    packet
}

/// Frames of about 60, 600, and 1514 bytes, 7 : 4 : 1.
fn payload_len(opens: bool, random: &mut Random) -> u16 {
    match random.below(12) {
        _ if opens => 0,
        0..7 => 0,
        7..11 => 540,
        _ => 1440,
    }
}

/// Every flow has a client of its own.
fn ends(flow: u64) -> Ends {
    let [_, a, b, c] = (flow as u32).to_be_bytes();
    if flow.is_multiple_of(8) {
        let client = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, u16::from(a), u16::from_be_bytes([b, c]));
        Ends::V6(client, Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1))
    } else {
        Ends::V4(Ipv4Addr::new(10, a, b, c), Ipv4Addr::new(198, 51, 100, 1))
    }
}
