//! Sessions and dialogs: payload packets of a flow, or of all flows of a client, cut at idle gaps.
//!
//! Fu et al., *Service Usage Classification with Encrypted Internet Traffic in Mobile Messaging Apps* (IEEE TMC 2016),
//! cut the traffic of a user in two steps: at long gaps into sessions, at short ones into dialogs, and tell what a
//! dialog was for by the lengths of its packets and the delays between them. Each dialog is a row of the table
//! `dialogs` (`row.rs`); how a stream is cut stands in `cut.rs`, how the flows of a client become one in `clients.rs`.
//!
//! Both thresholds depend on who is watched, so they are best learnt from gaps: `python/weir/gaps.py` finds the valleys
//! of their histogram.

mod clients;
mod cut;
mod row;
mod stats;

use clients::Clients;
use cut::{Packet, Rules, Stream, Written, cut_whole};
use row::DialogRow;
use weir_sdk::{
    Columns, Duration, FinishedRow, Options, RowPlugin, Side, Start, Table, Tables, export_row_plugin,
};

/// Cuts flows or clients into dialogs.
pub struct Dialogs {
    rules: Rules,
    /// None where each flow is a stream of its own.
    clients: Option<Clients>,
    written: Written,
    /// Those of the flow at hand, where each is a stream of its own.
    packets: Vec<Packet>,
    /// What the row of A said, which that of B repeats.
    row: Row,
    /// Flows with packets that are not listed, and how many packets those are.
    missing: (u64, u64),
    /// The same of packets that there was no room for.
    given_up: (u64, u64),
}

/// Where dialogs end, and whose packets they are made of.
#[derive(Options)]
pub struct DialogOptions {
    /// What makes a stream of packets: `flow`, the packets of one flow, or `client`, those of all flows with the same
    /// initiator, in the order of time.
    #[option(default = "flow")]
    by: String,
    /// More than so long without a packet ends a session. The default is a rule of thumb: learn it from the gaps of your
    /// own traffic.
    #[option(default = "60s")]
    session: Duration,
    /// More than so long without a packet ends a dialog; no more than `session`. The default is a rule of thumb, too.
    #[option(default = "2s")]
    dialog: Duration,
    /// Packets whose layer-7 length is at least so many bytes are large.
    #[option(default = "1000")]
    large: u32,
    /// With `by` = `client`, so many packets may wait for older flows to end or stand in dialogs that have not ended
    /// (16 bytes each); a flow that ends and whose packets would be more is left out and counted.
    #[option(default = "10000000")]
    most: usize,
}

/// What the flow's row says.
#[derive(Columns, Clone, Copy, Debug, Default, PartialEq)]
#[columns(scope = "flow", tags = ["counter"])]
pub struct Row {
    /// Sessions of the flow, whose packets are those that `dialog_index` of the table `dialogs` tells of; absent where
    /// they are grouped by client, whose dialogs are complete only later.
    #[column(unit = "none", source = "Fu et al. 2016, IEEE TMC 15(11)")]
    pub dialogs_sessions: Option<u64>,
    /// Dialogs of the flow; absent where packets are grouped by client.
    #[column(unit = "none", source = "Fu et al. 2016")]
    pub dialogs_count: Option<u64>,
    /// Packets of the flow with a layer-7 length above 0 that are in no dialog, since `first_packets` does not list them:
    /// list all with its option `count` = 0.
    #[column(unit = "packets", source = "first_packets_unlisted_payloads")]
    pub dialogs_packets_missing: u64,
    /// Packets of the flow with a layer-7 length above 0 that are in no dialog, since more would have waited than the
    /// option `most` allows.
    #[column(unit = "packets", source = "weir")]
    pub dialogs_packets_given_up: u64,
}

/// Places in [`RowPlugin::NEEDS`].
mod need {
    pub(super) const SRC_IP: usize = 0;
    pub(super) const DST_IP: usize = 1;
    pub(super) const START: usize = 2;
    pub(super) const TIMES: usize = 3;
    pub(super) const LENGTHS: usize = 4;
    pub(super) const DIRECTIONS: usize = 5;
    pub(super) const MISSING: usize = 6;
}

