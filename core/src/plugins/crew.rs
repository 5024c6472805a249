//! The flow plugins of one worker, called a batch at a time. One of the few files with `unsafe`: each call
//! promises that rows belong to their conversations and that nobody else touches them meanwhile.

use weir_sdk::abi::{Ends, Fault, Instance, Packets, StatePlaces};
use weir_sdk::{Interest, Reads, StreamFacts};

use crate::plugins::cells::{Cells, Places, with_places};
use crate::plugins::error::PluginError;
use crate::plugins::fault::{PluginFault, hear, keep};
use crate::plugins::library::LoadedPlugin;
use crate::plugins::row_layout::RowLayout;
use crate::profile::{Stage, Stopwatch};
use crate::schema::RowShape;

struct Member {
    name: &'static str,
    instance: Option<Instance>,
    /// It panicked, and is called no more.
    failed: bool,
    /// It failed, but may still tell of conversations that had ended before.
    is_failing: bool,
    interest: Interest,
    stream_bytes: u64,
    reads: Reads,
    /// Where its state stands in a row.
    state: StatePlaces,
    /// Where what it gives stands among that of all plugins.
    places: Places,
}

/// What a packet is, as the place of a bit: twice its class, and one more with payload.
type Class = u8;

/// The flow plugins of one worker.
pub struct Crew {
    members: Vec<Member>,
    /// Columns of all plugins, those that read rows included.
    columns: usize,
    /// Tables of all plugins.
    tables: usize,
    /// A row of the output stands for a conversation, so cells of flow scope are read of A alone.
    of_conversations: bool,
    layout: RowLayout,
    selected: Vec<Selected>,
    /// What each packet of a batch is.
    classes: Vec<Class>,
    /// The same for those who read streams.
    stream_classes: Vec<Class>,
    faults: Vec<PluginFault>,
}

