//! The settings file, `weir.toml`.
//!
//! ```toml
//! plugins = ["basic_flow", "basic_stats"]
//! rows = "direction"
//! format = "jsonl"
//! idle-timeout = "182s"
//!
//! [tcp-timeouts]
//! established = "610s"
//! reset = "100ms"
//!
//! [options.some_plugin]
//! threshold = "0.6"
//! ```

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Deserializer};
use weir_sdk::Duration;
use weir_sdk::options::OptionValue;

use crate::error::RunError;
use crate::flow::Lifetime;
use crate::schema::RowShape;
use crate::sink::Profile;

/// What a settings file says; absent things stay absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FileConfig {
    /// Plugins by name or library file.
    pub plugins: Vec<String>,
    /// Folders to look for plugins in.
    pub plugin_dirs: Vec<PathBuf>,
    /// Where the rows go.
    pub write: Option<PathBuf>,
    /// The format of the rows, by name.
    pub format: Option<String>,
    /// Workers.
    pub threads: Option<NonZeroU8>,
    rows: Option<Rows>,
    profile: Option<ProfileName>,
    idle_timeout: Option<Time>,
    active_timeout: Option<Time>,
    memory_limit: Option<Size>,
    tcp_timeouts: TcpTimeouts,
    options: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

/// What a row stands for, as settings and the command line name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// One row per conversation, direction columns twice
    Conversation,
    /// One row per direction
    Direction,
}

impl From<Rows> for RowShape {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::Conversation => RowShape::Conversation,
            Rows::Direction => RowShape::Direction,
        }
    }
}

/// Whose names and formats are printed, as settings and the command line name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileName {
    /// Our own
    Weir,
    /// Those of Tranalyzer
    Tranalyzer,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Weir => Profile::Weir,
            ProfileName::Tranalyzer => Profile::Tranalyzer,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TcpTimeouts {
    new: Option<Time>,
    established: Option<Time>,
    closing: Option<Time>,
    closed: Option<Time>,
    reset: Option<Time>,
}

/// A time as a text with a unit or as a number of seconds.
#[derive(Clone, Copy, Debug)]
struct Time(Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_of(&toml::Value::deserialize(deserializer)?);
        let parsed = Duration::from_text(&text).filter(|duration| duration.0 > 0);
        parsed.map(Time).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no time above 0, such as `\"90s\"` or `\"5m\"`"))
        })
    }
}

/// Bytes as a number or as a text with a unit.
#[derive(Clone, Copy, Debug)]
struct Size(u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_of(&toml::Value::deserialize(deserializer)?);
        let refused = |reason| serde::de::Error::custom(format!("`{text}` is no size; {reason}"));
        crate::cli::size(&text).map(Size).map_err(refused)
    }
}

/// A value as one would write it after `=` on the command line.
fn text_of(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl FileConfig {
    /// Reads a settings file.
    ///
    /// # Errors
    ///
    /// One sentence with the file, the line, and what is wrong there.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            RunError::Usage(format!("cannot read settings `{}`: {error}; check `--config`", path.display()))
        })?;
        toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            RunError::Usage(format!("settings `{}`, line {line}: {}", path.display(), error.message()))
        })
    }

    /// What a row stands for.
    pub fn rows(&self) -> Option<RowShape> {
        self.rows.map(RowShape::from)
    }

    /// Whose names and formats are printed.
    pub fn profile(&self) -> Option<Profile> {
        self.profile.map(Profile::from)
    }

    /// Bytes that live conversations may take.
    pub fn memory_limit(&self) -> Option<u64> {
        self.memory_limit.map(|Size(bytes)| bytes)
    }

    /// The limit on a conversation's life.
    pub fn active_timeout(&self) -> Option<Duration> {
        self.active_timeout.map(|time| time.0)
    }

    /// The timeouts that are set.
    pub fn timeouts(&self) -> impl Iterator<Item = (Lifetime, Duration)> + '_ {
        let tcp = &self.tcp_timeouts;
        let all = [
            (Lifetime::Idle, self.idle_timeout),
            (Lifetime::TcpNew, tcp.new),
            (Lifetime::TcpEstablished, tcp.established),
            (Lifetime::TcpClosing, tcp.closing),
            (Lifetime::TcpClosed, tcp.closed),
            (Lifetime::TcpReset, tcp.reset),
        ];
        all.into_iter().filter_map(|(lifetime, time)| time.map(|time| (lifetime, time.0)))
    }

    /// The plugins' options: plugin, option, value.
    pub fn options(&self) -> impl Iterator<Item = (String, String, String)> + '_ {
        self.options.iter().flat_map(|(plugin, options)| {
            options.iter().map(move |(option, value)| (plugin.clone(), option.clone(), text_of(value)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FileConfig, String> {
        let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        std::fs::write(file.path(), text).map_err(|error| error.to_string())?;
        FileConfig::read(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn times_take_numbers_and_texts_with_a_unit() {
        let config = read("idle-timeout = 30\n[tcp-timeouts]\nreset = \"50ms\"\n").unwrap();
        let timeouts: Vec<_> = config.timeouts().collect();
        assert_eq!(
            timeouts,
            [(Lifetime::Idle, Duration(30_000_000_000)), (Lifetime::TcpReset, Duration(50_000_000))]
        );
    }

    #[test]
    fn a_wrong_line_is_named() {
        let message = read("rows = \"direction\"\nidle-timeuot = 3\n").unwrap_err();
        assert!(message.contains("line 2") && message.contains("idle-timeuot"), "{message}");
    }

    #[test]
    fn options_of_plugins_keep_their_text() {
        let config = read("[options.lengths]\nbin = 100\nname = \"x\"\n").unwrap();
        let options: Vec<_> = config.options().collect();
        assert_eq!(options[0], ("lengths".into(), "bin".into(), "100".into()));
        assert_eq!(options[1], ("lengths".into(), "name".into(), "x".into()));
    }
}
