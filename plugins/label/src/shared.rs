//! What all instances of the plugin share that have the same options: where each capture has rows of its own, there is
//! one for each, but the file is read once, and the list of ambiguous flows is one.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use weir_sdk::{Duration, Options};

use crate::file::Lines;
use crate::index::Index;
use crate::listing::Listing;
use crate::overlaps::Overlaps;

static SHARED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// Where labels come from.
#[derive(Clone, Debug, Options, PartialEq)]
pub struct Settings {
    /// File of labels, CSV with a header or JSON Lines: `src_ip` and `dst_ip` (addresses or subnets), `src_port` and
    /// `dst_port` (ports or ranges such as `1000-2000`), `l4_proto`, `start` and `end` (Unix seconds or RFC 3339), of
    /// which any may be absent or empty, `label`, and further columns, which are carried along.
    #[option(default = "")]
    pub(crate) file: String,
    /// File to write, CSV, with a line for each flow that matches lines with different labels; none if empty.
    #[option(default = "")]
    pub(crate) ambiguous: String,
    /// Each interval of the file is made longer by this at both ends, for clocks that differ.
    #[option(default = "0")]
    pub(crate) tolerance: Duration,
}

/// The file, ready to be asked.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) lines: Lines,
    pub(crate) index: Index,
    pub(crate) overlaps: Option<Overlaps>,
    pub(crate) listing: Option<Mutex<Listing>>,
}

impl Shared {
    /// That of an instance with the same options, or a new one.
    ///
    /// # Errors
    ///
    /// One sentence if the files cannot be used.
    pub(crate) fn of(settings: Settings) -> Result<Arc<Self>, String> {
        // What a panic left behind is whole: the list is changed in one step.
        let mut all = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|shared| shared.strong_count() > 0);
        let known = all.iter().filter_map(Weak::upgrade).find(|shared| shared.settings == settings);
        if let Some(shared) = known {
            return Ok(shared);
        }
        let shared = Arc::new(Self::read(settings)?);
        all.push(Arc::downgrade(&shared));
        Ok(shared)
    }

    fn read(settings: Settings) -> Result<Self, String> {
        if settings.file.is_empty() {
            return Err("no file of labels was named; name one with `-o label.file=FILE`".to_owned());
        }
        if settings.file == settings.ambiguous {
            return Err(format!(
                "`{}` would be overwritten; `ambiguous` must name another file than `file`",
                settings.file
            ));
        }
        let lines = Lines::read(&settings.file, settings.tolerance.0)?;
        let listing = match &*settings.ambiguous {
            "" => None,
            path => Some(Mutex::new(Listing::create(path)?)),
        };
        let (index, overlaps) = (Index::of(&lines.rules), Overlaps::of(&lines));
        Ok(Self { settings, lines, index, overlaps, listing })
    }
}
