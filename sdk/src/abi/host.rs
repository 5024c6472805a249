//! The program's side of the boundary: check a library, ask what it is, put it to work.

use abi_stable::abi_stability::abi_checking::{
    AbiInstability, AbiInstabilityErrors, check_layout_compatibility,
};
use abi_stable::std_types::{RStr, RVec};
use abi_stable::type_layout::TLFieldOrFunction;

use super::*;
use crate::columns::{Bit, Column, Kind, Scope, Tranalyzer, ValueType};
use crate::options::OptionDeclaration;
use crate::packet::StreamFacts;
use crate::plugin::{FlowPlugin, HeaderChains, Interest};
use crate::reads::Reads;
use crate::tables::Table;

/// What a plugin says of itself.
#[derive(Clone, Debug)]
pub struct PluginInfo {
    /// Its name.
    pub name: &'static str,
    /// Version of its crate.
    pub version: &'static str,
    /// What it measures, one line.
    pub summary: &'static str,
    /// Where its columns stand.
    pub order: u16,
    /// Whether it is loaded when no plugins are named.
    pub on_by_default: bool,
    /// The packets it wants.
    pub interest: Interest,
    /// Bytes of each direction's TCP stream that it wants.
    pub stream_bytes: u64,
    /// What of the bytes of packets it reads.
    pub reads: Reads,
    /// Its state per conversation.
    pub state: StateLayout,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its options.
    pub options: Vec<OptionDeclaration>,
    /// It reads finished rows instead of packets.
    pub reads_rows: bool,
    /// The columns of other plugins that it reads.
    pub needs: Vec<&'static str>,
    /// Files of rows that it writes beside the flows.
    pub tables: Vec<Table>,
}

/// Why a plugin could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// Its own sentence about an option.
    Refused(String),
    /// It panicked.
    Panicked(Fault),
}

/// A library whose three symbols fit.
#[derive(Clone, Copy)]
pub struct Module(PluginModuleRef);

/// The symbols of a library whose stamp was accepted, as the loader found them.
pub struct Symbols {
    /// [`LAYOUT_SYMBOL`].
    pub layout: extern "C" fn() -> Layout,
    /// [`MODULE_SYMBOL`].
    pub module: extern "C" fn() -> PluginModuleRef,
}

/// Compares the stamp of a library with our own.
///
/// # Errors
///
/// The [`Refusal`] if it is no plugin, was built for another SDK, or aborts on panic.
pub fn check_stamp(stamp: &Stamp) -> Result<(), Refusal> {
    if stamp.magic != Stamp::OWN.magic {
        Err(Refusal::NoPlugin)
    } else if !Stamp::OWN.accepts(stamp) {
        Err(Refusal::OtherVersion { plugin: (stamp.major, stamp.minor) })
    } else if stamp.unwinds == 0 {
        Err(Refusal::PanicAborts)
    } else {
        Ok(())
    }
}

impl Module {
    /// A plugin that is part of the program, for programs that link their plugins instead of loading them.
    pub fn linked<P: FlowPlugin>(version: &'static str) -> Self {
        Self(super::module::<P>(version))
    }

    /// The module behind the symbols of a library whose stamp was accepted.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherLayout`] if what would cross differs.
    pub fn connect(symbols: &Symbols) -> Result<Self, Refusal> {
        check_layout_compatibility(own_layout(), (symbols.layout)())
            .map_err(|errors| Refusal::OtherLayout { detail: first_difference(&errors) })?;
        Ok(Self((symbols.module)()))
    }

    /// What the plugin says of itself.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] if its records have another layout or it panicked.
    pub fn describe(&self) -> Result<PluginInfo, Refusal> {
        let description = outcome(self.0.describe()()).map_err(Refusal::Panicked)?;
        if !FactsLayout::serves(&description.facts) {
            let detail = "the facts of packets or of ended flows have other fields".to_owned();
            return Err(Refusal::OtherLayout { detail });
        }
        Ok(PluginInfo {
            name: description.name.as_str(),
            version: description.version.as_str(),
            summary: description.summary.as_str(),
            order: description.order,
            on_by_default: description.on_by_default,
            interest: Interest(description.interest),
            stream_bytes: description.stream_bytes,
            reads: Reads(description.reads),
            state: description.state,
            columns: description.columns.iter().map(column).collect::<Result<_, _>>()?,
            options: description.options.iter().map(option).collect(),
            reads_rows: description.reads_rows,
            needs: description.needs.iter().map(|need| need.as_str()).collect(),
            tables: description.tables.iter().map(table).collect::<Result<_, _>>()?,
        })
    }

    /// Opens the plugin with the given options.
    ///
    /// # Errors
    ///
    /// The plugin's own sentence about an option, or what its panic said.
    pub fn open(&self, settings: &[(&str, &str)]) -> Result<Instance, NotOpened> {
        let settings: Vec<Setting<'_>> = settings
            .iter()
            .map(|&(name, value)| Setting { name: name.into(), value: value.into() })
            .collect();
        let opened = outcome(self.0.open()(settings.as_slice().into())).map_err(NotOpened::Panicked)?;
        let pointer = opened.into_result().map_err(|sentence| NotOpened::Refused(one_line(&sentence)))?;
        Ok(Instance { module: self.0, pointer })
    }
}

