//! One plugin library: open it, look at its three symbols in order, connect. One of the few files with
//! `unsafe`: loading runs the library's initialisers, and a symbol has the type that we say.

use std::path::{Path, PathBuf};

use libloading::Library;
use weir_sdk::abi::{
    self, Instance, LAYOUT_SYMBOL, MODULE_SYMBOL, Module, NotOpened, PluginInfo, Refusal, STAMP_SYMBOL,
    Stamp, Symbols,
};

use crate::plugins::check;
use crate::plugins::error::PluginError;

/// A plugin whose library was accepted.
pub struct LoadedPlugin {
    /// Its file.
    pub path: PathBuf,
    /// What it says of itself.
    pub info: PluginInfo,
    /// Its functions.
    pub module: Module,
}

impl LoadedPlugin {
    /// The same plugin, which says something else of itself.
    pub(super) fn told_as(&self, info: PluginInfo) -> Self {
        Self { path: self.path.clone(), info, module: self.module }
    }

    /// Opens an instance with those of these options (plugin, option, value) that are the plugin's.
    pub(super) fn open(&self, options: &[(String, String, String)]) -> Result<Instance, PluginError> {
        let name = self.info.name;
        let own = options.iter().filter(|(plugin, ..)| plugin == name);
        let settings: Vec<_> = own.map(|(_, option, value)| (option.as_str(), value.as_str())).collect();
        self.module.open(&settings).map_err(|reason| self.not_opened(reason))
    }

    /// The error that tells why it could not be opened.
    pub(super) fn not_opened(&self, reason: NotOpened) -> PluginError {
        let plugin = self.info.name.to_owned();
        match reason {
            NotOpened::Refused(message) => PluginError::Refused { plugin, message },
            NotOpened::Panicked(fault) => PluginError::Panicked { plugin, message: fault.message },
        }
    }
}

/// Loads a plugin. The library stays loaded until the program ends: its code may be referred to from
/// anywhere, and there is nothing to gain from unloading.
///
/// # Errors
///
/// [`PluginError`], if the file is no library, no plugin, or does not fit this program.
pub fn load(path: &Path) -> Result<LoadedPlugin, PluginError> {
    let symbols = symbols(open(path)?, path)?;
    described(Module::connect(&symbols).map_err(|refusal| refused(path, refusal))?, path)
}

/// A plugin that is part of the program.
pub(super) fn linked(module: Module) -> Result<LoadedPlugin, PluginError> {
    described(module, Path::new("part of the program"))
}

fn described(module: Module, path: &Path) -> Result<LoadedPlugin, PluginError> {
    let info = module.describe().map_err(|refusal| refused(path, refusal))?;
    match check::complaint(&info) {
        Some(complaint) => Err(PluginError::Misdeclared { path: path.to_owned(), complaint }),
        None => Ok(LoadedPlugin { path: path.to_owned(), info, module }),
    }
}

fn open(path: &Path) -> Result<&'static Library, PluginError> {
    if !path.exists() {
        return Err(PluginError::NoFile { path: path.to_owned() });
    }
    // The system's loader looks for a bare file name in its own folders, not in the working folder.
    let whole_path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // SAFETY: the user chose to run this library's code; that it is what it claims is checked next.
    let library = unsafe { Library::new(&whole_path) }.map_err(|error| PluginError::NotALibrary {
        path: path.to_owned(),
        reason: reason(&error, &whole_path),
    })?;
    Ok(Box::leak(Box::new(library)))
}

fn symbols(library: &'static Library, path: &Path) -> Result<Symbols, PluginError> {
    let stamp = symbol::<*const Stamp>(library, STAMP_SYMBOL, path)?;
    // SAFETY: the symbol stands for a `Stamp`, whose layout never changes; the name is ours alone.
    abi::check_stamp(unsafe { &*stamp }).map_err(|refusal| refused(path, refusal))?;
    Ok(Symbols {
        layout: symbol(library, LAYOUT_SYMBOL, path)?,
        module: symbol(library, MODULE_SYMBOL, path)?,
    })
}

fn symbol<T: Copy>(library: &'static Library, name: &'static str, path: &Path) -> Result<T, PluginError> {
    // SAFETY: what stands behind each name is fixed by `export_plugin!`, and the stamp is read first.
    let symbol = unsafe { library.get::<T>(name.as_bytes()) };
    symbol.map(|symbol| *symbol).map_err(|_| PluginError::NotAPlugin { path: path.to_owned(), symbol: name })
}

fn refused(path: &Path, refusal: Refusal) -> PluginError {
    let path = path.to_owned();
    match refusal {
        Refusal::NoPlugin => PluginError::NotAPlugin { path, symbol: STAMP_SYMBOL },
        Refusal::OtherVersion { plugin } => PluginError::OtherVersion { path, plugin },
        Refusal::PanicAborts => PluginError::PanicAborts { path },
        Refusal::OtherLayout { detail } => PluginError::OtherLayout { path, detail },
        Refusal::Panicked(fault) => {
            PluginError::Panicked { plugin: path.display().to_string(), message: fault.message }
        }
    }
}

/// The loader's message without its line breaks, and without the path that it begins with.
fn reason(error: &libloading::Error, path: &Path) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let message = source.unwrap_or_else(|| error.to_string());
    let message = message.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&message);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
