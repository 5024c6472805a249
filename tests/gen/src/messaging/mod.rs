//! Messaging traffic: conversations with payloads and times, as messengers and push services have them.
//!
//! All of it is synthetic: records have the lengths and headers that the protocols say, and random bytes where theirs
//! are encrypted. A function builds a [`Conversation`] from what a user would do; that becomes packets, which may be
//! disturbed as networks do it, and merged with those of others.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`conversation`] | what two hosts say, and when → packets |
//! | [`disturb`] | packets out of order, repeated, or of several conversations |
//! | [`tls`] | records and hellos of TLS, lengths by cipher |
//! | [`mmtls`] | WeChat's record protocol over HTTP (short link) and TCP (long link) |
//! | [`apns`] | a device and its push courier |
//! | [`lookalike`] | what resembles these and is none |
//! | [`mod@scenes`] | one capture for each behaviour, by name |
//!
//! ```
//! use weir_traffic::messaging::conversation::{Line, MILLISECOND, START_NS};
//! use weir_traffic::messaging::mmtls::{Handshake, Records, ShortLink, short_link};
//! use weir_traffic::messaging::tcp_v4;
//! use weir_traffic::{Format, capture};
//!
//! let line = Line { start_ns: START_NS + 5 * MILLISECOND, ..tcp_v4([192, 0, 2, 10], [203, 0, 113, 80], 80) };
//! let upload = ShortLink { handshake: Handshake::EarlyPsk, up: 4_000, ..ShortLink::default() };
//! let packets = short_link(line, &mut Records::new(4, 1), &upload).packets();
//! assert!(!capture(&packets, Format::PcapMicros).is_empty());
//! ```

pub mod apns;
pub mod conversation;
pub mod disturb;
pub mod lookalike;
pub mod mmtls;
pub mod scenes;
pub mod tls;

pub use conversation::{Conversation, Line, Speaker};
pub use scenes::{Scene, scenes};

use crate::packet::Ends;
use conversation::START_NS;

/// The port that clients have unless said.
const CLIENT_PORT: u16 = 50_000;

/// A connection over IPv4 to this port, from the usual start on.
pub fn tcp_v4(client: [u8; 4], server: [u8; 4], port: u16) -> Line {
    Line { ends: Ends::V4(client.into(), server.into()), ports: (CLIENT_PORT, port), start_ns: START_NS }
}

/// A connection over IPv6 to this port, from the usual start on.
pub fn tcp_v6(client: [u16; 8], server: [u16; 8], port: u16) -> Line {
    Line { ends: Ends::V6(client.into(), server.into()), ports: (CLIENT_PORT, port), start_ns: START_NS }
}
