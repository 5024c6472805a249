//! One plugin library: open it, look at its three symbols in order, connect. One of the few files with
//! `unsafe`: loading runs the library's initialisers, and a symbol has the type that we say.

use std::path::{Path, PathBuf};

use libloading::Library;
use weir_sdk::abi::{
    self, LAYOUT_SYMBOL, MODULE_SYMBOL, Module, PluginInfo, Refusal, STAMP_SYMBOL, Stamp, Symbols,
};

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

/// Loads a plugin. The library stays loaded until the program ends: its code may be referred to from
/// anywhere, and there is nothing to gain from unloading.
///
/// # Errors
///
/// [`PluginError`], if the file is no library, no plugin, or does not fit this program.
pub fn load(path: &Path) -> Result<LoadedPlugin, PluginError> {
    let path = path.to_owned();
    // SAFETY: the user chose to run this library's code; that it is what it claims is checked next.
    let library = unsafe { Library::new(&path) }
        .map_err(|error| PluginError::NotALibrary { path: path.clone(), reason: reason(&error) })?;
    let library: &'static Library = Box::leak(Box::new(library));
    let symbols = symbols(library, &path)?;
    let module = Module::connect(&symbols).map_err(|refusal| refused(&path, refusal))?;
    let info = module.describe().map_err(|refusal| refused(&path, refusal))?;
    Ok(LoadedPlugin { path, info, module })
}

fn symbols(library: &'static Library, path: &Path) -> Result<Symbols, PluginError> {
    let stamp = symbol::<*const Stamp>(library, STAMP_SYMBOL, path)?;
    // SAFETY: the symbol stands for a `Stamp`, whose layout never changes; the name is ours alone.
    abi::check_stamp(unsafe { &*stamp }).map_err(|refusal| refused(path, refusal))?;
    Ok(Symbols {
        stamp,
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
        Refusal::OtherLayout { detail } => {
            PluginError::OtherLayout { path, detail: first_difference(&detail) }
        }
        Refusal::Panicked(fault) => {
            PluginError::Panicked { plugin: path.display().to_string(), message: fault.message }
        }
    }
}

/// The layout check tells its whole story on many lines; one of them says what differs.
fn first_difference(detail: &str) -> String {
    let telling = detail.lines().map(str::trim).find(|line| line.ends_with(':') && line.len() > 8);
    telling.or_else(|| detail.lines().next()).unwrap_or_default().trim_end_matches(':').to_owned()
}

/// The loader's message without its line breaks.
fn reason(error: &libloading::Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    source.unwrap_or_else(|| error.to_string()).split_whitespace().collect::<Vec<_>>().join(" ")
}
