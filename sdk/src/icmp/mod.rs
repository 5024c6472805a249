//! ICMP and ICMPv6 messages, and the packet that an error message quotes: read once, for core, which looks for
//! the quoted flow, and for plugins.
//!
//! ```
//! use weir_sdk::icmp::Quoted;
//! use weir_sdk::testing::packet;
//!
//! let quotation = &packet().udp(2000, 53).frame()[14..][..28];
//! let quoted = Quoted::of(quotation).expect("a whole IP header is quoted");
//! assert_eq!((quoted.l4_proto, quoted.ports), (Some(17), Some((2000, 53))));
//! ```

mod message;
mod quoted;

pub use message::{Echo, Message};
pub use quoted::Quoted;
