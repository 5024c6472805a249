//! A MaxMind DB file and an address in, what the file says of the address out.

use std::fs;

use maxminddb::{MaxMindDbError, Reader};
use weir_sdk::Ip;

use crate::place::Place;

/// A MaxMind DB file, read into memory.
pub(crate) struct Database(Reader<Vec<u8>>);

impl Database {
    /// The file that an option names.
    ///
    /// # Errors
    ///
    /// One sentence that names option, file, and cause.
    pub(crate) fn open(option: &str, file: &str) -> Result<Self, String> {
        let bytes =
            fs::read(file).map_err(|cause| format!("option `{option}`: cannot read `{file}`: {cause}"))?;
        Self::read(bytes)
            .map_err(|cause| format!("option `{option}`: `{file}` is no whole MaxMind DB file: {cause}"))
    }

    /// The file of these bytes.
    ///
    /// # Errors
    ///
    /// What is wrong with its metadata or the size of its parts; records are looked at when they are needed.
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, MaxMindDbError> {
        Reader::from_source(bytes).map(Self)
    }

    /// What the file says of an address: nothing if the address is not in it.
    pub(crate) fn place(&self, ip: Ip) -> Place<'_> {
        let record = self.0.lookup(ip.into()).and_then(|found| found.decode());
        record.ok().flatten().unwrap_or_default()
    }
}
