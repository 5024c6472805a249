//! The bits of `tls_status` and of `tls_resumption`.

use weir_sdk::Bit;

/// Bits of `tls_status`.
pub mod status {
    pub const CLIENT_HELLO: u8 = 0x01;
    pub const SERVER_HELLO: u8 = 0x02;
    pub const HELLO_RETRY: u8 = 0x04;
    pub const CERTIFICATE: u8 = 0x08;
    pub const CLIENT_IS_B: u8 = 0x10;
    pub const MALFORMED: u8 = 0x20;
    pub const INCOMPLETE: u8 = 0x40;
}

const fn bit(mask: u8, name: &'static str, meaning: &'static str) -> Bit {
    Bit { mask: mask as u64, name, meaning }
}

pub const STATUS: &[Bit] = &[
    bit(status::CLIENT_HELLO, "CLIENT_HELLO", "A client hello was read."),
    bit(status::SERVER_HELLO, "SERVER_HELLO", "A server hello was read."),
    bit(
        status::HELLO_RETRY,
        "HELLO_RETRY",
        "The server asked for another client hello, by HelloRetryRequest or HelloVerifyRequest.",
    ),
    bit(status::CERTIFICATE, "CERTIFICATE", "A certificate was read."),
    bit(status::CLIENT_IS_B, "CLIENT_IS_B", "The client hello was sent by B."),
    bit(
        status::MALFORMED,
        "MALFORMED",
        "A hello or certificate could not be read: lengths that contradict each other, or more than 64 KiB.",
    ),
    bit(
        status::INCOMPLETE,
        "INCOMPLETE",
        "A hello began and its end was not seen: not sent, not captured, or beyond 128 KiB of the stream.",
    ),
];

/// Bits of `tls_resumption`.
pub mod resumption {
    pub const SESSION_ID_OFFERED: u8 = 0x01;
    pub const TICKET_SUPPORTED: u8 = 0x02;
    pub const PSK_OFFERED: u8 = 0x04;
    pub const EARLY_DATA_OFFERED: u8 = 0x08;
    pub const SESSION_ID_ECHOED: u8 = 0x10;
    pub const PSK_CHOSEN: u8 = 0x20;
}

pub const RESUMPTION: &[Bit] = &[
    bit(
        resumption::SESSION_ID_OFFERED,
        "SESSION_ID_OFFERED",
        "The client hello has a session identifier; clients of TLS 1.3 send one to look older.",
    ),
    bit(
        resumption::TICKET_SUPPORTED,
        "TICKET_SUPPORTED",
        "The client hello has the extension session_ticket.",
    ),
    bit(resumption::PSK_OFFERED, "PSK_OFFERED", "The client hello has the extension pre_shared_key."),
    bit(
        resumption::EARLY_DATA_OFFERED,
        "EARLY_DATA_OFFERED",
        "The client hello has the extension early_data.",
    ),
    bit(
        resumption::SESSION_ID_ECHOED,
        "SESSION_ID_ECHOED",
        "TLS 1.2 or older: the server repeated the client's session identifier, so it resumed.",
    ),
    bit(resumption::PSK_CHOSEN, "PSK_CHOSEN", "The server hello has the extension pre_shared_key."),
];

/// The masks whose condition holds.
pub fn masked(bits: &[(u8, bool)]) -> u8 {
    bits.iter().filter(|(_, holds)| *holds).fold(0, |mask, (bit, _)| mask | bit)
}