pub(super) fn outcome<T>(outcome: Outcome<T>) -> Result<T, Fault> {
    outcome.into_result().map_err(|raw| Fault { message: one_line(&raw.message), reached: raw.reached })
}

/// What a plugin said, fit for the middle of a sentence. It may have quoted bytes of a packet, so line breaks
/// and escapes that a terminal would obey become spaces, and a long story is cut.
pub(super) fn one_line(text: &str) -> String {
    const MOST_CHARACTERS: usize = 500;
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{} ..", &line[..end]),
        None => line,
    }
}

/// The first thing that the layout check found, for the middle of a sentence.
fn first_difference(errors: &AbiInstabilityErrors) -> String {
    let Some(found) = errors.errors.iter().find(|error| !error.errs.is_empty()) else {
        return "its layout".into();
    };
    // The way starts at the pointer to the module, and names a function twice: as a field, and as itself.
    let mut way: Vec<String> = found.stack_trace.iter().skip(1).map(|step| name_of(&step.expected)).collect();
    way.dedup();
    let place = if way.is_empty() { "its module".into() } else { format!("`{}`", way.join(".")) };
    format!("{place} {}", difference(&found.errs[0]))
}

fn difference(found: &AbiInstability) -> String {
    match found {
        AbiInstability::Name(types) => format!("is `{}`, not `{}`", types.found, types.expected),
        AbiInstability::Size(size) => format!("has {} bytes, not {}", size.found, size.expected),
        AbiInstability::FieldCountMismatch(count) => {
            format!("has {} fields, not {}", count.found, count.expected)
        }
        other => one_line(&format!("{other:?}")),
    }
}

fn name_of(step: &TLFieldOrFunction) -> String {
    match step {
        TLFieldOrFunction::Field(field) if field.name() == "__returns" => "result".to_owned(),
        TLFieldOrFunction::Field(field) => field.name().to_owned(),
        TLFieldOrFunction::Function(function) => function.name.to_string(),
    }
}

/// Libraries are never unloaded, and a description is read once, so its lists may live for ever.
///
/// # Errors
///
/// A kind or scope that this program does not know.
fn column(raw: &RawColumn) -> Result<Column, Refusal> {
    let unknown = |what: &str, code: u8| Refusal::OtherLayout {
        detail: format!("column `{}` has the unknown {what} {code}", raw.name),
    };
    let kind = Kind::ALL.get(usize::from(raw.kind)).ok_or_else(|| unknown("kind", raw.kind))?;
    let scope = [Scope::Flow, Scope::Direction].into_iter().find(|&scope| scope as u8 == raw.scope);
    let scope = scope.ok_or_else(|| unknown("scope", raw.scope))?;
    let texts = |list: &RVec<RStr<'static>>| list.iter().map(RStr::as_str).collect::<Vec<_>>().leak() as &_;
    let bits: Vec<Bit> = raw
        .bits
        .iter()
        .map(|bit| Bit { mask: bit.mask, name: bit.name.as_str(), meaning: bit.meaning.as_str() })
        .collect();
    let (name, format) = (raw.tranalyzer_name.as_str(), raw.tranalyzer_format.as_str());
    Ok(Column {
        name: raw.name.as_str(),
        value: ValueType { kind: *kind, list: raw.list },
        scope,
        unit: raw.unit.as_str(),
        definition: raw.definition.as_str(),
        source: raw.source.as_str(),
        tags: texts(&raw.tags),
        aliases: texts(&raw.aliases),
        bits: bits.leak(),
        tranalyzer: (!name.is_empty()).then_some(Tranalyzer {
            name,
            format,
            null: raw.tranalyzer_null.as_str(),
        }),
    })
}

/// As for [`column`].
fn table(raw: &RawTable) -> Result<Table, Refusal> {
    let columns: Vec<Column> = raw.columns.iter().map(column).collect::<Result<_, _>>()?;
    Ok(Table { name: raw.name.as_str(), summary: raw.summary.as_str(), columns: columns.leak() })
}

fn option(raw: &RawOption) -> OptionDeclaration {
    OptionDeclaration {
        name: raw.name.as_str(),
        kind: raw.kind.as_str(),
        default: raw.default.as_str(),
        definition: raw.definition.as_str(),
    }
}

/// A plugin at work on one thread.
pub struct Instance {
    pub(super) module: PluginModuleRef,
    pub(super) pointer: *mut u8,
}

/// Packets for one call to each plugin.
pub struct Packets<'a> {
    /// What the `start` of the facts counts in.
    pub window: &'a [u8],
    /// One for each packet.
    pub facts: &'a [PacketFacts],
    /// For each packet, the row of its conversation.
    pub rows: &'a [*mut u8],
    /// For each packet, what it brought of its TCP stream; empty if no plugin asks for streams.
    pub streams: &'a [StreamFacts],
    /// What some of them point into.
    pub stream_buffer: &'a [u8],
}

