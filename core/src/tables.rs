//! The tables of a run: a file of rows for each table that a plugin declares, beside the file of flows.
//!
//! What comes in: the rows of tables, in their final order. What goes out: `capture.NAME.csv` for each, in the
//! format of the flows, and a dictionary beside it.

use std::path::{Path, PathBuf};

use weir_sdk::abi::PluginInfo;
use weir_sdk::columns::ValueType;
use weir_sdk::plugin::EndFacts;
use weir_sdk::tables::Table;

use crate::error::RunError;
use crate::plugins::{Cells, Events, PluginCounts, PluginFault, PluginSet, RowCrew, TableCells};
use crate::profile::Stopwatch;
use crate::schema::{Clash, RowShape, Schema};
use crate::sink::{self, Error, Finished, Format, Provenance, Sink};

/// The columns of a table, as those of a file of rows.
#[derive(Clone, Debug)]
pub struct TableSchema {
    /// The declaration.
    pub table: Table,
    /// Its columns.
    pub schema: Schema,
    /// Its rows come from a row plugin: in order, when the flows are.
    pub is_late: bool,
}

impl TableSchema {
    /// The tables of all plugins, one plugin after the other, with the row plugins that read each.
    ///
    /// # Errors
    ///
    /// A [`Clash`] if two columns of a table have the same name, or two tables.
    pub fn all(
        plugins: &[PluginInfo],
        readers: impl Fn(&Table) -> Vec<PluginInfo>,
    ) -> Result<Vec<Self>, Clash> {
        let mut all: Vec<Self> = Vec::new();
        for plugin in plugins {
            for table in &plugin.tables {
                if let Some(first) = all.iter().find(|first| first.table.name == table.name) {
                    let first = first.schema.plugins()[0].name;
                    return Err(Clash::Tables { first, second: plugin.name, table: table.name });
                }
                all.push(Self::of(plugin, *table, readers(table))?);
            }
        }
        Ok(all)
    }

    fn of(plugin: &PluginInfo, table: Table, readers: Vec<PluginInfo>) -> Result<Self, Clash> {
        let columns = table.columns.to_vec();
        let alone = PluginInfo {
            columns,
            tables: Vec::new(),
            reads_rows: false,
            needs: Vec::new(),
            ..plugin.clone()
        };
        let plugins = [vec![alone], readers].concat();
        let schema = Schema::new(&plugins, RowShape::Table)?;
        Ok(Self { table, schema, is_late: plugin.reads_rows })
    }

    /// The types of its own columns.
    pub fn types(&self) -> Vec<ValueType> {
        self.table.columns.iter().map(|column| column.value).collect()
    }
}

/// The files of all tables, in the making.
pub(crate) struct TableFiles {
    files: Vec<TableFile>,
    /// One for each row of a table, which has no directions.
    ends: Vec<EndFacts>,
    /// Where the time of row plugins went.
    watch: Stopwatch,
}

struct TableFile {
    crew: RowCrew,
    /// Columns of the table and of the row plugins.
    columns: usize,
    sink: Box<dyn Sink>,
    written: TableWritten,
    dictionary: String,
}

/// A table that was written.
#[derive(Clone, Debug)]
pub struct TableWritten {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub path: PathBuf,
    /// How many rows it has.
    pub rows: u64,
}

impl TableFiles {
    /// Begins the files beside that of the flows; none if the flows go to standard output.
    pub(crate) fn create(
        plugins: &PluginSet,
        tables: &[TableSchema],
        flows: &Path,
        format: &Format,
        provenance: &Provenance,
    ) -> Result<Self, RunError> {
        let place = (flows != Path::new("-")).then_some(flows);
        let begin = |(flows, table): (&Path, &TableSchema)| {
            let (format, path) = format.of_table(flows, table.table.name);
            let crew = plugins.open_for_table(table)?;
            let columns = table.schema.declared().count();
            let sink = format.create(&path, &table.schema, provenance)?;
            let written = TableWritten { name: table.table.name, path, rows: 0 };
            Ok(TableFile { crew, columns, sink, written, dictionary: table.schema.json() })
        };
        let files = place.into_iter().flat_map(|flows| tables.iter().map(move |table| (flows, table)));
        let files = files.map(begin).collect::<Result<_, RunError>>()?;
        Ok(Self { files, ends: Vec::new(), watch: Stopwatch::default() })
    }

    /// Writes rows, table by table.
    pub(crate) fn take(&mut self, tables: &[Option<TableCells<'_>>]) -> Result<(), Error> {
        for (file, cells) in self.files.iter_mut().zip(tables) {
            let Some(cells) = cells.as_ref().filter(|cells| cells.rows() > 0) else { continue };
            self.ends.resize(cells.rows(), EndFacts::default());
            let TableFile { crew, sink, columns, .. } = file;
            let mut all = Cells::none(*columns, 0);
            all.columns.iter_mut().zip(&cells.columns).for_each(|(all, own)| *all = Some(*own));
            let events = Events { starts: &[], noticed: &[] };
            crew.complete(&self.ends, &events, &mut all, &mut self.watch);
            sink.rows(&Finished { cells: all.columns, ends: &self.ends })?;
        }
        Ok(())
    }

    /// What row plugins want the user to know before the run, or when it is over.
    pub(crate) fn notices(&mut self, is_over: bool) -> Vec<String> {
        self.files.iter_mut().flat_map(|file| file.crew.notices(is_over)).collect()
    }

    /// What row plugins counted.
    pub(crate) fn counts(&mut self) -> PluginCounts {
        let mut all = PluginCounts::default();
        self.files.iter_mut().for_each(|file| all.merge(file.crew.counts()));
        all
    }

    /// Row plugins that failed since this was last asked.
    pub(crate) fn take_faults(&mut self) -> Vec<PluginFault> {
        self.files.iter_mut().flat_map(|file| file.crew.take_faults()).collect()
    }

    /// How many tables are written.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Gives the files their names, with a dictionary beside each if there is none for the whole folder.
    pub(crate) fn finish(self, with_dictionaries: bool) -> Result<Vec<TableWritten>, Error> {
        let finish = |file: TableFile| {
            let written = TableWritten { rows: file.sink.count(), ..file.written };
            file.sink.finish()?;
            if with_dictionaries {
                sink::write_text(&sink::dictionary_path(&written.path), &file.dictionary)?;
            }
            Ok(written)
        };
        self.files.into_iter().map(finish).collect()
    }

    /// Gives them up after a signal; partial files keep their rows.
    pub(crate) fn abandon(self) {
        for file in self.files {
            file.sink.abandon();
        }
    }
}
