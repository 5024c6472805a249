//! Cuts a stream of packets into dialogs and sessions.

use std::collections::BTreeSet;

use weir_sdk::Ip;

use crate::row::{DialogRow, Lists};

/// A packet with payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Never before that of the packet before it in its stream.
    pub time_ns: i64,
    /// Of its payload.
    pub len: u32,
    /// The client did not send it, but got it.
    pub is_answer: bool,
}

/// Where dialogs and sessions end.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// More than so long without a packet ends a session.
    pub session_ns: i64,
    /// More than so long without a packet ends a dialog.
    pub dialog_ns: i64,
    /// Packets at least as long as this are large.
    pub large: u32,
}

/// Dialogs that ended.
#[derive(Default)]
pub struct Written {
    /// Those that are in no table yet.
    pub rows: Vec<DialogRow>,
    /// How many there were.
    pub dialogs: u64,
    /// How many sessions had a dialog among them; the last number that was given to one.
    pub sessions: u64,
    /// Memory for what a dialog's numbers are made from.
    lists: Lists,
}

/// A stream that is being cut.
#[derive(Default)]
pub struct Cutter {
    session: Option<Session>,
    /// Packets of the last dialog, which has not ended.
    packets: Vec<Packet>,
    /// Flows that they belong to.
    flows: Flows,
}

/// Distinct flows, of which there is mostly one.
#[derive(Default)]
struct Flows {
    first: Option<u64>,
    others: BTreeSet<u64>,
}

/// A session that has not ended.
#[derive(Clone, Copy, Default)]
struct Session {
    /// Latest time of a packet.
    last_ns: i64,
    /// Its number, once a dialog of it has ended, and how many have.
    number: u64,
    dialogs: u64,
    /// Latest time of the dialog before.
    before_ns: Option<i64>,
}

/// A dialog that ended.
pub struct Ended<'a> {
    pub session: u64,
    pub dialog: u64,
    pub before_ns: Option<i64>,
    pub packets: &'a [Packet],
    /// How many flows they belong to.
    pub flows: u64,
}

/// Cuts a stream of one flow whose packets are complete.
pub fn cut_whole(packets: &[Packet], rules: &Rules, of: Stream, written: &mut Written) {
    let is_within = |silence_ns: i64, one: i64, next: i64| next.saturating_sub(one) <= silence_ns;
    let mut session = Session::default();
    for dialog in packets.chunk_by(|one, next| is_within(rules.dialog_ns, one.time_ns, next.time_ns)) {
        let [first, ..] = dialog else { continue };
        if !is_within(rules.session_ns, session.last_ns, first.time_ns) {
            session = Session::default();
        }
        session.last_ns = dialog.last().map_or(first.time_ns, |last| last.time_ns);
        session.end_dialog(dialog, 1, rules, of, written);
    }
}

impl Cutter {
    /// Packets of the dialog that has not ended.
    pub fn held(&self) -> usize {
        self.packets.len()
    }

    /// Whether there is neither dialog nor session.
    pub fn is_idle(&self) -> bool {
        self.session.is_none()
    }

    /// Takes the next packet of the stream, after [`reach`](Self::reach)ing its time.
    pub fn take(&mut self, packet: Packet, flow: u64) {
        self.session.get_or_insert_default().last_ns = packet.time_ns;
        self.packets.push(packet);
        self.flows.insert(flow);
    }

    /// No packet before this time will come: ends what is over.
    pub fn reach(&mut self, time_ns: i64, rules: &Rules, of: Stream, written: &mut Written) {
        let Some(session) = &self.session else { return };
        let silence = time_ns.saturating_sub(session.last_ns);
        if silence > rules.dialog_ns {
            self.end_dialog(rules, of, written);
        }
        if silence > rules.session_ns {
            self.session = None;
        }
    }

    /// No packet will come.
    pub fn end(&mut self, rules: &Rules, of: Stream, written: &mut Written) {
        self.end_dialog(rules, of, written);
        self.session = None;
    }

    fn end_dialog(&mut self, rules: &Rules, of: Stream, written: &mut Written) {
        let Some(session) = self.session.as_mut().filter(|_| !self.packets.is_empty()) else { return };
        session.end_dialog(&self.packets, self.flows.count(), rules, of, written);
        // Not only cleared: of many idle clients, each may have had one long dialog.
        self.packets = Vec::new();
        self.flows = Flows::default();
    }
}

impl Session {
    /// Writes its next dialog.
    fn end_dialog(
        &mut self,
        packets: &[Packet],
        flows: u64,
        rules: &Rules,
        of: Stream,
        written: &mut Written,
    ) {
        if self.dialogs == 0 {
            written.sessions += 1;
            self.number = written.sessions;
        }
        self.dialogs += 1;
        written.dialogs += 1;
        let Self { number: session, dialogs: dialog, before_ns, .. } = *self;
        let ended = Ended { session, dialog, before_ns, packets, flows };
        written.rows.push(DialogRow::of(&ended, rules.large, of, &mut written.lists));
        self.before_ns = Some(self.last_ns);
    }
}

impl Flows {
    fn insert(&mut self, flow: u64) {
        if *self.first.get_or_insert(flow) != flow {
            self.others.insert(flow);
        }
    }

    fn count(&self) -> u64 {
        u64::from(self.first.is_some()) + self.others.len() as u64
    }
}

/// Whose packets a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    pub client: Ip,
    /// The flow, if it is of one only.
    pub flow: Option<u64>,
}
