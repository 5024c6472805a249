//! Plugins: find, load, check, and call them.
//!
//! [`PluginSet`] is what was loaded; each worker opens its own [`Crew`] of flow plugins from it, since a plugin's
//! instance belongs to one thread. Row plugins ([`RowCrew`]) have one instance in a run. A plugin that panics
//! leaves its crew: its columns are null from there on.

mod attached;
mod cells;
mod check;
mod counts;
mod crew;
mod error;
mod fault;
pub mod find;
mod library;
mod row_crew;
mod row_layout;
mod wanted;

pub use attached::Attached;
pub use cells::{Cells, TableCells};
pub use counts::PluginCounts;
pub use crew::Crew;
pub use error::{Mend, PluginError, nearest};
pub use fault::PluginFault;
pub use library::LoadedPlugin;
pub use row_crew::{Events, RowCrew};
pub use row_layout::RowLayout;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use weir_sdk::abi::{Module, PluginInfo};
use weir_sdk::tables::Table;

use crate::schema::{Clash, RowShape, Schema};
use crate::tables::TableSchema;

use wanted::Readable;

/// Which plugins to load and how to set them up.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Names or library files; with `+` in front a plugin is added to those that are on by default, which are
    /// also taken if none is named.
    pub wanted: Vec<String>,
    /// Folders to look in before the usual ones.
    pub folders: Vec<PathBuf>,
    /// Options: plugin, option, value.
    pub options: Vec<(String, String, String)>,
}

/// The plugins of a run, in the order of their columns.
pub struct PluginSet {
    plugins: Vec<LoadedPlugin>,
    /// Row plugins at tables.
    attached: Vec<Attached>,
    options: Vec<(String, String, String)>,
    folders: Vec<PathBuf>,
}

impl PluginSet {
    /// Loads what was selected.
    ///
    /// # Errors
    ///
    /// [`PluginError`] for the first plugin or option that cannot be used.
    pub fn load(selection: &Selection) -> Result<Self, PluginError> {
        let folders = find::folders(&selection.folders)?;
        let (added, named): (Vec<_>, Vec<_>) =
            selection.wanted.iter().partition(|name| name.starts_with('+'));
        let mut plugins = if named.is_empty() { load_defaults(&folders)? } else { Vec::new() };
        let added = added.into_iter().map(|name| &name[1..]);
        let named: Vec<&str> = named.into_iter().map(String::as_str).chain(added).collect();
        let (of_flows, of_tables): (Vec<&str>, Vec<&str>) =
            named.into_iter().partition(|name| attached::split(name).1.is_none());
        for plugin in load_named(&of_flows, &folders)? {
            if !plugins.iter().any(|loaded| loaded.path == plugin.path) {
                plugins.push(plugin);
            }
        }
        plugins.sort_by_key(place);
        let attached = load_attached(&of_tables, &folders)?;
        check_names(&plugins)?;
        attached::check(&attached, &plugins)?;
        let infos = plugins.iter().chain(attached.iter().map(|one| &one.plugin)).map(|plugin| &plugin.info);
        check_options(&infos.collect::<Vec<_>>(), &selection.options)?;
        let (options, folders) = (selection.options.clone(), selection.folders.clone());
        Ok(Self { plugins, attached, options, folders })
    }

    /// Plugins that are part of the program.
    ///
    /// # Errors
    ///
    /// [`PluginError`] for the first that cannot be used.
    pub fn linked(modules: impl IntoIterator<Item = Module>) -> Result<Self, PluginError> {
        let mut plugins = modules.into_iter().map(library::linked).collect::<Result<Vec<_>, _>>()?;
        plugins.sort_by_key(place);
        check_names(&plugins)?;
        Ok(Self { plugins, attached: Vec::new(), options: Vec::new(), folders: Vec::new() })
    }

    /// What the plugins say of themselves, in order.
    pub fn infos(&self) -> Vec<PluginInfo> {
        self.plugins.iter().map(|plugin| plugin.info.clone()).collect()
    }

    /// The tables that the plugins write, with the columns of the plugins that read their rows.
    ///
    /// # Errors
    ///
    /// A [`Clash`] if two columns of a table have the same name, or two tables.
    pub fn tables(&self) -> Result<Vec<TableSchema>, Clash> {
        let attached = |table: &Table| {
            let own = self.attached.iter().filter(|one| one.table == table.name);
            own.map(|one| one.plugin.info.clone()).collect()
        };
        TableSchema::all(&self.infos(), attached)
    }

    /// Opens the plugins that read the rows of a table.
    ///
    /// # Errors
    ///
    /// As for [`open_row_plugins`](Self::open_row_plugins).
    pub fn open_for_table(&self, table: &TableSchema) -> Result<RowCrew, PluginError> {
        let [writer, readers @ ..] = table.schema.plugins() else { return Ok(RowCrew::default()) };
        let of_writer = self.plugins.iter().find(|plugin| plugin.info.name == writer.name);
        let of_readers = readers.iter().filter_map(|reader| {
            self.attached.iter().map(|one| &one.plugin).find(|plugin| plugin.info.name == reader.name)
        });
        let infos = table.schema.plugins().iter().cloned();
        let plugins = of_writer.into_iter().chain(of_readers).zip(infos);
        let plugins: Vec<LoadedPlugin> = plugins.map(|(plugin, info)| plugin.told_as(info)).collect();
        let columns = Readable { schema: &table.schema, folders: &self.folders };
        RowCrew::open(&plugins, &self.options, &columns)
    }

    /// The plugins with their files, in order.
    pub fn plugins(&self) -> &[LoadedPlugin] {
        &self.plugins
    }

