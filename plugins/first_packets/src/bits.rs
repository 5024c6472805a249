//! Names of the bits of a TCP flag byte.

use weir_sdk::Bit;

/// Control bits, lowest first.
pub(crate) const TCP_FLAGS: &[Bit] = &[
    bit(0x01, "FIN", "No more data from the sender."),
    bit(0x02, "SYN", "Synchronize sequence numbers."),
    bit(0x04, "RST", "Reset."),
    bit(0x08, "PSH", "Push."),
    bit(0x10, "ACK", "The acknowledgment number counts."),
    bit(0x20, "URG", "The urgent pointer counts."),
    bit(0x40, "ECE", "ECN echo (RFC 3168)."),
    bit(0x80, "CWR", "Congestion window reduced (RFC 3168)."),
];

const fn bit(mask: u64, name: &'static str, meaning: &'static str) -> Bit {
    Bit { mask, name, meaning }
}
