//! Plugins: find, load, check, and call them.
//!
//! [`PluginSet`] is what was loaded; each worker opens its own [`Crew`] of flow plugins from it, since a plugin's
//! instance belongs to one thread. Row plugins ([`RowCrew`]) have one instance in a run. A plugin that panics
//! leaves its crew: its columns are null from there on.

mod cells;
mod check;
mod counts;
mod crew;
mod error;
mod fault;
pub mod find;
mod library;
mod row_crew;
mod wanted;

pub use cells::{Cells, TableCells};
pub use counts::PluginCounts;
pub use crew::Crew;
pub use error::{Mend, PluginError, nearest};
pub use fault::PluginFault;
pub use library::LoadedPlugin;
pub use row_crew::{Events, RowCrew};

use std::path::{Path, PathBuf};

use weir_sdk::abi::{Module, PluginInfo};

use crate::schema::Schema;

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
        for plugin in load_named(&named, &folders)? {
            if !plugins.iter().any(|loaded| loaded.path == plugin.path) {
                plugins.push(plugin);
            }
        }
        plugins.sort_by_key(place);
        check_names(&plugins)?;
        check_options(&plugins, &selection.options)?;
        Ok(Self { plugins, options: selection.options.clone(), folders: selection.folders.clone() })
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
        Ok(Self { plugins, options: Vec::new(), folders: Vec::new() })
    }

    /// What the plugins say of themselves, in order.
    pub fn infos(&self) -> Vec<PluginInfo> {
        self.plugins.iter().map(|plugin| plugin.info.clone()).collect()
    }

    /// The plugins with their files, in order.
    pub fn plugins(&self) -> &[LoadedPlugin] {
        &self.plugins
    }

    /// Opens the flow plugins for one worker.
    ///
    /// # Errors
    ///
    /// [`PluginError::Refused`] with the plugin's own sentence.
    pub fn open(&self) -> Result<Crew, PluginError> {
        Crew::open(&self.plugins, &self.options)
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
    libraries.values().map(|path| library::load(path)).collect()
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

fn check_options(plugins: &[LoadedPlugin], options: &[(String, String, String)]) -> Result<(), PluginError> {
    for (plugin, option, _) in options {
        let Some(found) = plugins.iter().find(|loaded| loaded.info.name == plugin) else {
            let nearest = nearest(plugin, plugins.iter().map(|loaded| loaded.info.name));
            return Err(PluginError::OptionWithoutPlugin {
                plugin: plugin.clone(),
                option: option.clone(),
                nearest,
            });
        };
        let known = || found.info.options.iter().map(|declared| declared.name);
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
