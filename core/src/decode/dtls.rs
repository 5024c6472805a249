//! DTLS records (RFC 6347, RFC 9147) in UDP, recognised by their first bytes.

use weir_sdk::status;

use super::names::Name;
use super::walk::Walk;

/// Adds a name for each record from the first byte of the payload on.
pub(super) fn decode(walk: &mut Walk<'_>, mut at: usize) {
    while let Some(name) = walk.array(at).and_then(record) {
        walk.name(name);
        walk.mark(status::DTLS);
        match walk.u16(at + 11) {
            Some(len) if !walk.chain.is_full() => at += 13 + usize::from(len),
            _ => return,
        }
    }
}

/// The version of the record that begins with these bytes.
pub(super) fn record([content_type, major, minor]: [u8; 3]) -> Option<Name> {
    if !matches!(content_type, 0x14..=0x3f) {
        return None;
    }
    match [major, minor] {
        [0xfe, 0xfd] => Some(Name::Dtls12),
        // 1.0, and the version number of early drafts.
        [0xfe, 0xff] | [0x01, 0x00] => Some(Name::Dtls10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_record_adds_a_name() {
        let record = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1];
        check(&over_udp(2000, 3000, &record), "eth:ipv4:udp:dtls1.2", 0x2400000000004000);
        let seen = decode(&over_udp(2000, 3000, &record.repeat(3)));
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:ipv4:udp:dtls1.2:dtls1.2:dtls1.2", 6));
        check(&over_udp(2000, 3000, &[22, 0xfe, 0xff]), "eth:ipv4:udp:dtls1.0", 0x2400000000004000);
    }
}
