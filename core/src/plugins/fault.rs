//! What becomes of a plugin that panics.

use weir_sdk::abi::{ColumnCells, Fault, Instance};

use crate::plugins::cells::{Cells, Places};

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

/// Adds what a plugin wants the user to know, or notes its fault; false for a fault.
pub(super) fn hear(
    plugin: &'static str,
    instance: Option<&mut Instance>,
    is_over: bool,
    notices: &mut Vec<String>,
    faults: &mut Vec<PluginFault>,
) -> bool {
    match instance.map(|instance| instance.notice(is_over)) {
        Some(Ok(notice)) => notices.extend(notice.map(|notice| format!("plugin `{plugin}`: {notice}"))),
        Some(Err(fault)) => {
            faults.push(PluginFault { plugin, doing: "was opened", fault });
            return false;
        }
        None => {}
    }
    true
}

/// Puts what a plugin gave in its places, or notes its fault; false for a fault.
pub(super) fn keep<'a>(
    plugin: &'static str,
    given: Option<Result<Vec<ColumnCells<'a>>, Fault>>,
    places: &Places,
    cells: &mut Cells<'a>,
    faults: &mut Vec<PluginFault>,
) -> bool {
    match given {
        Some(Ok(given)) => {
            cells.put(places, given);
            true
        }
        Some(Err(fault)) => {
            faults.push(PluginFault { plugin, doing: "finished flow", fault });
            false
        }
        None => true,
    }
}
