//! Everything that the author of a weir plugin imports.

pub mod packet;
pub mod status;
pub mod value;

pub use packet::{Packet, PacketFacts, Side};
pub use value::{Duration, Ip, Mac, Time};