    /// Opens the flow plugins for one worker, for rows of this shape.
    ///
    /// # Errors
    ///
    /// [`PluginError::Refused`] with the plugin's own sentence.
    pub fn open(&self, shape: RowShape) -> Result<Crew, PluginError> {
        Crew::open(&self.plugins, &self.options, shape)
    }

    /// Opens the row plugins for rows of this schema, which was made of these plugins.
    ///
    /// # Errors
    ///
    /// [`PluginError::Refused`] with the plugin's own sentence, or [`PluginError::MissingColumn`] if a plugin
    /// reads what none gives.
    pub fn open_row_plugins(&self, schema: &Schema) -> Result<RowCrew, PluginError> {
        let columns = Readable { schema, folders: &self.folders };
        RowCrew::open(&self.plugins, &self.options, &columns)
    }
}

impl PluginSet {
    /// What might help where rows of this schema, which was made of these plugins, lack a column of the header.
    pub fn mend(&self, schema: &Schema, column: &str) -> Mend {
        Readable { schema, folders: &self.folders }.mend_of(column)
    }
}

/// Every library that is there, on by default or not.
///
/// # Errors
///
/// The first library that cannot be used.
pub fn load_all(folders: &[PathBuf]) -> Result<Vec<LoadedPlugin>, PluginError> {
    let mut plugins = load_found(&find::folders(folders)?)?;
    plugins.sort_by_key(place);
    Ok(plugins)
}

/// Where the columns of a plugin stand among those of others.
fn place(plugin: &LoadedPlugin) -> (u16, &'static str) {
    (plugin.info.order, plugin.info.name)
}

fn load_found(folders: &[PathBuf]) -> Result<Vec<LoadedPlugin>, PluginError> {
    let libraries = find::libraries(folders);
    if libraries.is_empty() {
        return Err(PluginError::None { searched: find::describe(folders) });
    }
    load_each(&libraries.values().map(PathBuf::as_path).collect::<Vec<_>>())
}

/// Loads libraries in their order. To compare what would cross the boundary takes longer than all else before the first
/// packet, so every processor takes a part of them.
fn load_each(paths: &[&Path]) -> Result<Vec<LoadedPlugin>, PluginError> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let load = |paths: &[&Path]| paths.iter().map(|path| library::load(path)).collect();
    thread::scope(|scope| {
        let parts = paths.chunks(paths.len().div_ceil(processors).max(1));
        let loading: Vec<_> = parts.map(|part| scope.spawn(move || load(part))).collect();
        let mut plugins = Vec::new();
        for part in loading {
            let loaded: Result<Vec<LoadedPlugin>, PluginError> =
                part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            plugins.append(&mut loaded?);
        }
        Ok(plugins)
    })
}

fn load_defaults(folders: &[PathBuf]) -> Result<Vec<LoadedPlugin>, PluginError> {
    let mut plugins = load_found(folders)?;
    plugins.retain(|plugin| plugin.info.on_by_default);
    Ok(plugins)
}

fn load_named(wanted: &[&str], folders: &[PathBuf]) -> Result<Vec<LoadedPlugin>, PluginError> {
    let libraries = find::libraries(folders);
    let mut seen = Vec::new();
    let mut plugins = Vec::new();
    for &name in wanted {
        let path = if is_path(name) {
            Path::new(name)
        } else {
            libraries.get(name).ok_or_else(|| PluginError::Unknown {
                name: name.to_owned(),
                searched: find::describe(folders),
                nearest: nearest(name, libraries.keys().map(String::as_str)),
            })?
        };
        if !seen.contains(&path) {
            seen.push(path);
            plugins.push(library::load(path)?);
        }
    }
    Ok(plugins)
}

/// Row plugins for tables, in the order in which they were named.
fn load_attached(wanted: &[&str], folders: &[PathBuf]) -> Result<Vec<Attached>, PluginError> {
    let mut all: Vec<Attached> = Vec::new();
    for (name, table) in wanted.iter().map(|wanted| attached::split(wanted)) {
        for plugin in load_named(&[name], folders)? {
            let one = Attached::new(plugin, table.unwrap_or_default())?;
            if !all.iter().any(|known| known.plugin.info.name == one.plugin.info.name) {
                all.push(one);
            }
        }
    }
    Ok(all)
}

fn is_path(name: &str) -> bool {
    name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(std::env::consts::DLL_SUFFIX)
}

fn check_names(plugins: &[LoadedPlugin]) -> Result<(), PluginError> {
    for (at, second) in plugins.iter().enumerate() {
        if let Some(first) = plugins[..at].iter().find(|first| first.info.name == second.info.name) {
            return Err(PluginError::SameName {
                name: second.info.name.to_owned(),
                first: first.path.clone(),
                second: second.path.clone(),
            });
        }
    }
    Ok(())
}

fn check_options(plugins: &[&PluginInfo], options: &[(String, String, String)]) -> Result<(), PluginError> {
    for (plugin, option, _) in options {
        let Some(found) = plugins.iter().find(|info| info.name == plugin) else {
            let nearest = nearest(plugin, plugins.iter().map(|info| info.name));
            return Err(PluginError::OptionWithoutPlugin {
                plugin: plugin.clone(),
                option: option.clone(),
                nearest,
            });
        };
        let known = || found.options.iter().map(|declared| declared.name);
        if !known().any(|name| name == option) {
            let nearest = nearest(option, known());
            return Err(PluginError::UnknownOption {
                plugin: plugin.clone(),
                option: option.clone(),
                nearest,
            });
        }
    }
    Ok(())
}
