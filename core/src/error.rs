//! Why a run ends without its rows, or without all of them.

use std::path::PathBuf;

use crate::capture::CaptureError;
use crate::plugins::PluginError;
use crate::schema::Clash;
use crate::sink;

/// What ended a run. Each message is one sentence: what, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A capture cannot be opened or is none.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A plugin cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// Two plugins claim one column.
    #[error(transparent)]
    Clash(#[from] Clash),
    /// Rows cannot be written.
    #[error(transparent)]
    Sink(#[from] sink::Error),
    /// A folder holds no capture.
    #[error("folder `{}` holds no capture; weir reads pcap, pcapng, and gzip or zstd of them", .path.display())]
    NoCaptures {
        /// The folder.
        path: PathBuf,
    },
    /// A folder cannot be listed.
    #[error("cannot list folder `{}`: {reason}; ask its owner for the right to read it", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The rows would overwrite a capture.
    #[error("`-w {}` would overwrite the capture that is read; choose another name", .path.display())]
    OutputIsInput {
        /// The file.
        path: PathBuf,
    },
    /// The configuration cannot be used.
    #[error("{0}")]
    Usage(String),
}

impl RunError {
    /// The exit status of the command: 1 for usage, configuration, and output, 2 for input.
    pub fn exit_status(&self) -> u8 {
        match self {
            RunError::Capture(_) | RunError::NoCaptures { .. } | RunError::Folder { .. } => 2,
            _ => 1,
        }
    }
}
