//! Descriptions of packets → the rows that weir must write.
//!
//! Slow and obvious: all packets of a direction stand in a list, every live direction is looked at for each
//! packet, and columns are computed at the end, from their definitions. Nothing here decodes, hashes, or shares
//! code with weir; what a packet is comes from its description ([`weir_traffic::Packet`]).
//!
//! | module | what it is for |
//! | --- | --- |
//! | `seen` | one packet: key, length, status bits, header chain |
//! | `record` | one direction of a flow, with all of its packets |
//! | `follow` | packets → directions, and when they end |
//! | `datagrams` | later fragments find the direction of their first one |
//! | `tcp` | the state machine that sets timeouts |
//! | `measure` | the packets of a direction → its columns |
//! | `value` | what is expected of a cell, and whether a cell is that |

mod datagrams;
mod follow;
mod measure;
mod record;
mod seen;
mod tcp;
mod value;

use weir_traffic::Packet;

pub use value::{Column, Value};

/// What a run over a capture must give.
pub struct Expected {
    /// The rows; for each, its columns.
    pub rows: Vec<Vec<Column>>,
    /// The rows stand in the order in which they must be written. False where flows end while a later fragment
    /// has refreshed the time of a direction but not its place in the order of use: Tranalyzer's walk then stops
    /// too early, ours does not.
    pub order_is_defined: bool,
    /// False where a fragment meets the registration of a flow that has ended, which is not defined.
    pub fragments_are_defined: bool,
}

/// The rows of a capture with these packets, in this order.
pub fn expected(packets: &[Packet]) -> Expected {
    let mut run = follow::Run::default();
    packets.iter().for_each(|packet| run.packet(packet));
    run.end_of_input();
    Expected {
        rows: run.written.iter().map(|&number| measure::columns(&run.records, number)).collect(),
        order_is_defined: run.order_is_defined,
        fragments_are_defined: run.datagrams.are_defined,
    }
}