impl RowPlugin for Dialogs {
    const NAME: &'static str = "dialogs";
    const SUMMARY: &'static str =
        "payload packets cut at idle gaps, a row for each dialog in the table `dialogs`";
    const ORDER: u16 = 820;
    const ON_BY_DEFAULT: bool = false;
    const NEEDS: &'static [&'static str] = &[
        "src_ip",
        "dst_ip",
        "first_packets_start",
        "first_packets_time",
        "first_packets_payload_len",
        "first_packets_direction",
        "first_packets_unlisted_payloads",
    ];
    const TABLES: &'static [Table] =
        &[Table::of::<DialogRow>("dialogs", "Payload packets of a flow or client between two idle gaps.")];

    type Options = DialogOptions;
    type Row<'a> = Row;

    fn open(options: DialogOptions) -> Result<Self, String> {
        let DialogOptions { by, session, dialog, large, most } = options;
        let rules = rules(session, dialog, large)?;
        let clients = match by.as_str() {
            "flow" => None,
            "client" => Some(Clients::new(rules, most)),
            _ => return Err(format!("`by` is `{by}`, but it must be `flow` or `client`")),
        };
        let (written, packets) = (Written::default(), Vec::new());
        Ok(Self { rules, clients, written, packets, row: Row::default(), missing: (0, 0), given_up: (0, 0) })
    }

    fn started(&mut self, start: &Start) {
        if let Some(clients) = &mut self.clients {
            clients.started(start);
        }
    }

    fn row(&mut self, row: &FinishedRow<'_>) -> Row {
        if row.letter() == Side::A {
            self.row = self.conversation(row);
        }
        self.row
    }

    fn table_rows(&mut self, tables: &mut Tables<'_>) {
        self.written.rows.drain(..).for_each(|row| tables.add(0, row));
    }

    fn last_table_rows(&mut self, tables: &mut Tables<'_>) {
        if let Some(clients) = &mut self.clients {
            clients.end(&mut self.written);
        }
        self.table_rows(tables);
    }

    fn last_notice(&self) -> Option<String> {
        let missing = told(
            self.missing,
            "`first_packets` does not list them; list all with `-o first_packets.count=0`",
        );
        let given_up = told(self.given_up, "too many waited; let more wait with `-o dialogs.most=N`");
        match (missing, given_up) {
            (Some(missing), Some(given_up)) => Some(format!("{missing}; {given_up}")),
            (missing, given_up) => missing.or(given_up),
        }
    }
}

fn rules(session: Duration, dialog: Duration, large: u32) -> Result<Rules, String> {
    if dialog.0 <= 0 || dialog > session {
        return Err("`dialog` must be above 0 and no longer than `session`".into());
    }
    Ok(Rules { session_ns: session.0, dialog_ns: dialog.0, large })
}

fn told((flows, packets): (u64, u64), why: &str) -> Option<String> {
    (packets > 0).then(|| format!("{packets} payload packets of {flows} flows are in no dialog, since {why}"))
}

impl Dialogs {
    /// A conversation ended.
    fn conversation(&mut self, row: &FinishedRow<'_>) -> Row {
        let missing = row.u64(need::MISSING).unwrap_or(0);
        count(&mut self.missing, missing);
        let found = Row { dialogs_packets_missing: missing, ..Row::default() };
        // A direction without opposite has the letter A even if the responder sent it.
        let is_answer = row.side() == Side::B;
        let Some(client) = row.ip(if is_answer { need::DST_IP } else { need::SRC_IP }) else { return found };
        let flow = row.flow_index();
        let Some(clients) = &mut self.clients else {
            self.packets.clear();
            self.packets.extend(packets(row, is_answer));
            let (sessions, dialogs) = self.cut(Stream { client, flow: Some(flow) });
            return Row { dialogs_sessions: Some(sessions), dialogs_count: Some(dialogs), ..found };
        };
        let packets: Vec<Packet> = packets(row, is_answer).collect();
        let count_of_packets = packets.len() as u64;
        if clients.take(Stream { client, flow: None }, flow, packets, &mut self.written) {
            return found;
        }
        count(&mut self.given_up, count_of_packets);
        Row { dialogs_packets_given_up: count_of_packets, ..found }
    }

    /// Cuts the packets at hand; gives how many sessions and dialogs that made.
    fn cut(&mut self, of: Stream) -> (u64, u64) {
        let Self { rules, written, packets, .. } = self;
        let before = (written.sessions, written.dialogs);
        cut_whole(packets, rules, of, written);
        (written.sessions - before.0, written.dialogs - before.1)
    }
}

/// One more flow that so many packets are left out of.
fn count((flows, packets): &mut (u64, u64), more: u64) {
    *flows += u64::from(more > 0);
    *packets += more;
}

/// The packets with payload that are listed of a flow, with times that never step back.
fn packets<'a>(row: &FinishedRow<'a>, is_answer: bool) -> impl Iterator<Item = Packet> + use<'a> {
    let start = row.nanoseconds(need::START).unwrap_or(0);
    let lists =
        row.integers(need::TIMES).zip(row.integers(need::LENGTHS)).zip(row.integers(need::DIRECTIONS));
    let mut latest = i64::MIN;
    let with_payload = lists.filter(|((_, len), _)| *len > 0);
    with_payload.map(move |((since, len), direction)| {
        latest = latest.max(start.saturating_add(since));
        Packet { time_ns: latest, len: len as u32, is_answer: is_answer != (direction == 1) }
    })
}

export_row_plugin!(Dialogs);

#[cfg(test)]
mod tests;
