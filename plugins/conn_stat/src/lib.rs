//! How many flows and peers the two hosts of a flow have at the moment its row is written.
//!
//! This is about many flows, so it is a row plugin: it hears of each direction that begins and of each that
//! ends, in the order of packets and rows, and counts those in between. Every IP version has addresses of its
//! own. Layer-2 flows are left out.

mod census;
mod table;

use census::{Asked, Census, Ends, Findings};
use weir_sdk::{Columns, FinishedRow, FinishedRows, Ip, RowPlugin, Side, Start, export_row_plugin};

/// Counts of live directions by host, pair, and port.
#[derive(Default)]
pub struct ConnStat {
    census: Census,
    /// Number of the conversation whose A's row was the last thing that happened.
    ended: Option<u64>,
    /// The directions that begin in a call, in order, and those of A that end; and how many of them have.
    starts: Vec<Option<Asked>>,
    rows: Vec<Option<Asked>>,
    next_start: usize,
    next_row: usize,
}

/// One row. Initiator and responder are those of the conversation, whichever of them sent this direction.
#[derive(Columns, Clone, Debug, Default, PartialEq)]
#[columns(scope = "direction", unit = "none", tags = ["statistical"], source = "count over the directions that live")]
pub struct Row {
    /// In a direction of A: to how many different responders its source has live flows as initiator. In a
    /// direction of B: from how many different initiators its source has live flows as responder. This flow counts.
    #[column(tranalyzer = "connSip:U32", null = "0")]
    pub conn_src_peers: Option<u32>,
    /// In a direction of A: from how many different initiators its destination has live flows as responder. In a
    /// direction of B: to how many different responders its destination has live flows as initiator. This flow counts.
    #[column(tranalyzer = "connDip:U32", null = "0")]
    pub conn_dst_peers: Option<u32>,
    /// Live directions, of A and of B, between the same initiator and responder, this one included. A's row is
    /// written before B's, so B's counts one less.
    #[column(tranalyzer = "connSipDip:U32", null = "0")]
    pub conn_pair_flows: Option<u32>,
    /// Live directions, of A and of B, with the same initiator and the same port of the responder (0 where there
    /// are no ports), this one included. A's row is written before B's, so B's counts one less.
    #[column(tranalyzer = "connSipDprt:U32", null = "0")]
    pub conn_src_port_flows: Option<u32>,
    /// Live directions with the same initiator and port for each peer of the source; 0 if it has none.
    #[column(source = "conn_src_port_flows / conn_src_peers", tranalyzer = "connF:F", null = "0")]
    pub conn_port_ratio: Option<f32>,
    /// Live directions with the same initiator and port for each live direction between the two hosts.
    #[column(source = "conn_src_port_flows / conn_pair_flows", tranalyzer = "connG:F", null = "0")]
    pub conn_pair_ratio: Option<f32>,
    /// Packets that the source of this direction sent in directions that have ended, this one included, since it
    /// last had no live one.
    #[column(unit = "packets", source = "sum of packets_sent", tranalyzer = "connNumPCnt:U64", null = "0")]
    pub conn_src_packets: Option<u64>,
    /// Layer-7 bytes that the source of this direction sent in directions that have ended, this one included,
    /// since it last had no live one.
    #[column(unit = "bytes", source = "sum of l7_bytes_sent", tranalyzer = "connNumBCnt:U64", null = "0")]
    pub conn_src_bytes: Option<u64>,
}

/// Places in [`RowPlugin::NEEDS`].
mod need {
    pub(super) const SRC_IP: usize = 0;
    pub(super) const SRC_PORT: usize = 1;
    pub(super) const DST_IP: usize = 2;
    pub(super) const DST_PORT: usize = 3;
    pub(super) const PACKETS: usize = 4;
    pub(super) const BYTES: usize = 5;
}

