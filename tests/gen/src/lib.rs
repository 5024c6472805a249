//! Descriptions of packets → captures.
//!
//! A test says what a packet is ([`Packet`]); this crate makes the frame with right lengths and checksums, and
//! writes frames as a capture. What a test expects of a packet it takes from the description, so that no
//! decoder stands between the two. Everything is a function of its arguments: the same seed gives the same
//! bytes on every machine.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`packet`] | what a packet is made of |
//! | [`frame`] | packet → bytes on the wire |
//! | [`fragments`] | one datagram → its fragments |
//! | [`mod@capture`] | packets → pcap or pcapng |
//! | [`random`] | numbers from a seed |
//! | [`mod@bench`] | a large capture that resembles a link with many users |
//! | [`sample`] | the small capture that stands in the repository |
//! | [`labelled`] | synthetic captures with labels, for recipes that train models |
//! | [`messaging`] | conversations of messengers and push services, with payloads and times |

pub mod bench;
pub mod capture;
pub mod fragments;
pub mod frame;
pub mod labelled;
pub mod messaging;
pub mod packet;
pub mod random;
pub mod sample;

pub use bench::bench_capture;
pub use capture::{Format, capture};
pub use packet::Packet;