/// Ended directions for one call to each plugin: A before B, the two of a conversation in a row.
pub struct Ends<'a> {
    /// One for each direction.
    pub facts: &'a [EndFacts],
    /// For each direction, the row of its conversation.
    pub rows: &'a [*mut u8],
    /// Of a conversation, cells of flow scope are read where A's stand, so that those of B may be null.
    pub of_conversations: bool,
    /// Looks up header chains.
    pub chains: &'a dyn HeaderChains,
}

impl Instance {
    /// What the plugin wants the user to know before the run, or when it is over.
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    pub fn notice(&mut self, is_over: bool) -> Result<Option<String>, Fault> {
        // SAFETY: `pointer` comes from `open` of the same module.
        let notice = outcome(unsafe { self.module.notice()(self.pointer, is_over) })?;
        Ok(notice.into_option().map(|text| one_line(&text)))
    }

    /// What a row plugin counted, by name.
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    pub fn counts(&mut self) -> Result<Vec<(&'static str, u64)>, Fault> {
        // SAFETY: `pointer` comes from `open` of the same module.
        let counts = outcome(unsafe { self.module.counts()(self.pointer) })?;
        Ok(counts.iter().map(|raw| (raw.name.as_str(), raw.count)).collect())
    }

    /// Writes first values into the rows of new conversations.
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    ///
    /// # Safety
    ///
    /// In each row, `places` are memory of the plugin's declared sizes and alignment for it alone.
    pub unsafe fn begin(&mut self, rows: &[*mut u8], places: StatePlaces) -> Result<(), Fault> {
        // SAFETY: by the contract of this function; `pointer` comes from `open` of the same module.
        outcome(unsafe { self.module.begin()(self.pointer, rows.into(), places) })
    }

    /// Hands on packets; `selected` are the indices of those the plugin asked for, `None` for all.
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    ///
    /// # Safety
    ///
    /// As for [`begin`](Self::begin), and each row has been through it; there are as many rows as facts,
    /// and the selected indices are below their number.
    pub unsafe fn packets(
        &mut self,
        packets: &Packets<'_>,
        places: StatePlaces,
        selected: Option<&[u32]>,
    ) -> Result<(), Fault> {
        let batch = PacketBatch {
            window: packets.window.into(),
            facts: Records::of(packets.facts),
            rows: packets.rows.into(),
            places,
            selected: selected.unwrap_or(&[]).into(),
            all: selected.is_none(),
            streams: Records::of(packets.streams),
            stream_buffer: packets.stream_buffer.into(),
        };
        // SAFETY: by the contract of this function.
        outcome(unsafe { self.module.packets()(self.pointer, &batch) })
    }

    /// The cells of ended directions: one [`ColumnCells`] for each column of the plugin; then, for each of its
    /// tables, one whose lists say which rows belong to which end, and one for each column of the table.
    ///
    /// # Errors
    ///
    /// A panic of the plugin.
    ///
    /// # Safety
    ///
    /// As for [`packets`](Self::packets); the states are gone afterwards.
    pub unsafe fn finish<'a>(
        &'a mut self,
        ends: &'a Ends<'a>,
        places: StatePlaces,
    ) -> Result<Vec<ColumnCells<'a>>, Fault> {
        let batch = EndBatch {
            ends: Records::of(ends.facts),
            rows: ends.rows.into(),
            places,
            of_conversations: ends.of_conversations,
            chains: (&raw const ends.chains).cast(),
            header_chain: look_up_chain,
        };
        // SAFETY: by the contract of this function.
        let cells = outcome(unsafe { self.module.finish()(self.pointer, &batch) })?;
        // SAFETY: the cells borrow from the instance, not from the batch, and `&'a mut self` keeps it
        // from being called again while they live.
        Ok(unsafe { outliving_the_batch(cells.as_slice()) })
    }
}

/// # Safety
///
/// The cells must live for `'a`.
pub(super) unsafe fn outliving_the_batch<'a>(cells: &[ColumnCells<'_>]) -> Vec<ColumnCells<'a>> {
    // SAFETY: by the contract above; only the lifetime changes.
    cells
        .iter()
        .map(|cells| unsafe { std::mem::transmute::<ColumnCells<'_>, ColumnCells<'a>>(*cells) })
        .collect()
}

/// # Safety
///
/// `chains` points to a `&dyn HeaderChains` that lives as long as the batch.
unsafe extern "C" fn look_up_chain(chains: *const u8, key: u32) -> RawChain {
    // SAFETY: by the contract above.
    let chains = unsafe { *chains.cast::<&dyn HeaderChains>() };
    let chain = chains.header_chain(key);
    RawChain { text: chain.text.as_ptr(), text_len: chain.text.len(), count: chain.count }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: `pointer` comes from `open` of the same module and is not used again.
        unsafe { self.module.close()(self.pointer) }
    }
}

// SAFETY: an instance is a plugin's own heap object, only reached through `&mut self`, one thread at a time;
// `FlowPlugin` asks that the plugin and what it keeps are `Send`.
unsafe impl Send for Instance {}
