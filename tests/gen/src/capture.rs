//! Packets → pcap or pcapng.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, Endianness, PcapError, TsResolution};

use crate::frame::write_frame;
use crate::packet::Packet;

const SNAP_LENGTH: u32 = 262_144;

/// A capture file format; always little-endian, so that files are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Classic pcap with microseconds; finer times are cut.
    PcapMicros,
    /// Classic pcap with nanoseconds.
    PcapNanos,
    /// pcapng with nanoseconds.
    PcapNg,
}

/// The capture of these packets.
///
/// # Panics
///
/// If a packet's time does not fit the format: before 1970 or after 2106.
pub fn capture<'a>(packets: impl IntoIterator<Item = &'a Packet>, format: Format) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), format).expect("memory takes all bytes");
    for packet in packets {
        writer.write(packet).expect("memory takes all bytes, and test packets have times since 1970");
    }
    writer.into_inner()
}

/// Writes one packet after the other.
pub struct Writer<W: Write> {
    inner: Inner<W>,
    frame: Vec<u8>,
}

enum Inner<W: Write> {
    Classic(PcapWriter<W>),
    Ng(PcapNgWriter<W>),
}

impl<W: Write> Writer<W> {
    /// Begins a capture of Ethernet frames.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(out: W, format: Format) -> io::Result<Self> {
        let inner = match format {
            Format::PcapMicros => Inner::Classic(classic(out, TsResolution::MicroSecond)?),
            Format::PcapNanos => Inner::Classic(classic(out, TsResolution::NanoSecond)?),
            Format::PcapNg => Inner::Ng(ng(out)?),
        };
        Ok(Self { inner, frame: Vec::new() })
    }

    /// Appends a packet.
    ///
    /// # Errors
    ///
    /// Those of the writer beneath, and a time that does not fit the format.
    pub fn write(&mut self, packet: &Packet) -> io::Result<()> {
        write_frame(packet, &mut self.frame);
        let since_epoch = u64::try_from(packet.time_ns).map_err(io::Error::other)?;
        let timestamp = Duration::from_nanos(since_epoch);
        let (len, data) = (self.frame.len() as u32, Cow::Borrowed(&self.frame[..]));
        match &mut self.inner {
            Inner::Classic(writer) => {
                writer.write_packet(&PcapPacket { timestamp, orig_len: len, data }).map_err(as_io)?;
            }
            Inner::Ng(writer) => {
                let block = EnhancedPacketBlock {
                    interface_id: 0,
                    timestamp,
                    original_len: len,
                    data,
                    options: vec![],
                };
                writer.write_pcapng_block(block).map_err(as_io)?;
            }
        }
        Ok(())
    }

    /// The writer beneath.
    pub fn into_inner(self) -> W {
        match self.inner {
            Inner::Classic(writer) => writer.into_writer(),
            Inner::Ng(writer) => writer.into_inner(),
        }
    }
}

fn classic<W: Write>(out: W, ts_resolution: TsResolution) -> io::Result<PcapWriter<W>> {
    let header = PcapHeader {
        snaplen: SNAP_LENGTH,
        datalink: DataLink::ETHERNET,
        ts_resolution,
        endianness: Endianness::Little,
        ..PcapHeader::default()
    };
    PcapWriter::with_header(out, header).map_err(as_io)
}

fn ng<W: Write>(out: W) -> io::Result<PcapNgWriter<W>> {
    let mut writer = PcapNgWriter::with_endianness(out, Endianness::Little).map_err(as_io)?;
    let interface = InterfaceDescriptionBlock {
        linktype: DataLink::ETHERNET,
        snaplen: SNAP_LENGTH,
        // Units of 10^-9 seconds.
        options: vec![InterfaceDescriptionOption::IfTsResol(9)],
    };
    writer.write_pcapng_block(interface).map_err(as_io)?;
    Ok(writer)
}

fn as_io(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
