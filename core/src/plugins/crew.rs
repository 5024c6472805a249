//! The plugins of one worker, called a batch at a time. One of the few files with `unsafe`: each call
//! promises that rows belong to their conversations and that nobody else touches them meanwhile.

use weir_sdk::abi::{ColumnCells, Ends, Fault, Instance, NotOpened, Packets, Rows};
use weir_sdk::{Interest, Start};

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
    /// For a row plugin, the columns that it reads, counted over all plugins.
    needs: Option<Vec<usize>>,
}

/// What row plugins hear beside the ended directions.
pub struct Events<'a> {
    /// Directions that began before the last of these ends was noticed.
    pub starts: &'a [Start],
    /// For each end, the ordinal of the packet that noticed it.
    pub noticed: &'a [u64],
}

/// The plugins of one worker.
pub struct Crew {
    members: Vec<Member>,
    row_size: usize,
    row_align: usize,
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
        let mut row_align = 1;
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
            row_align = row_align.max(info.state_align);
            members.push(Member {
                name: info.name,
                instance: Some(instance),
                failed: false,
                interest: info.interest,
                offset,
                columns: info.columns.len(),
                needs: info.reads_rows.then(|| places_of(&info.needs, plugins)),
            });
        }
        let mut interests: Vec<Interest> = members.iter().map(|member| member.interest).collect();
        interests.sort_by_key(|interest| interest.0);
        interests.dedup();
        interests.retain(|&interest| interest != Interest::ALL);
        let selected = interests.into_iter().map(|interest| (interest, Vec::new())).collect();
        Ok(Self { members, row_size, row_align, selected, faults: Vec::new() })
    }

    /// What plugins want the user to know before the run, a sentence each.
    pub fn notices(&mut self) -> Vec<String> {
        let mut notices = Vec::new();
        for member in &mut self.members {
            match member.working().map(Instance::notice) {
                Some(Ok(Some(notice))) => notices.push(format!("plugin `{}`: {notice}", member.name)),
                Some(Err(fault)) => {
                    member.failed = true;
                    self.faults.push(PluginFault { plugin: member.name, doing: "was opened", fault });
                }
                _ => {}
            }
        }
        notices
    }

    /// Bytes of a row that holds the state of every plugin.
    pub fn row_size(&self) -> usize {
        self.row_size
    }

    /// What such a row must be aligned to.
    pub fn row_align(&self) -> usize {
        self.row_align
    }

    /// Gives the rows of new conversations their first values.
    pub fn begin(&mut self, rows: &[*mut u8]) {
        if rows.is_empty() {
            return;
        }
        for member in &mut self.members {
            let offset = member.offset;
            // SAFETY: rows come from the slab, are as large as `row_size` and aligned to `row_align`; `offset`
            // keeps the plugin's part apart from the others'; only this thread has this slab.
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

    /// Whether a plugin reads finished rows.
    pub fn reads_rows(&self) -> bool {
        self.members.iter().any(|member| member.needs.is_some())
    }

    /// The cells of ended directions, all plugins' columns in order; `None` for those of a failed plugin.
    /// Row plugins come last, since they read the cells of the others.
    pub fn finish<'a>(&'a mut self, ends: &'a Ends<'a>, events: &Events<'_>) -> Vec<Option<ColumnCells<'a>>> {
        let mut cells = vec![None; self.members.iter().map(|member| member.columns).sum()];
        let mut readers = Vec::new();
        let mut first = 0;
        for member in &mut self.members {
            let (at, offset) = (first, member.offset);
            first += member.columns;
            if member.needs.is_some() {
                readers.push((at, member));
                continue;
            }
            let instance = member.instance.as_mut().filter(|_| !member.failed);
            // SAFETY: as above; core does not call `packets` with these rows again before `begin`.
            let columns = instance.map(|instance| unsafe { instance.finish(ends, offset) });
            member.failed |= !keep(member.name, columns, &mut cells[at..first], &mut self.faults);
        }
        for (at, member) in readers {
            let needs = needed(member.needs.as_deref(), &cells);
            let rows =
                Rows { starts: events.starts, ends: ends.facts, noticed: events.noticed, needs: &needs };
            let instance = member.instance.as_mut().filter(|_| !member.failed);
            let columns = instance.map(|instance| instance.rows(&rows));
            let own = at..at + member.columns;
            member.failed |= !keep(member.name, columns, &mut cells[own], &mut self.faults);
        }
        cells
    }

    /// Tells row plugins of directions that began, when no row ends.
    pub fn starts(&mut self, starts: &[Start]) {
        for member in self.members.iter_mut().filter(|member| member.needs.is_some()) {
            let rows = Rows { starts, ends: &[], noticed: &[], needs: &[] };
            let called = member.working().map(|instance| instance.rows(&rows).map(|_| ()));
            note(member, &mut self.faults, "heard of a flow", called);
        }
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

/// Puts the cells that a plugin gave where its columns stand, or notes its fault; false for a fault.
fn keep<'a>(
    plugin: &'static str,
    given: Option<Result<Vec<ColumnCells<'a>>, Fault>>,
    cells: &mut [Option<ColumnCells<'a>>],
    faults: &mut Vec<PluginFault>,
) -> bool {
    match given {
        Some(Ok(columns)) => {
            cells.iter_mut().zip(columns).for_each(|(cell, column)| *cell = Some(column));
            true
        }
        Some(Err(fault)) => {
            faults.push(PluginFault { plugin, doing: "finished flow", fault });
            false
        }
        None => true,
    }
}

/// The cells that a row plugin reads; a column whose plugin failed holds none.
fn needed<'a>(needs: Option<&[usize]>, cells: &[Option<ColumnCells<'a>>]) -> Vec<ColumnCells<'a>> {
    let of = |&need: &usize| cells.get(need).copied().flatten().unwrap_or(ColumnCells::NONE);
    needs.unwrap_or_default().iter().map(of).collect()
}

/// Where columns stand among those of all plugins. That they are there was checked when plugins were chosen.
fn places_of(needs: &[&str], plugins: &[LoadedPlugin]) -> Vec<usize> {
    let place = |need: &&str| {
        let mut columns = plugins.iter().flat_map(|plugin| &plugin.info.columns);
        columns.position(|column| column.name == *need).unwrap_or(usize::MAX)
    };
    needs.iter().map(place).collect()
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
