//! Lengths on the wire, worked out from headers.
//!
//! What comes in: a walk and its innermost IP header. What goes out: layer-3, layer-4 and payload lengths, with
//! the status bits that tell where a length is missing, short or cut.

use weir_sdk::status;

use super::names::protocol;
use super::walk::{IpHeader, Walk};

/// Length of a TCP header that is not captured as far as its data offset.
const TCP_MIN: usize = 20;

/// Length of an IP packet from its header on: what its length field says (plus `extra`), or what is left on the
/// wire where the field is 0 (segmentation offload) or says more than that.
pub(super) fn l3(walk: &mut Walk<'_>, at: usize, field: u16, extra: usize) -> usize {
    let remaining = walk.wire_from(at);
    let announced = usize::from(field) + extra;
    let len = if field == 0 {
        walk.mark(status::L3_LENGTH_ZERO);
        remaining
    } else {
        announced.min(remaining)
    };
    if walk.captured.saturating_sub(at) < len {
        walk.mark(status::L3_SNAPPED);
    }
    len
}

/// Length of the layer-4 header, by protocol.
pub(super) fn l4(walk: &Walk<'_>, ip: &IpHeader) -> usize {
    if ip.fragment.offset > 0 {
        return 0;
    }
    if let Some(len) = ip.l4_len {
        return len;
    }
    match (ip.version, ip.protocol) {
        (_, protocol::TCP) => tcp(walk, ip.l4_at),
        (_, protocol::UDP | protocol::UDPLITE) => 8,
        (_, protocol::SCTP) => 12,
        (_, protocol::OSPF) => ospf(walk, ip.l4_at),
        (6, protocol::ICMPV6) => 8,
        (6, _) => 0,
        _ => 8,
    }
}

/// RFC 9293 §3.1: the data offset counts words of 4 bytes.
fn tcp(walk: &Walk<'_>, at: usize) -> usize {
    match walk.array::<TCP_MIN>(at) {
        Some(header) => usize::from(header[12] >> 4) * 4,
        None => TCP_MIN,
    }
}

/// RFC 2328 §A.3.1: 24 bytes; RFC 5340 §A.3.1: 16.
fn ospf(walk: &Walk<'_>, at: usize) -> usize {
    if walk.u8(at) == Some(2) { 24 } else { 16 }
}

/// Length of the payload behind the layer-4 header; a negative one counts as 0.
pub(super) fn payload(walk: &mut Walk<'_>, ip: &IpHeader, l4_len: usize) -> u32 {
    let headers = ip.l4_at - ip.at + l4_len;
    let snapped = walk.captured.saturating_sub(ip.at) < ip.len;
    let cut = ip.version == 4 && snapped && walk.captured_from(ip.l4_at) < l4_len;
    if headers > ip.len || cut {
        walk.mark(status::L4_SHORT);
    }
    in_32_bits(ip.len.saturating_sub(headers))
}

/// Frames of up to this many bytes may hold padding (the shortest Ethernet frame, with its check sequence).
const MAX_PADDED: usize = 64;

/// Bytes of the frame behind the end of what it carries.
pub(super) fn padding(walk: &Walk<'_>, end: usize) -> u16 {
    if walk.wire > MAX_PADDED { 0 } else { walk.wire.saturating_sub(end) as u16 }
}

/// A length of a frame, whose record gives it 32 bits.
pub(super) fn in_32_bits(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
