//! Captures with labels, for the recipes in `python/recipes`.
//!
//! All of it is synthetic. The data sets of the published systems cannot be had, so that their statistics are made up
//! where no number was published; a score on such captures says that the way from capture to score works, and nothing of
//! the system. What a class is made of overlaps with the others; addresses, ports, paths, and times are drawn without
//! regard to it (`phone.rs`).
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`draw`] | numbers of given distributions |
//! | [`phone`] | a client whose traffic one capture holds |
//! | [`truth`] | a line of the file of labels |
//! | [`mmtls`] | activities of WeChat's users over MMTLS |
//! | [`apns`] | push notifications and their kinds among background traffic |
//! | [`cumma`], [`usage`] | dialogs of one usage, of several, or of another |
//! | [`ima`] | flows of six messengers and of what is none |

pub mod apns;
pub mod cumma;
pub mod draw;
pub mod ima;
pub mod mmtls;
pub mod phone;
pub mod truth;
pub mod usage;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::capture::{Format, Writer};
use phone::Recorded;
use truth::Truth;

/// A published system whose traffic can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Activities over MMTLS, after Hou et al. 2018.
    Mmtls,
    /// Push notifications, after Zhang et al. 2020.
    Apns,
    /// Usages of a messenger, after Fu et al. 2016.
    Cumma,
    /// Messengers, after Erdenebaatar 2023.
    Ima,
}

/// A file of labels: its name, names of further columns, and lines.
pub struct Labels {
    name: &'static str,
    further: &'static [&'static str],
    truths: Vec<Truth>,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mmtls, Self::Apns, Self::Cumma, Self::Ima];

    /// On the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mmtls => "mmtls",
            Self::Apns => "apns",
            Self::Cumma => "cumma",
            Self::Ima => "ima",
        }
    }

    /// That of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// How many activities, messages, dialogs, or flows there are unless said.
    pub fn usual_size(self) -> usize {
        match self {
            Self::Mmtls => mmtls::ACTIVITIES,
            Self::Apns => apns::MESSAGES,
            Self::Cumma => cumma::DIALOGS,
            Self::Ima => ima::FLOWS,
        }
    }

    /// Captures and files of labels of about this size.
    pub fn record(self, seed: u64, size: usize) -> (Vec<Recorded>, Vec<Labels>) {
        match self {
            Self::Mmtls => mmtls::record(seed, size),
            Self::Apns => apns::record(seed, size),
            Self::Cumma => cumma::record(seed, size),
            Self::Ima => ima::record(seed, size),
        }
    }
}

impl Labels {
    /// One file, `labels.csv`, with the lines of all captures.
    fn of(captures: &mut [Recorded], further: &'static [&'static str]) -> Vec<Self> {
        let truths = captures.iter_mut().flat_map(|capture| std::mem::take(&mut capture.truths)).collect();
        vec![Self { name: "labels.csv", further, truths }]
    }
}

/// Writes captures and files of labels into a folder, which is made.
///
/// # Errors
///
/// Those of the file system.
pub fn write(system: System, folder: &Path, seed: u64, size: usize) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (captures, labels) = system.record(seed, size);
    for capture in captures {
        let out = BufWriter::new(File::create(folder.join(format!("{}.pcap", capture.name)))?);
        let mut writer = Writer::new(out, Format::PcapMicros)?;
        capture.packets.iter().try_for_each(|packet| writer.write(packet))?;
        writer.into_inner().flush()?;
    }
    for file in labels {
        let mut out = BufWriter::new(File::create(folder.join(file.name))?);
        truth::write(&file.truths, file.further, &mut out)?;
        out.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
