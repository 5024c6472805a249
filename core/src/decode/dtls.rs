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
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    #[test]
    fn each_record_adds_a_name() {
        let record = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1];
        check(&over_udp(2000, 3000, &record), "eth:ipv4:udp:dtls1.2", 0x2400000000004000);
        let seen = decode(&over_udp(2000, 3000, &record.repeat(3)));
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:ipv4:udp:dtls1.2:dtls1.2:dtls1.2", 6));
        check(&over_udp(2000, 3000, &[22, 0xfe, 0xff]), "eth:ipv4:udp:dtls1.0", 0x2400000000004000);
    }

    #[test]
    fn version_1_0_has_two_numbers_and_other_types_are_no_records() {
        check(&over_udp(2000, 3000, &[0x14, 0x01, 0x00]), "eth:ipv4:udp:dtls1.0", 0x2400000000004000);
        check(&over_udp(2000, 3000, &[0x3f, 0xfe, 0xfd]), "eth:ipv4:udp:dtls1.2", 0x2400000000004000);
        for start in [[0x13, 0xfe, 0xfd], [0x40, 0xfe, 0xfd], [22, 0xfe, 0xfc], [22, 3, 3]] {
            check(&over_udp(2000, 3000, &start), "eth:ipv4:udp", 0x0400000000004000);
        }
    }

    #[test]
    fn a_cut_record_is_the_last() {
        let record = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1];
        let frame = over_udp(2000, 3000, &record.repeat(2));
        let chain = "eth:ipv4:udp:dtls1.2";
        check_cut(ETHERNET, &frame, 50, chain, 0x2400000200004000);
        check_cut(ETHERNET, &frame, 59, chain, 0x2400000200004000);
        check_cut(ETHERNET, &frame, 60, &format!("{chain}:dtls1.2"), 0x2400000200004000);
        check_cut(ETHERNET, &frame, 44, "eth:ipv4:udp", 0x0400000200004000);
    }

    #[test]
    fn udplite_and_ipv6_carry_records_too() {
        let record = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0];
        check(&over_ip(136, &udp(2000, 3000, &record)), "eth:ipv4:udplite:dtls1.2", 0x2400000000004000);
        check(&over_ipv6(17, &udp(2000, 3000, &record)), "eth:ipv6:udp:dtls1.2", 0x2800000000008000);
        let record = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0];
        let segment = over_ip(6, &tcp(2000, 3000, &record));
        check(&segment, "eth:ipv4:tcp", 0x0400000000004000);
    }
}
