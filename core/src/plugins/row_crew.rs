//! The row plugins of a run: one instance each, called with the rows of all workers in order.

use weir_sdk::abi::{ColumnCells, Instance, NotOpened, Rows};
use weir_sdk::plugin::EndFacts;
use weir_sdk::{Ahead, Given, Start};

use crate::plugins::cells::{Cells, Places, with_places};
use crate::plugins::counts::PluginCounts;
use crate::plugins::error::PluginError;
use crate::plugins::fault::{PluginFault, hear, keep};
use crate::plugins::library::LoadedPlugin;
use crate::plugins::wanted::Readable;
use crate::profile::{Stage, Stopwatch};

struct Reader {
    name: &'static str,
    instance: Option<Instance>,
    /// It panicked, and is called no more.
    failed: bool,
    /// Where what it gives stands among that of all plugins.
    places: Places,
    /// The columns that it reads, counted over all plugins.
    needs: Vec<usize>,
}

/// What row plugins hear beside the ended directions.
pub struct Events<'a> {
    /// Directions that began before the last of these ends was noticed.
    pub starts: &'a [Start],
    /// For each end, the ordinal of the packet that noticed it.
    pub noticed: &'a [u64],
}

impl<'a> Events<'a> {
    /// Those of these directions, in order, that began before the last end was noticed.
    pub fn of(starts: &'a [Start], noticed: &'a [u64]) -> Self {
        let last = noticed.last().copied().unwrap_or_default();
        Self { starts: &starts[..starts.partition_point(|start| start.ordinal < last)], noticed }
    }
}

/// The row plugins of a run.
#[derive(Default)]
pub struct RowCrew {
    readers: Vec<Reader>,
    /// Columns and tables of all plugins.
    columns: usize,
    tables: usize,
    faults: Vec<PluginFault>,
}

impl RowCrew {
    pub(super) fn open(
        plugins: &[LoadedPlugin],
        options: &[(String, String, String)],
        readable: &Readable<'_>,
    ) -> Result<Self, PluginError> {
        let mut readers = Vec::new();
        for (plugin, places) in with_places(plugins).filter(|(plugin, _)| plugin.info.reads_rows) {
            // What it needs is known without its options, so that is asked first.
            let mut found = readable.needed(&plugin.info)?;
            let mut instance = plugin.open(options)?;
            let wants = instance.wants().map_err(|fault| plugin.not_opened(NotOpened::Panicked(fault)))?;
            found.extend(readable.wanted(&plugin.info, &wants)?);
            let (needs, given): (Vec<usize>, Vec<Given>) = found.into_iter().unzip();
            let ahead = Ahead { columns: &given, of_conversations: readable.of_conversations() };
            instance.prepare(&ahead).map_err(|reason| plugin.not_opened(reason))?;
            let name = plugin.info.name;
            readers.push(Reader { name, instance: Some(instance), failed: false, places, needs });
        }
        let columns = plugins.iter().map(|plugin| plugin.info.columns.len()).sum();
        let tables = plugins.iter().map(|plugin| plugin.info.tables.len()).sum();
        Ok(Self { readers, columns, tables, faults: Vec::new() })
    }

    /// Whether there is no row plugin.
    pub fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// What plugins want the user to know before the run, or when it is over, a sentence each.
    pub fn notices(&mut self, is_over: bool) -> Vec<String> {
        let mut notices = Vec::new();
        for reader in &mut self.readers {
            let instance = reader.instance.as_mut().filter(|_| !reader.failed);
            reader.failed |= !hear(reader.name, instance, is_over, &mut notices, &mut self.faults);
        }
        notices
    }

    /// What plugins counted, by plugin and name.
    pub fn counts(&mut self) -> PluginCounts {
        let mut all = PluginCounts::default();
        for reader in self.readers.iter_mut().filter(|reader| !reader.failed) {
            match reader.instance.as_mut().map(Instance::counts) {
                Some(Ok(counts)) => all.add(reader.name, counts),
                Some(Err(fault)) => {
                    reader.failed = true;
                    self.faults.push(PluginFault { plugin: reader.name, doing: "told its counts", fault });
                }
                None => {}
            }
        }
        all
    }

    /// The columns of flow plugins that are read, counted over all plugins.
    pub fn needs(&self) -> Vec<usize> {
        let is_own = |need: &usize| self.readers.iter().any(|reader| reader.places.columns.contains(need));
        let all = self.readers.iter().flat_map(|reader| reader.needs.iter().copied());
        let mut needs: Vec<usize> = all.filter(|need| !is_own(need)).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// Fills in the cells of the row plugins, each of which reads those of the ones before it, too.
    pub fn complete<'a>(
        &'a mut self,
        ends: &[EndFacts],
        events: &Events<'_>,
        cells: &mut Cells<'a>,
        watch: &mut Stopwatch,
    ) {
        for reader in &mut self.readers {
            let needs = needed(&reader.needs, &cells.columns);
            let Events { starts, noticed } = *events;
            let rows = Rows { starts, ends, noticed, needs: &needs, is_last: false };
            let instance = reader.instance.as_mut().filter(|_| !reader.failed);
            let given = instance.map(|instance| instance.rows(&rows));
            reader.failed |= !keep(reader.name, given, &reader.places, cells, &mut self.faults);
            watch.lap(Stage { work: "rows", plugin: reader.name });
        }
    }

    /// Tells of directions that began, when no row ends.
    pub fn starts(&mut self, starts: &[Start]) {
        for reader in self.readers.iter_mut().filter(|reader| !reader.failed) {
            let rows = Rows { starts, ends: &[], noticed: &[], needs: &[], is_last: false };
            let called = reader.instance.as_mut().map(|instance| instance.rows(&rows).map(|_| ()));
            if let Some(Err(fault)) = called {
                reader.failed = true;
                self.faults.push(PluginFault { plugin: reader.name, doing: "heard of a flow", fault });
            }
        }
    }

    /// The last rows of tables, when all rows are complete.
    pub fn end(&mut self) -> Cells<'_> {
        let mut cells = Cells::none(self.columns, self.tables);
        for reader in &mut self.readers {
            let rows = Rows { starts: &[], ends: &[], noticed: &[], needs: &[], is_last: true };
            let instance = reader.instance.as_mut().filter(|_| !reader.failed);
            let given = instance.map(|instance| instance.rows(&rows));
            reader.failed |= !keep(reader.name, given, &reader.places, &mut cells, &mut self.faults);
        }
        cells
    }

    /// Why plugins failed since this was last asked, each plugin once in a run.
    pub fn take_faults(&mut self) -> Vec<PluginFault> {
        std::mem::take(&mut self.faults)
    }
}

/// The cells that a row plugin reads; a column whose plugin failed holds none.
fn needed<'a>(needs: &[usize], cells: &[Option<ColumnCells<'a>>]) -> Vec<ColumnCells<'a>> {
    let of = |&need: &usize| cells.get(need).copied().flatten().unwrap_or(ColumnCells::NONE);
    needs.iter().map(of).collect()
}

/// What a failed instance keeps may be broken, so not even its `drop` is called.
impl Drop for Reader {
    fn drop(&mut self) {
        if self.failed {
            std::mem::forget(self.instance.take());
        }
    }
}