impl Crew {
    pub(crate) fn open(
        plugins: &[LoadedPlugin],
        options: &[(String, String, String)],
        shape: RowShape,
    ) -> Result<Self, PluginError> {
        let mut members = Vec::new();
        let flow_plugins = || with_places(plugins).filter(|(plugin, _)| !plugin.info.reads_rows);
        let (layout, states) = RowLayout::of(flow_plugins().map(|(plugin, _)| plugin.info.state));
        for ((plugin, places), state) in flow_plugins().zip(states) {
            let info = &plugin.info;
            members.push(Member {
                name: info.name,
                instance: Some(plugin.open(options)?),
                failed: false,
                is_failing: false,
                interest: info.interest,
                stream_bytes: info.stream_bytes,
                reads: info.reads,
                state,
                places,
            });
        }
        let mut selected: Vec<Selected> = Vec::new();
        for &Member { interest, stream_bytes, .. } in &members {
            let reads_streams = stream_bytes > 0;
            if interest != Interest::ALL
                && !selected.iter().any(|known| known.is_for(interest, reads_streams))
            {
                let wanted = wanted(interest);
                selected.push(Selected {
                    interest,
                    reads_streams,
                    wanted,
                    packets: Vec::new(),
                    has_all: false,
                });
            }
        }
        let columns = plugins.iter().map(|plugin| plugin.info.columns.len()).sum();
        let tables = plugins.iter().map(|plugin| plugin.info.tables.len()).sum();
        Ok(Self {
            members,
            columns,
            tables,
            of_conversations: shape == RowShape::Conversation,
            layout,
            selected,
            classes: Vec::new(),
            stream_classes: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// What plugins want the user to know before the run, a sentence each.
    pub fn notices(&mut self) -> Vec<String> {
        let mut notices = Vec::new();
        for member in &mut self.members {
            let instance = member.instance.as_mut().filter(|_| !member.failed);
            member.failed |= !hear(member.name, instance, false, &mut notices, &mut self.faults);
        }
        notices
    }

    /// Whether cells of flow scope are read of A alone, where a conversation has both directions.
    pub fn is_of_conversations(&self) -> bool {
        self.of_conversations
    }

    /// How the states of all plugins stand in a row.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// The most bytes of each direction's TCP stream that a plugin wants.
    pub fn stream_bytes(&self) -> u64 {
        self.members.iter().map(|member| member.stream_bytes).max().unwrap_or(0)
    }

    /// What of the bytes of packets plugins read.
    pub fn reads(&self) -> Reads {
        self.members.iter().fold(Reads::HEADERS, |all, member| all.and(member.reads))
    }

    /// Gives the rows of new conversations their first values.
    pub fn begin(&mut self, rows: &[*mut u8]) {
        if rows.is_empty() {
            return;
        }
        for member in &mut self.members {
            let state = member.state;
            // SAFETY: rows come from the slab, are as large and aligned as `layout` says, which
            // keeps the plugin's parts apart from the others'; only this thread has this slab.
            let called = member.working().map(|instance| unsafe { instance.begin(rows, state) });
            note(member, &mut self.faults, "began a flow", called);
        }
    }

    /// Hands a batch of packets to each plugin.
    pub fn packets(&mut self, packets: &Packets<'_>, watch: &mut Stopwatch) {
        if packets.facts.is_empty() {
            return;
        }
        self.select(packets);
        for member in &mut self.members {
            let state = member.state;
            let is_own = |selected: &&Selected| selected.is_for(member.interest, member.stream_bytes > 0);
            let selected = self.selected.iter().find(is_own).and_then(Selected::packets);
            let called = member
                .working()
                // SAFETY: as above; every row has been through `begin`, rows and facts go one by one.
                .map(|instance| unsafe { instance.packets(packets, state, selected) });
            note(member, &mut self.faults, "took packet", called);
            watch.lap(Stage { work: "packets", plugin: member.name });
        }
    }

    /// Lists the packets of a batch that each interest names.
    fn select(&mut self, packets: &Packets<'_>) {
        let Self { selected, classes, stream_classes, .. } = self;
        if selected.is_empty() {
            return;
        }
        classes.clear();
        classes.extend(packets.facts.iter().map(|facts| class(Interest::of(facts))));
        if selected.iter().any(|selected| selected.reads_streams) {
            stream_classes.clone_from(classes);
            note_brought(packets.streams, stream_classes);
        }
        for selected in selected {
            selected.choose(if selected.reads_streams { stream_classes } else { classes });
        }
    }

    /// The cells of ended directions, but for those that [`RowCrew`](super::RowCrew) fills in.
    pub fn finish<'a>(&'a mut self, ends: &'a Ends<'a>, watch: &mut Stopwatch) -> Cells<'a> {
        let mut cells = Cells::none(self.columns, self.tables);
        for member in &mut self.members {
            let state = member.state;
            let instance = member.instance.as_mut().filter(|_| !member.failed);
            // SAFETY: as above; core does not call `packets` with these rows again before `begin`.
            let given = instance.map(|instance| unsafe { instance.finish(ends, state) });
            member.failed |= !keep(member.name, given, &member.places, &mut cells, &mut self.faults);
            watch.lap(Stage { work: "rows", plugin: member.name });
        }
        cells
    }

    /// Whether a plugin has failed that may still tell of conversations that had ended before.
    pub fn is_failing(&self) -> bool {
        self.members.iter().any(|member| member.is_failing)
    }

    /// Plugins that failed tell of no conversation any more.
    pub fn give_up(&mut self) {
        for member in &mut self.members {
            member.failed |= std::mem::take(&mut member.is_failing);
        }
    }

    /// Why plugins failed since this was last asked, each plugin once in a run.
    pub fn take_faults(&mut self) -> Vec<PluginFault> {
        std::mem::take(&mut self.faults)
    }
}

impl Member {
    /// The instance, unless it failed or is about to.
    fn working(&mut self) -> Option<&mut Instance> {
        self.instance.as_mut().filter(|_| !self.failed && !self.is_failing)
    }
}

/// What a failed instance keeps may be broken, so not even its `drop` is called.
impl Drop for Member {
    fn drop(&mut self) {
        if self.failed || self.is_failing {
            std::mem::forget(self.instance.take());
        }
    }
}

/// The packets of a batch that some plugins want.
struct Selected {
    interest: Interest,
    reads_streams: bool,
    /// The classes that are wanted, a bit each.
    wanted: u32,
    packets: Vec<u32>,
    /// All packets of the batch are wanted, and not listed.
    has_all: bool,
}

impl Selected {
    /// Lists the packets that are wanted, by the classes of all. Most often all are, or none.
    fn choose(&mut self, classes: &[Class]) {
        let met = classes.iter().fold(0, |met, class| met | 1u32 << (class % 32));
        self.has_all = met & !self.wanted == 0;
        self.packets.clear();
        if !self.has_all && met & self.wanted != 0 {
            select(self.wanted, classes, &mut self.packets);
        }
    }

