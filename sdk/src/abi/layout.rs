//! Whether two builds of the SDK mean the same by the records that cross as [`Records`](super::Records).
//!
//! Those records may grow at their end, so a plugin fits if the fields it knows stand first in the program's,
//! with the same names, places, and sizes. What crosses for that is the number of fields and a fingerprint.

use abi_stable::StableAbi;

use crate::packet::{PacketFacts, StreamFacts};
use crate::plugin::{EndFacts, Start};

/// How a build lays out the facts of packets, ends, and starts.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StableAbi)]
pub(super) struct FactsLayout {
    pub(super) packet: RecordLayout,
    pub(super) end: RecordLayout,
    pub(super) start: RecordLayout,
    pub(super) stream: RecordLayout,
}

/// How a build lays out one record.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StableAbi)]
pub(super) struct RecordLayout {
    size: usize,
    align: usize,
    fields: usize,
    fingerprint: u64,
}

/// Where a field stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) offset: usize,
    pub(super) size: usize,
}

/// The places of all fields of a record. It does not compile if a field is left out.
macro_rules! places {
    ($record:ident { $($field:ident),+ $(,)? }) => {{
        const fn _all_are_named(record: &$record) {
            let $record { $($field: _),+ } = record;
        }
        &[$(Place {
            name: stringify!($field),
            offset: std::mem::offset_of!($record, $field),
            size: size_of_field(|record: &$record| &record.$field),
        }),+]
    }};
}

const fn size_of_field<R, T>(_: fn(&R) -> &T) -> usize {
    size_of::<T>()
}

/// In the order of their declaration, which is the order in memory.
pub(super) const PACKET_FIELDS: &[Place] = places!(PacketFacts {
    time_ns,
    ordinal,
    start,
    status,
    captured_len,
    wire_len,
    header_chain,
    fragment_id,
    l3_len,
    payload_len,
    l3_offset,
    l4_offset,
    payload_offset,
    src_mac_offset,
    dst_mac_offset,
    padding_len,
    ethertype,
    src_port,
    dst_port,
    fragment_offset,
    vlan_id,
    vlan_tags,
    vlan_count,
    l4_proto,
    ip_version,
    tcp_flags,
    side,
    flags,
    withheld_len,
});

/// As [`PACKET_FIELDS`].
pub(super) const END_FIELDS: &[Place] =
    places!(EndFacts { flow_index, status, side, has_other, tcp_states, letter, quoted_flow });

/// As [`PACKET_FIELDS`].
pub(super) const START_FIELDS: &[Place] = places!(Start {
    ordinal,
    src_address,
    dst_address,
    src_port,
    dst_port,
    ip_version,
    l4_proto,
    side,
    starts_flow,
    time_ns,
});

/// As [`PACKET_FIELDS`].
pub(super) const STREAM_FIELDS: &[Place] = places!(StreamFacts { start, offset, len, flags });

impl FactsLayout {
    /// Of this build.
    pub(super) const OWN: FactsLayout = FactsLayout {
        packet: RecordLayout::of::<PacketFacts>(PACKET_FIELDS),
        end: RecordLayout::of::<EndFacts>(END_FIELDS),
        start: RecordLayout::of::<Start>(START_FIELDS),
        stream: RecordLayout::of::<StreamFacts>(STREAM_FIELDS),
    };

    /// Whether records as this build writes them begin with what a plugin reads.
    pub(super) fn serves(plugin: &FactsLayout) -> bool {
        Self::OWN.packet.begins_with(&plugin.packet, PACKET_FIELDS)
            && Self::OWN.end.begins_with(&plugin.end, END_FIELDS)
            && Self::OWN.start.begins_with(&plugin.start, START_FIELDS)
            && Self::OWN.stream.begins_with(&plugin.stream, STREAM_FIELDS)
    }
}

impl RecordLayout {
    pub(super) const fn of<T>(fields: &[Place]) -> Self {
        Self {
            size: size_of::<T>(),
            align: align_of::<T>(),
            fields: fields.len(),
            fingerprint: fingerprint(fields, fields.len()),
        }
    }

    /// Whether this record, with these fields, begins with what a `reader` expects.
    pub(super) fn begins_with(&self, reader: &RecordLayout, fields: &[Place]) -> bool {
        reader.size <= self.size
            && reader.align == self.align
            && reader.fields <= fields.len()
            && reader.fingerprint == fingerprint(fields, reader.fields)
    }
}

/// Names, places, and sizes of the first fields in one number (FNV-1a).
const fn fingerprint(fields: &[Place], count: usize) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < count {
        let Place { name, offset, size } = fields[at];
        hash = with_bytes(hash, name.as_bytes());
        hash = with_bytes(hash, &(offset as u64).to_le_bytes());
        hash = with_bytes(hash, &(size as u64).to_le_bytes());
        at += 1;
    }
    hash
}

const fn with_bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
