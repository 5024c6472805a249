//! A packet in, the ICMP or ICMPv6 message that it carries out.
//!
//! Which of the two it is follows from the version of IP, as types mean nothing without it.

use super::Quoted;
use crate::{Packet, flag};

/// ICMP, RFC 792.
mod v4 {
    pub const ECHO_REPLY: u8 = 0;
    pub const DESTINATION_UNREACHABLE: u8 = 3;
    pub const SOURCE_QUENCH: u8 = 4;
    pub const REDIRECT: u8 = 5;
    pub const ECHO: u8 = 8;
    pub const TIME_EXCEEDED: u8 = 11;
    pub const PARAMETER_PROBLEM: u8 = 12;
    pub const TIMESTAMP: u8 = 13;
    pub const TIMESTAMP_REPLY: u8 = 14;
}

/// ICMPv6, RFC 4443.
mod v6 {
    pub const DESTINATION_UNREACHABLE: u8 = 1;
    pub const PARAMETER_PROBLEM: u8 = 4;
    pub const ECHO_REQUEST: u8 = 128;
    pub const ECHO_REPLY: u8 = 129;
}

/// First byte behind the header of a message: its data, or what an error quotes.
const BODY: usize = 8;

/// A message, as far as it was captured.
#[derive(Clone, Copy, Debug)]
pub struct Message<'p> {
    /// Carried by IPv6.
    pub is_v6: bool,
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    bytes: &'p [u8],
}

/// One half of an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Asks.
    Request,
    /// Answers.
    Reply,
}

impl<'p> Message<'p> {
    /// The message of a packet; nothing of a later fragment or if type and code were not captured.
    pub fn of(packet: &Packet<'p>) -> Option<Self> {
        if packet.has(flag::LATER_FRAGMENT) {
            return None;
        }
        let bytes = packet.l4_bytes();
        let &[kind, code] = bytes.first_chunk()?;
        Some(Self { is_v6: packet.ip_version == 6, kind, code, bytes })
    }

    /// The four bytes behind the checksum: identifier and sequence number of a query.
    pub fn identifier_and_sequence(&self) -> Option<u32> {
        self.bytes.get(4..BODY)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Where a query has its sequence number, whatever the message is.
    pub fn sequence(&self) -> Option<u16> {
        self.identifier_and_sequence().map(|both| both as u16)
    }

    /// What follows the header.
    pub fn body(&self) -> &'p [u8] {
        self.bytes.get(BODY..).unwrap_or(&[])
    }

    /// The packet that an error message quotes; nothing of other messages, or without a whole IP header.
    pub fn quoted(&self) -> Option<Quoted> {
        if self.is_error() { Quoted::of(self.body()) } else { None }
    }

    /// Which half of an echo this is.
    pub fn echo(&self) -> Option<Echo> {
        match (self.is_v6, self.kind) {
            (false, v4::ECHO) | (true, v6::ECHO_REQUEST) => Some(Echo::Request),
            (false, v4::ECHO_REPLY) | (true, v6::ECHO_REPLY) => Some(Echo::Reply),
            _ => None,
        }
    }

    /// Whether it asks for a time stamp or gives one.
    pub fn is_timestamp(&self) -> bool {
        !self.is_v6 && matches!(self.kind, v4::TIMESTAMP | v4::TIMESTAMP_REPLY)
    }

    /// Whether it quotes the packet that caused it.
    pub fn is_error(&self) -> bool {
        match self.kind {
            v6::DESTINATION_UNREACHABLE..=v6::PARAMETER_PROBLEM if self.is_v6 => true,
            v4::DESTINATION_UNREACHABLE
            | v4::SOURCE_QUENCH
            | v4::REDIRECT
            | v4::TIME_EXCEEDED
            | v4::PARAMETER_PROBLEM => !self.is_v6,
            _ => false,
        }
    }
}
