//! Names of the bits of the mask.

use weir_sdk::Bit;

pub const ADDRESS: u16 = 0x01;
pub const PORT: u16 = 0x02;
pub const ALPN: u16 = 0x04;
pub const SNI: u16 = 0x08;
pub const PATTERN: u16 = 0x10;
pub const PUSH_NETWORK: u16 = 0x20;
pub const FALLBACK_PORT: u16 = 0x40;
pub const PROVIDER: u16 = 0x80;
pub const ANY_PORT: u16 = PORT | FALLBACK_PORT | PROVIDER;

pub const EVIDENCE: &[Bit] = &[
    bit(
        ADDRESS,
        "ADDRESS",
        "The server is in 17.0.0.0/8, 2620:149::/32, 2403:300::/32, or 2a01:b740::/32; behind 64:ff9b::/96 the IPv4 address counts, also for PUSH_NETWORK.",
    ),
    bit(PORT, "PORT", "The server's port is 5223."),
    bit(ALPN, "ALPN", "The client offers, or the server chooses, a protocol whose name begins with `apns-`."),
    bit(
        SNI,
        "SNI",
        "The client names a host below push.apple.com whose first label has, between hyphens, the word `courier` with or without digits behind it, or is `api`, `gateway`, or `feedback`.",
    ),
    bit(
        PATTERN,
        "PATTERN",
        "A notification was acknowledged, or a keep-alive answered, by lengths of the cipher.",
    ),
    bit(
        PUSH_NETWORK,
        "PUSH_NETWORK",
        "The server is in 17.249.0.0/16, 17.252.0.0/16, 17.57.144.0/22, 17.188.128.0/18, 17.188.20.0/23, 2620:149:a44::/48, 2403:300:a42::/48, 2403:300:a51::/48, or 2a01:b740:a42::/48.",
    ),
    bit(FALLBACK_PORT, "FALLBACK_PORT", "The server's port is 443."),
    bit(
        PROVIDER,
        "PROVIDER",
        "The client is a provider of notifications: the server's port is 2195, 2196, or 2197, or its name begins with `api`, `gateway`, or `feedback` as for SNI.",
    ),
];

const fn bit(mask: u16, name: &'static str, meaning: &'static str) -> Bit {
    Bit { mask: mask as u64, name, meaning }
}
