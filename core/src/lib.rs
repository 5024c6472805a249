//! weir: network captures in, one wide row per flow out.
//!
//! The stages, in the order data passes:
//!
//! - [`capture`]: file or standard input → raw packets, in batches;
//! - [`decode`]: raw packet → packet, the layers it has and where they stand; [`intake`] does that for a batch;
//! - [`flow`]: packet → flow, and when a flow ends;
//! - [`plugins`]: find, load, check, and call the libraries that measure flows;
//! - [`schema`]: every column of a run, in order: the data dictionary;
//! - [`sink`]: rows → file.
//!
//! [`worker`] takes a batch through them; [`pipeline`] is the one file that knows all stages. What a plugin
//! author needs is in the crate `weir-sdk`.

pub mod capture;
pub mod cli;
pub mod config;
pub mod counts;
pub mod decode;
pub mod error;
mod feed;
pub mod flow;
pub mod inputs;
pub mod intake;
pub mod memory;
mod parallel;
mod per_file;
pub mod pipeline;
pub mod plugins;
pub mod profile;
mod progress;
mod rows;
pub mod schema;
pub mod sink;
pub mod summary;
pub mod tables;
pub mod worker;

pub use per_file::run_per_file;
pub use pipeline::{RunConfig, run};
