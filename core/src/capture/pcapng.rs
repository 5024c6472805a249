//! The pcapng format: blocks, of which a few types hold packets or describe the interfaces they came from.
//!
//! In: the bytes of a window. Out: [`Record`]s. The format is that of draft-ietf-opsawg-pcapng. Section
//! headers and interface descriptions are read by hand and not by pcap-file, because that refuses files which
//! exist: option lists without an end, names that are no UTF-8, a time zone of four bytes, a reserved field
//! that is not zero.

use super::Record;
use super::bytes::ByteOrder;
use super::error::{Fault, Magic};
use super::interface::Interface;
use super::walk::{Batch, Cursor, Stop, checked_captured_len};
use super::warnings::Warnings;

/// The first bytes of every pcapng file: the type of a section header, the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Longest block that is read. It has to be held as a whole; libpcap and Wireshark draw the same line.
const MAX_BLOCK_LEN: u32 = 16 << 20;
/// Type and length before the body, and the length again behind it.
const BLOCK_HEAD_LEN: usize = 8;
const BLOCK_FRAME_LEN: usize = 12;
/// Block head and byte-order magic: what it takes to know the byte order of a section.
const SECTION_ORDER_LEN: usize = 12;

/// Block types.
mod kind {
    pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
    pub(super) const PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const NAME_RESOLUTION: u32 = 4;
    pub(super) const INTERFACE_STATISTICS: u32 = 5;
    pub(super) const ENHANCED_PACKET: u32 = 6;
    pub(super) const JOURNAL_EXPORT: u32 = 9;
    pub(super) const DECRYPTION_SECRETS: u32 = 10;
    pub(super) const CUSTOM: u32 = 0x0000_0bad;
    pub(super) const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;
    pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
}

/// Fixed fields of the blocks, as positions in the body.
mod field {
    pub(super) const SECTION_MAJOR: usize = 4;
    pub(super) const SECTION_MINOR: usize = 6;
    pub(super) const SECTION_LEN: usize = 16;

    pub(super) const INTERFACE: usize = 0;
    pub(super) const TICKS_HIGH: usize = 4;
    pub(super) const TICKS_LOW: usize = 8;
    pub(super) const CAPTURED_LEN: usize = 12;
    pub(super) const WIRE_LEN: usize = 16;
    pub(super) const PACKET_LEN: usize = 20;

    pub(super) const SIMPLE_WIRE_LEN: usize = 0;
    pub(super) const SIMPLE_LEN: usize = 4;
}

/// What the blocks passed so far say about those to come.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    blocks: u64,
    warnings: Warnings,
}

/// One block in the window.
struct Block<'a> {
    kind: u32,
    order: ByteOrder,
    body: &'a [u8],
    /// Position of the body in the window.
    body_at: usize,
    len: usize,
}

impl Pcapng {
    /// Before the first section header.
    pub(super) fn new() -> Self {
        Self { order: ByteOrder::Little, interfaces: Vec::new(), blocks: 0, warnings: Warnings::default() }
    }

    /// Blocks passed.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    pub(super) fn warnings(&self) -> Warnings {
        self.warnings
    }

    /// Adds the next packets to the batch until it is full or the window ends.
    pub(super) fn walk(&mut self, cursor: &mut Cursor<'_>, batch: &mut Batch<'_>) -> Stop {
        while !batch.is_full() {
            match self.next(cursor) {
                Ok(record) => batch.records.extend(record),
                Err(stop) => return stop,
            }
        }
        Stop::Full
    }

    /// Passes one block and gives its packet, if it has one.
    #[inline]
    fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<Record>, Stop> {
        let block = Block::at(cursor, self.order)?;
        let record = self.read(&block)?;
        cursor.at += block.len;
        self.blocks += 1;
        Ok(record)
    }

    #[inline]
    fn read(&mut self, block: &Block<'_>) -> Result<Option<Record>, Fault> {
        match block.kind {
            kind::ENHANCED_PACKET => self.packet(block, enhanced_interface),
            kind::PACKET => self.packet(block, obsolete_interface),
            kind::SIMPLE_PACKET => self.simple_packet(block),
            _ => self.block_without_packet(block).map(|()| None),
        }
    }

    fn block_without_packet(&mut self, block: &Block<'_>) -> Result<(), Fault> {
        match block.kind {
            kind::SECTION_HEADER => return self.begin_section(block),
            kind::INTERFACE_DESCRIPTION => return self.describe_interface(block),
            kind::NAME_RESOLUTION
            | kind::INTERFACE_STATISTICS
            | kind::JOURNAL_EXPORT
            | kind::DECRYPTION_SECRETS
            | kind::CUSTOM
            | kind::CUSTOM_NOT_COPIED => {}
            _ => self.warnings.unknown_blocks += 1,
        }
        Ok(())
    }

    /// A section has its own byte order, and numbers its interfaces from zero.
    fn begin_section(&mut self, block: &Block<'_>) -> Result<(), Fault> {
        let fields = block.fields::<{ field::SECTION_LEN }>()?;
        let major = block.order.u16(fields, field::SECTION_MAJOR);
        let minor = block.order.u16(fields, field::SECTION_MINOR);
        if major != 1 {
            return Err(Fault::SectionVersion { major, minor });
        }
        self.order = block.order;
        self.interfaces.clear();
        Ok(())
    }

    fn describe_interface(&mut self, block: &Block<'_>) -> Result<(), Fault> {
        let fields = block.fields::<{ Interface::FIELDS_LEN }>()?;
        let options = &block.body[Interface::FIELDS_LEN..];
        let (interface, unreadable_options) = Interface::described(block.order, fields, options);
        self.warnings.unreadable_interface_options += unreadable_options;
        self.interfaces.push(interface);
        Ok(())
    }

    /// Enhanced Packet Block and the obsolete Packet Block, which differ in how they name the interface.
    #[inline]
    fn packet(
        &mut self,
        block: &Block<'_>,
        interface: fn(ByteOrder, &[u8; field::PACKET_LEN]) -> u32,
    ) -> Result<Option<Record>, Fault> {
        let fields = block.fields::<{ field::PACKET_LEN }>()?;
        let captured_len = checked_captured_len(block.order.u32(fields, field::CAPTURED_LEN))?;
        block.check_room(captured_len, field::PACKET_LEN)?;
        let Some(interface) = self.interfaces.get(interface(block.order, fields) as usize) else {
            self.warnings.packets_without_interface += 1;
            return Ok(None);
        };
        Ok(Some(Record {
            time_ns: interface.clock.time_ns(ticks(block.order, fields)),
            start: block.body_at + field::PACKET_LEN,
            captured_len,
            wire_len: block.order.u32(fields, field::WIRE_LEN),
            link_type: interface.link_type,
        }))
    }

    /// A Simple Packet Block belongs to the first interface and was cut at its snap length. It has no time,
    /// so it gets time 0, as with libpcap.
    fn simple_packet(&mut self, block: &Block<'_>) -> Result<Option<Record>, Fault> {
        let fields = block.fields::<{ field::SIMPLE_LEN }>()?;
        let wire_len = block.order.u32(fields, field::SIMPLE_WIRE_LEN);
        let Some(interface) = self.interfaces.first() else {
            self.warnings.packets_without_interface += 1;
            return Ok(None);
        };
        let captured_len = checked_captured_len(interface.snapped(wire_len))?;
        block.check_room(captured_len, field::SIMPLE_LEN)?;
        Ok(Some(Record {
            time_ns: 0,
            start: block.body_at + field::SIMPLE_LEN,
            captured_len,
            wire_len,
            link_type: interface.link_type,
        }))
    }
}

