//! The plugins of one worker, called a batch at a time. One of the few files with `unsafe`: each call
//! promises that rows belong to their conversations and that nobody else touches them meanwhile.

use weir_sdk::Interest;
use weir_sdk::abi::{ColumnCells, Ends, Fault, Instance, NotOpened, Packets};

use crate::plugins::error::PluginError;
use crate::plugins::library::LoadedPlugin;

/// A plugin that failed while packets were read.
#[derive(Clone, Debug)]
pub struct PluginFault {
    /// The plugin.
    pub plugin: &'static str,
    /// What it was doing, such as `took packet`.
    pub doing: &'static str,
    /// What it said.
    pub fault: Fault,
}

impl std::fmt::Display for PluginFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { plugin, doing, fault } = self;
        write!(f, "plugin `{plugin}` panicked while it {doing}")?;
        if fault.reached > 0 {
            write!(f, " {}", fault.reached)?;
        }
        write!(
            f,
            ": {}; its columns are empty from there on, leave it out with `-p` and tell its author",
            fault.message
        )
    }
}

struct Member {
    name: &'static str,
    instance: Option<Instance>,
    /// It panicked, and is called no more.
    failed: bool,
    interest: Interest,
    /// Where its state stands in a row.
    offset: usize,
    columns: usize,
}

/// The plugins of one worker.
pub struct Crew {
    members: Vec<Member>,
    row_size: usize,
    selected: Vec<(Interest, Vec<u32>)>,
    faults: Vec<PluginFault>,
}

impl Crew {
    pub(crate) fn open(
        plugins: &[LoadedPlugin],
        options: &[(String, String, String)],
    ) -> Result<Self, PluginError> {
        let mut members = Vec::new();
        let mut row_size = 0usize;
        for plugin in plugins {
            let info = &plugin.info;
            let settings: Vec<(&str, &str)> = options
                .iter()
                .filter(|(name, ..)| name == info.name)
                .map(|(_, option, value)| (option.as_str(), value.as_str()))
                .collect();
            let instance =
                plugin.module.open(&settings).map_err(|reason| not_opened(info.name.to_owned(), reason))?;
            let offset = row_size.next_multiple_of(info.state_align);
            row_size = offset + info.state_size;
            members.push(Member {
                name: info.name,
                instance: Some(instance),
                failed: false,
                interest: info.interest,
                offset,
                columns: info.columns.len(),
            });
        }
        let mut interests: Vec<Interest> = members.iter().map(|member| member.interest).collect();
        interests.sort_by_key(|interest| interest.0);
        interests.dedup();
        interests.retain(|&interest| interest != Interest::ALL);
        let selected = interests.into_iter().map(|interest| (interest, Vec::new())).collect();
        Ok(Self { members, row_size, selected, faults: Vec::new() })
    }

    /// Bytes of a row that holds the state of every plugin.
    pub fn row_size(&self) -> usize {
        self.row_size
    }

    /// Gives the rows of new conversations their first values.
    pub fn begin(&mut self, rows: &[*mut u8]) {
        if rows.is_empty() {
            return;
        }
        for member in &mut self.members {
            let offset = member.offset;
            // SAFETY: rows come from the slab, are as large as `row_size` and aligned to 64; `offset` keeps
            // the plugin's part apart from the others'; only this thread has this slab.
            let called = member.working().map(|instance| unsafe { instance.begin(rows, offset) });
            note(member, &mut self.faults, "began a flow", called);
        }
    }

    /// Hands a batch of packets to each plugin.
    pub fn packets(&mut self, packets: &Packets<'_>) {
        if packets.facts.is_empty() {
            return;
        }
        for (interest, selected) in &mut self.selected {
            selected.clear();
            let wanted = packets.facts.iter().enumerate().filter(|(_, facts)| interest.wants(facts));
            selected.extend(wanted.map(|(index, _)| index as u32));
        }
        for member in &mut self.members {
            let offset = member.offset;
            let selection = self.selected.iter().find(|(interest, _)| *interest == member.interest);
            let selected = selection.map(|(_, selected)| selected.as_slice());
            let called = member
                .working()
                // SAFETY: as above; every row has been through `begin`, rows and facts go one by one.
                .map(|instance| unsafe { instance.packets(packets, offset, selected) });
            note(member, &mut self.faults, "took packet", called);
        }
    }

    /// The cells of ended directions, all plugins' columns in order; `None` for those of a failed plugin.
    pub fn finish<'a>(&'a mut self, ends: &'a Ends<'a>) -> Vec<Option<ColumnCells<'a>>> {
        let mut cells = Vec::new();
        for member in &mut self.members {
            let offset = member.offset;
            let instance = member.instance.as_mut().filter(|_| !member.failed);
            // SAFETY: as above; core does not call `packets` with these rows again before `begin`.
            let columns = match instance.map(|instance| unsafe { instance.finish(ends, offset) }) {
                Some(Ok(columns)) => columns,
                Some(Err(fault)) => {
                    member.failed = true;
                    self.faults.push(PluginFault { plugin: member.name, doing: "finished flow", fault });
                    Vec::new()
                }
                None => Vec::new(),
            };
            cells.extend((0..member.columns).map(|column| columns.get(column).copied()));
        }
        cells
    }

    /// Why plugins failed since this was last asked, each plugin once in a run.
    pub fn take_faults(&mut self) -> Vec<PluginFault> {
        std::mem::take(&mut self.faults)
    }
}

impl Member {
    /// The instance, unless it failed.
    fn working(&mut self) -> Option<&mut Instance> {
        self.instance.as_mut().filter(|_| !self.failed)
    }
}

/// What a failed instance keeps may be broken, so not even its `drop` is called.
impl Drop for Member {
    fn drop(&mut self) {
        if self.failed {
            std::mem::forget(self.instance.take());
        }
    }
}

fn not_opened(plugin: String, reason: NotOpened) -> PluginError {
    match reason {
        NotOpened::Refused(message) => PluginError::Refused { plugin, message },
        NotOpened::Panicked(fault) => PluginError::Panicked { plugin, message: fault.message },
    }
}

/// Keeps what a call said if it failed; the plugin takes no further part.
fn note(
    member: &mut Member,
    faults: &mut Vec<PluginFault>,
    doing: &'static str,
    called: Option<Result<(), Fault>>,
) {
    if let Some(Err(fault)) = called {
        member.failed = true;
        faults.push(PluginFault { plugin: member.name, doing, fault });
    }
}