impl RowPlugin for ConnStat {
    const NAME: &'static str = "conn_stat";
    const SUMMARY: &'static str = "live flows and peers of a flow's hosts when it ends";
    const ORDER: u16 = 500;
    const NEEDS: &'static [&'static str] =
        &["src_ip", "src_port", "dst_ip", "dst_port", "packets_sent", "l7_bytes_sent"];

    type Options = ();
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self::default())
    }

    fn starts<'a>(&mut self, starts: impl Iterator<Item = &'a Start>) {
        self.census.ask_for(starts.map(ends_of_start), &mut self.starts);
        self.next_start = 0;
    }

    fn batch(&mut self, rows: &FinishedRows<'_>) {
        // B's counts stand where those of A do.
        let first = rows.iter().filter(|row| row.letter() == Side::A);
        self.census.ask_for(first.map(|row| ends_of_row(&row)), &mut self.rows);
        self.next_row = 0;
    }

    fn started(&mut self, _start: &Start) {
        self.ended = None;
        if let Some(Some(asked)) = self.starts.get(self.next_start) {
            self.census.begin_asked(asked);
        }
        self.next_start += 1;
    }

    fn row(&mut self, row: &FinishedRow<'_>) -> Row {
        let sent = (row.u64(need::PACKETS).unwrap_or(0), row.u64(need::BYTES).unwrap_or(0));
        if row.letter() == Side::B {
            self.row_of_b(row, sent)
        } else {
            self.next_row += 1;
            let Some(Some(asked)) = self.rows.get(self.next_row - 1) else {
                self.ended = None;
                return Row::default();
            };
            self.ended = Some(row.flow_index());
            Row::of(asked.ends.side, &self.census.end_asked(asked, sent))
        }
    }
}

impl ConnStat {
    fn row_of_b(&mut self, row: &FinishedRow<'_>, sent: (u64, u64)) -> Row {
        let follows_a = self.ended.take() == Some(row.flow_index());
        if follows_a && let Some(found) = self.census.end_opposite(sent) {
            return Row::of(Side::B, &found);
        }
        match ends_of_row(row) {
            Some(ends) => Row::of(ends.side, &self.census.end(&ends, sent)),
            None => Row::default(),
        }
    }
}

impl Row {
    fn of(side: Side, found: &Findings) -> Self {
        let Findings { initiator, responder, pair, port } = *found;
        let (source, src_peers, dst_peers) = match side {
            Side::A => (initiator, initiator.contacted, responder.contacting),
            Side::B => (responder, responder.contacting, initiator.contacted),
        };
        Self {
            conn_src_peers: Some(src_peers),
            conn_dst_peers: Some(dst_peers),
            conn_pair_flows: Some(pair),
            conn_src_port_flows: Some(port),
            conn_port_ratio: Some(ratio(port, src_peers)),
            conn_pair_ratio: Some(ratio(port, pair)),
            conn_src_packets: Some(source.packets),
            conn_src_bytes: Some(source.bytes),
        }
    }
}

fn ends_of_start(start: &Start) -> Option<Ends> {
    ends(start.side(), (start.src_ip(), start.dst_ip()), (start.src_port, start.dst_port))
}

fn ends_of_row(row: &FinishedRow<'_>) -> Option<Ends> {
    let port = |need| row.u16(need).unwrap_or(0);
    let addresses = (row.ip(need::SRC_IP), row.ip(need::DST_IP));
    ends(row.side(), addresses, (port(need::SRC_PORT), port(need::DST_PORT)))
}

/// Who asked whom at which port; none for layer 2.
fn ends(side: Side, (src, dst): (Option<Ip>, Option<Ip>), (src_port, dst_port): (u16, u16)) -> Option<Ends> {
    let (src, dst) = (src?, dst?);
    Some(match side {
        Side::A => Ends { initiator: src, responder: dst, port: dst_port, side },
        Side::B => Ends { initiator: dst, responder: src, port: src_port, side },
    })
}

fn ratio(part: u32, whole: u32) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

export_row_plugin!(ConnStat);

#[cfg(test)]
mod tests;