impl<'a> Block<'a> {
    /// The block the cursor stands at, if it is whole and its two lengths agree.
    #[inline]
    fn at(cursor: &Cursor<'a>, order: ByteOrder) -> Result<Self, Stop> {
        let rest = cursor.rest();
        let head: &[u8; BLOCK_HEAD_LEN] = rest.first_chunk().ok_or(Stop::Wants(BLOCK_HEAD_LEN))?;
        let order = if head.starts_with(&MAGIC) { section_order(rest)? } else { order };
        let len_field = order.u32(head, 4);
        let len = checked_block_len(len_field)?;
        let Some(body) = rest.get(BLOCK_HEAD_LEN..len - 4) else { return Err(Stop::Wants(len)) };
        let Some(tail) = rest[len - 4..].first_chunk::<4>() else { return Err(Stop::Wants(len)) };
        let end = order.u32(tail, 0);
        if end != len_field {
            return Err(Fault::BlockLengthsDiffer { start: len_field, end }.into());
        }
        Ok(Self { kind: order.u32(head, 0), order, body, body_at: cursor.at + BLOCK_HEAD_LEN, len })
    }

    /// The fixed fields at the start of the body.
    #[inline]
    fn fields<const N: usize>(&self) -> Result<&'a [u8; N], Fault> {
        let too_short = Fault::BlockTooShort { kind: self.kind, wanted: N, found: self.body.len() };
        self.body.first_chunk().ok_or(too_short)
    }

    #[inline]
    fn check_room(&self, captured_len: u32, fields_len: usize) -> Result<(), Fault> {
        let room = self.body.len() - fields_len;
        if captured_len as usize > room {
            return Err(Fault::PacketExceedsBlock { claimed: captured_len, room });
        }
        Ok(())
    }
}

#[inline]
fn checked_block_len(claimed: u32) -> Result<usize, Fault> {
    if (claimed as usize) < BLOCK_FRAME_LEN || !claimed.is_multiple_of(4) {
        return Err(Fault::BlockLength { claimed });
    }
    if claimed > MAX_BLOCK_LEN {
        return Err(Fault::BlockTooLong { claimed, limit: MAX_BLOCK_LEN });
    }
    Ok(claimed as usize)
}

/// The byte order of a section, from the number 0x1a2b3c4d behind the block head.
fn section_order(rest: &[u8]) -> Result<ByteOrder, Stop> {
    let start: &[u8; SECTION_ORDER_LEN] = rest.first_chunk().ok_or(Stop::Wants(SECTION_ORDER_LEN))?;
    match &start[BLOCK_HEAD_LEN..] {
        [0x1a, 0x2b, 0x3c, 0x4d] => Ok(ByteOrder::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Ok(ByteOrder::Little),
        other => Err(Fault::SectionByteOrder { found: Magic::of(other) }.into()),
    }
}

#[inline]
fn ticks(order: ByteOrder, fields: &[u8; field::PACKET_LEN]) -> u64 {
    let high = u64::from(order.u32(fields, field::TICKS_HIGH));
    high << 32 | u64::from(order.u32(fields, field::TICKS_LOW))
}

#[inline]
fn enhanced_interface(order: ByteOrder, fields: &[u8; field::PACKET_LEN]) -> u32 {
    order.u32(fields, field::INTERFACE)
}

/// The obsolete block has 16 bits for the interface, and 16 more for packets dropped.
#[inline]
fn obsolete_interface(order: ByteOrder, fields: &[u8; field::PACKET_LEN]) -> u32 {
    u32::from(order.u16(fields, field::INTERFACE))
}
