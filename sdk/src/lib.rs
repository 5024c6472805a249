//! Everything that the author of a weir plugin imports.

pub mod abi;
pub mod columns;
pub mod options;
pub mod packet;
pub mod plugin;
pub mod status;
pub mod testing;
pub mod value;

pub use arrayvec::ArrayVec;
pub use columns::{Bit, Columns};
pub use options::Options;
pub use packet::{Packet, PacketFacts, Side, flag};
pub use plugin::{End, FlowPlugin, HeaderChain, Interest, State};
pub use value::{Duration, Ip, Mac, Time};
pub use weir_sdk_derive::{Columns, Options};
