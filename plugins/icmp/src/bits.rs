//! Names of the bits of the masks.

use weir_sdk::Bit;

/// Every flow of ICMP.
pub const ICMP: u8 = 0x01;
pub const WANG: u8 = 0x10;
pub const SEQUENCE: u8 = 0x20;
pub const LOKI: u8 = 0x40;
pub const SSH: u8 = 0x80;

pub const STATUS: &[Bit] = &[
    bit(ICMP as u64, "ICMP", "The flow is one of ICMP or ICMPv6."),
    bit(WANG as u64, "WANG", "An echo request carries WANG2 at offset 6 of its data."),
    bit(SEQUENCE as u64, "SEQUENCE", "An echo message has another sequence number than was expected."),
    bit(LOKI as u64, "LOKI", "The first message, and every echo message, has the sequence number 0x01f0."),
    bit(SSH as u64, "SSH", "The captured data of an echo message has OpenSSH at offset 40 or later."),
];

pub const TYPES_LOW: &[Bit] = &[
    bit(1 << 0, "TYPE_0", "IPv4: echo reply."),
    bit(1 << 1, "TYPE_1", "IPv6: destination unreachable."),
    bit(1 << 2, "TYPE_2", "IPv6: packet too big."),
    bit(1 << 3, "TYPE_3", "IPv4: destination unreachable; IPv6: time exceeded."),
    bit(1 << 4, "TYPE_4", "IPv4: source quench; IPv6: parameter problem."),
    bit(1 << 5, "TYPE_5", "IPv4: redirect."),
    bit(1 << 6, "TYPE_6", "IPv4: alternate host address."),
    bit(1 << 7, "TYPE_7", "Type 7, not assigned."),
    bit(1 << 8, "TYPE_8", "IPv4: echo."),
    bit(1 << 9, "TYPE_9", "IPv4: router advertisement."),
    bit(1 << 10, "TYPE_10", "IPv4: router solicitation."),
    bit(1 << 11, "TYPE_11", "IPv4: time exceeded."),
    bit(1 << 12, "TYPE_12", "IPv4: parameter problem."),
    bit(1 << 13, "TYPE_13", "IPv4: timestamp."),
    bit(1 << 14, "TYPE_14", "IPv4: timestamp reply."),
    bit(1 << 15, "TYPE_15", "IPv4: information request."),
    bit(1 << 16, "TYPE_16", "IPv4: information reply."),
    bit(1 << 17, "TYPE_17", "IPv4: address mask request."),
    bit(1 << 18, "TYPE_18", "IPv4: address mask reply."),
    bit(
        0xfff8_0000,
        "TYPE_19_TO_31",
        "Bit n: type n, not assigned, reserved, or, as 30, traceroute of IPv4.",
    ),
];

pub const TYPES_HIGH: &[Bit] = &[
    bit(1 << 0, "TYPE_128", "IPv6: echo request; IPv4: a type of 32 and more that is 0 modulo 32."),
    bit(1 << 1, "TYPE_129", "IPv6: echo reply; IPv4: 1 modulo 32."),
    bit(1 << 2, "TYPE_130", "IPv6: multicast listener query; IPv4: 2 modulo 32."),
    bit(1 << 3, "TYPE_131", "IPv6: multicast listener report; IPv4: 3 modulo 32."),
    bit(1 << 4, "TYPE_132", "IPv6: multicast listener done; IPv4: 4 modulo 32."),
    bit(1 << 5, "TYPE_133", "IPv6: router solicitation; IPv4: 5 modulo 32."),
    bit(1 << 6, "TYPE_134", "IPv6: router advertisement; IPv4: 6 modulo 32."),
    bit(1 << 7, "TYPE_135", "IPv6: neighbor solicitation; IPv4: 7 modulo 32."),
    bit(1 << 8, "TYPE_136", "IPv6: neighbor advertisement; IPv4: 8 modulo 32, as type 40, Photuris."),
    bit(1 << 9, "TYPE_137", "IPv6: redirect; IPv4: 9 modulo 32."),
    bit(
        1 << 10,
        "TYPE_138",
        "IPv6: router renumbering; IPv4: 10 modulo 32, as type 42, extended echo request.",
    ),
    bit(
        1 << 11,
        "TYPE_139",
        "IPv6: node information query; IPv4: 11 modulo 32, as type 43, extended echo reply.",
    ),
    bit(1 << 12, "TYPE_140", "IPv6: node information response; IPv4: 12 modulo 32."),
    bit(1 << 13, "TYPE_141", "IPv6: inverse neighbor solicitation; IPv4: 13 modulo 32."),
    bit(1 << 14, "TYPE_142", "IPv6: inverse neighbor advertisement; IPv4: 14 modulo 32."),
    bit(1 << 15, "TYPE_143", "IPv6: multicast listener report, version 2; IPv4: 15 modulo 32."),
    bit(
        0xffff_0000,
        "TYPE_144_TO_159",
        "Bit n: type 128 + n of IPv6; IPv4: a type of 32 and more, n modulo 32.",
    ),
];

pub const CODES: &[Bit] = &[bit(0xffff, "CODE", "Bit n: a message had code n.")];

const fn bit(mask: u64, name: &'static str, meaning: &'static str) -> Bit {
    Bit { mask, name, meaning }
}