    /// The places of those that are wanted; none if all are.
    fn packets(&self) -> Option<&[u32]> {
        (!self.has_all).then_some(&self.packets)
    }

    fn is_for(&self, interest: Interest, reads_streams: bool) -> bool {
        self.interest == interest && self.reads_streams == reads_streams
    }
}

/// The class of what a packet is.
#[inline]
fn class(packet: Interest) -> Class {
    let kind = (packet.0 & Interest::ALL.0).trailing_zeros() as Class;
    let has_payload = Class::from(packet.0 & Interest::WITH_PAYLOAD.0 != 0);
    kind * 2 + has_payload
}

/// Who reads streams is also shown a packet without payload that brings bytes which had waited.
fn note_brought(streams: &[StreamFacts], classes: &mut [Class]) {
    classes.iter_mut().zip(streams).for_each(|(class, stream)| *class |= Class::from(stream.len > 0));
}

/// The classes that an interest names.
fn wanted(interest: Interest) -> u32 {
    let kinds = (0..Interest::ALL.0.count_ones()).map(|kind| Interest(1 << kind));
    let packets = kinds.flat_map(|kind| [kind, kind.and(Interest::WITH_PAYLOAD)]);
    packets.filter(|&packet| interest.wants(packet)).fold(0, |all, packet| all | 1 << class(packet))
}

/// Lists the packets that are wanted. Without a branch for each: what comes next is not to be foreseen.
fn select(wanted: u32, classes: &[Class], selected: &mut Vec<u32>) {
    selected.resize(classes.len(), 0);
    let mut count = 0;
    for (&class, index) in classes.iter().zip(0..) {
        selected[count] = index;
        count += (wanted >> (class % 32) & 1) as usize;
    }
    selected.truncate(count);
}

/// Keeps what a call said if it failed; the plugin takes no further part but for what had ended before.
fn note(
    member: &mut Member,
    faults: &mut Vec<PluginFault>,
    doing: &'static str,
    called: Option<Result<(), Fault>>,
) {
    if let Some(Err(fault)) = called {
        member.is_failing = true;
        faults.push(PluginFault { plugin: member.name, doing, fault });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_streams_is_shown_what_brings_bytes() {
        let with_payload = Interest::TCP.and(Interest::WITH_PAYLOAD);
        let classes = [Interest::TCP, with_payload, Interest::TCP, Interest::UDP.and(Interest::WITH_PAYLOAD)];
        let classes = classes.map(class);
        let mut stream_classes = classes;
        note_brought(
            &[0, 5, 7, 0].map(|len| StreamFacts { len, ..StreamFacts::default() }),
            &mut stream_classes,
        );
        let mut selected = vec![9; 9];
        select(wanted(with_payload), &classes, &mut selected);
        assert_eq!(selected, [1]);
        select(wanted(with_payload), &stream_classes, &mut selected);
        assert_eq!(selected, [1, 2]);
        select(wanted(Interest::TCP), &stream_classes, &mut selected);
        assert_eq!(selected, [0, 1, 2]);
    }

    #[test]
    fn interests_name_the_packets_that_they_want() {
        let kinds = [Interest::LAYER_2, Interest::TCP, Interest::UDP, Interest::ICMP, Interest::OTHER_IP];
        let packets = kinds.map(|kind| [kind, kind.and(Interest::WITH_PAYLOAD)]).concat();
        let classes: Vec<Class> = packets.iter().copied().map(class).collect();
        let interests = [Interest::IP, Interest::TCP.and(Interest::UDP), Interest::ALL, Interest(0)];
        for interest in interests.into_iter().flat_map(|one| [one, one.and(Interest::WITH_PAYLOAD)]) {
            let mut selected = vec![9; 9];
            select(wanted(interest), &classes, &mut selected);
            let expected: Vec<u32> =
                (0..10).filter(|&index| interest.wants(packets[index as usize])).collect();
            assert_eq!(selected, expected, "{interest:?}");
        }
    }
}
