//! The boundary within one process: plugins of the tests, called through the functions that cross.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use super::guest::contain;
use super::layout::{END_FIELDS, PACKET_FIELDS, Place, RecordLayout};
use super::*;
use crate::columns::{Column, Columns, Scope};
use crate::packet::Packet;
use crate::plugin::{End, FlowPlugin, HeaderChain, HeaderChains, State};

fn stamp(major: u16, minor: u16) -> Stamp {
    Stamp { major, minor, ..Stamp::OWN }
}

#[test]
fn before_1_0_the_minor_version_must_be_the_same() {
    assert!(stamp(0, 3).accepts(&stamp(0, 3)));
    assert!(!stamp(0, 3).accepts(&stamp(0, 2)));
    assert!(!stamp(0, 3).accepts(&stamp(0, 4)));
    assert!(!stamp(0, 3).accepts(&stamp(1, 3)));
}

#[test]
fn from_1_0_on_an_older_minor_version_will_do() {
    assert!(stamp(1, 3).accepts(&stamp(1, 0)));
    assert!(stamp(1, 3).accepts(&stamp(1, 3)));
    assert!(!stamp(1, 3).accepts(&stamp(1, 4)));
    assert!(!stamp(1, 3).accepts(&stamp(2, 0)));
    assert!(!stamp(1, 3).accepts(&stamp(0, 3)));
}

#[test]
fn a_stamp_is_judged_by_magic_then_version_then_unwinding() {
    assert_eq!(check_stamp(&Stamp::OWN), Ok(()));
    let other = Stamp { minor: Stamp::OWN.minor + 1, unwinds: 0, ..Stamp::OWN };
    assert_eq!(check_stamp(&Stamp { magic: *b"not-weir", ..other }), Err(Refusal::NoPlugin));
    assert_eq!(check_stamp(&other), Err(Refusal::OtherVersion { plugin: (other.major, other.minor) }));
    assert_eq!(check_stamp(&Stamp { unwinds: 0, ..Stamp::OWN }), Err(Refusal::PanicAborts));
}

/// The record of a build with these fields.
#[repr(C)]
struct Four([u32; 4]);

const FOUR: [Place; 4] = [
    Place { name: "one", offset: 0, size: 4 },
    Place { name: "two", offset: 4, size: 4 },
    Place { name: "three", offset: 8, size: 2 },
    Place { name: "four", offset: 12, size: 4 },
];

/// Whether a program with [`FOUR`] serves a plugin with `fields`.
fn four_serve(fields: &[Place]) -> bool {
    RecordLayout::of::<Four>(&FOUR).begins_with(&RecordLayout::of::<Four>(fields), &FOUR)
}

#[test]
fn a_plugin_that_knows_the_first_fields_is_served() {
    assert!(four_serve(&FOUR));
    assert!(four_serve(&FOUR[..3]));
    assert!(four_serve(&[]));
}

#[test]
fn a_plugin_that_knows_other_fields_is_not_served() {
    let mut changed = FOUR;
    changed[3].name = "quatre";
    assert!(!four_serve(&changed), "another name");
    let mut changed = FOUR;
    changed[2].size = 4;
    assert!(!four_serve(&changed), "another size");
    assert!(four_serve(&changed[..2]), "behind the fields that it knows");
    let mut changed = FOUR;
    changed[1].offset = 6;
    assert!(!four_serve(&changed), "another place");
    let mut changed = FOUR;
    (changed[0].name, changed[1].name) = ("two", "one");
    assert!(!four_serve(&changed), "two that changed places");
    let five = [FOUR.as_slice(), &[Place { name: "five", offset: 16, size: 4 }]].concat();
    assert!(!four_serve(&five), "one field more than the program has");
}

#[test]
fn a_larger_or_wider_record_is_not_served() {
    #[repr(C, align(8))]
    struct Wider([u32; 4]);
    #[repr(C)]
    struct Larger([u32; 5]);
    let own = RecordLayout::of::<Four>(&FOUR);
    assert!(!own.begins_with(&RecordLayout::of::<Wider>(&FOUR), &FOUR));
    assert!(!own.begins_with(&RecordLayout::of::<Larger>(&FOUR), &FOUR));
    let larger = RecordLayout::of::<Larger>(&FOUR);
    assert!(larger.begins_with(&own, &FOUR));
}

#[test]
fn the_fingerprint_covers_every_byte_of_the_facts_but_padding() {
    let check = |fields: &[Place], size: usize, align: usize| {
        let mut end = 0;
        for Place { name, offset, size } in fields {
            assert!((end..end + align).contains(offset), "{name} stands right behind the field before");
            end = offset + size;
        }
        assert!((size - align + 1..=size).contains(&end), "the last field stands at the end");
    };
    check(PACKET_FIELDS, size_of::<PacketFacts>(), align_of::<PacketFacts>());
    check(END_FIELDS, size_of::<EndFacts>(), align_of::<EndFacts>());
    assert!(FactsLayout::serves(&FactsLayout::OWN));
}

#[test]
fn a_contained_panic_keeps_message_and_number() {
    let reached = Cell::new(7);
    let fault = contain(&reached, || panic!("at {}", reached.replace(8))).into_result().unwrap_err();
    assert!(fault.message.starts_with("at 7"), "{}", fault.message);
    assert_eq!(fault.reached, 8);
    let value = contain(&reached, || 3).into_result().unwrap_or(0);
    assert_eq!(value, 3);
}

#[test]
fn a_payload_that_is_no_text_or_panics_when_dropped_is_contained() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let raise = || std::panic::resume_unwind(Box::new(Loud));
    let fault = contain(&Cell::new(0), || -> () { raise() }).into_result().unwrap_err();
    assert_eq!(fault.message.as_str(), "no message");
}

/// What the plugin of one test does.
trait Script: Send + 'static {
    /// What it keeps for a direction.
    type Held: Default + Send;

    fn open() -> Result<(), String> {
        Ok(())
    }

    fn born() {}

    fn took(_held: &mut Self::Held, _packet: &Packet<'_>) {}

    fn dropped(_held: &mut Self::Held) {}
}

/// The state of a direction.
struct Kept<S: Script>(S::Held);

impl<S: Script> Default for Kept<S> {
    fn default() -> Self {
        S::born();
        Self(S::Held::default())
    }
}

impl<S: Script> Drop for Kept<S> {
    fn drop(&mut self) {
        S::dropped(&mut self.0);
    }
}

/// A plugin that follows its script.
struct Scripted<S: Script>(PhantomData<S>);

impl<S: Script> FlowPlugin for Scripted<S> {
    const NAME: &'static str = "scripted";
    const SUMMARY: &'static str = "does what its test says";

    type Options = ();
    type Flow = ();
    type Direction = Kept<S>;
    type Row<'a> = ();

    fn open((): ()) -> Result<Self, String> {
        S::open().map(|()| Self(PhantomData))
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        S::took(&mut state.own.0, packet);
    }

    fn finish<'a>(&'a self, _end: &End<'a, Self>) {}
}

/// The module of a plugin of this process, through the same door as a library's.
fn connect<S: Script>() -> Module {
    extern "C" fn layout() -> Layout {
        own_layout()
    }
    extern "C" fn functions<P: FlowPlugin>() -> PluginModuleRef {
        module::<P>("1.2.3")
    }
    Module::connect(&Symbols { layout, module: functions::<Scripted<S>> }).unwrap()
}

struct NoChains;

impl HeaderChains for NoChains {
    fn header_chain(&self, _key: u32) -> HeaderChain<'_> {
        HeaderChain { text: "", count: 0 }
    }
}

/// Rows for states, as the slab of core has them.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Row {
    _bytes: [u64; 16],
}

/// The parts of a state, B's before A's and the conversation's: where they stand is the host's to say.
fn places_of(state: &StateLayout) -> StatePlaces {
    let next = |end: usize| end.next_multiple_of(state.align);
    let b = 0;
    let a = next(b + state.direction);
    StatePlaces { flow: next(a + state.direction), directions: [a, b] }
}

/// `count` conversations, each of which begins, sends one packet from A, and ends with both directions.
/// Gives the first fault.
fn live<S: Script>(count: usize) -> Result<(), Fault> {
    let module = connect::<S>();
    let info = module.describe().unwrap();
    assert!(info.state.size() <= size_of::<Row>() && info.state.align <= align_of::<Row>());
    let places = places_of(&info.state);
    let mut instance = module.open(&[]).unwrap();
    let mut memory = vec![Row::default(); count];
    let rows: Vec<*mut u8> = memory.iter_mut().map(|row| (&raw mut *row).cast()).collect();
    let facts: Vec<PacketFacts> =
        (1..=count as u64).map(|ordinal| PacketFacts { ordinal, ..PacketFacts::default() }).collect();
    let (ends, end_rows) = ends_of(&rows);
    // SAFETY: each row is large enough, aligned, and the plugin's alone; it goes through `begin` first and
    // is not used after `finish`.
    unsafe {
        instance.begin(&rows, places)?;
        instance.packets(
            &Packets { window: &[], facts: &facts, rows: &rows, streams: &[], stream_buffer: &[] },
            places,
            None,
        )?;
        let ends = Ends { facts: &ends, rows: &end_rows, of_conversations: false, chains: &NoChains };
        instance.finish(&ends, places).map(drop)
    }
}

/// Both directions of the conversations in these rows.
fn ends_of(rows: &[*mut u8]) -> (Vec<EndFacts>, Vec<*mut u8>) {
    let both = rows.iter().enumerate().flat_map(|(index, &row)| [(index, row, 0), (index, row, 1)]);
    both.map(|(index, row, side)| {
        let flow_index = index as u64 + 1;
        (EndFacts { flow_index, side, has_other: 1, letter: side, ..EndFacts::default() }, row)
    })
    .unzip()
}

#[test]
fn states_are_dropped_exactly_once() {
    static BORN: AtomicU64 = AtomicU64::new(0);
    static DROPPED: AtomicU64 = AtomicU64::new(0);
    struct Counted;
    impl Script for Counted {
        type Held = Vec<u64>;

        fn born() {
            BORN.fetch_add(1, Ordering::Relaxed);
        }

        fn took(held: &mut Vec<u64>, packet: &Packet<'_>) {
            held.push(packet.ordinal);
        }

        fn dropped(held: &mut Vec<u64>) {
            DROPPED.fetch_add(1 + 100 * held.len() as u64, Ordering::Relaxed);
        }
    }
    assert_eq!(live::<Counted>(5), Ok(()));
    assert_eq!(BORN.load(Ordering::Relaxed), 10);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 10 + 100 * 5, "five of them had taken a packet");
}

#[test]
fn states_without_size_are_dropped_exactly_once() {
    static DROPPED: AtomicU64 = AtomicU64::new(0);
    struct Empty;
    impl Script for Empty {
        type Held = ();

        fn dropped((): &mut ()) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    assert_eq!(live::<Empty>(3), Ok(()));
    assert_eq!(DROPPED.load(Ordering::Relaxed), 6);
}

#[test]
fn states_that_panic_at_birth_and_when_dropped_are_given_up() {
    static BORN: AtomicU64 = AtomicU64::new(0);
    struct Stillborn;
    impl Script for Stillborn {
        type Held = u8;

        fn born() {
            assert!(BORN.fetch_add(1, Ordering::Relaxed) == 0, "the second birth went wrong");
        }

        fn dropped(_: &mut u8) {
            panic!("a second panic on the way out would end the program");
        }
    }
    let fault = live::<Stillborn>(3).unwrap_err();
    assert!(fault.message.starts_with("the second birth went wrong (sdk/src/abi/"), "{}", fault.message);
    assert_eq!(fault.reached, 0);
}

#[test]
fn states_that_panic_when_dropped_are_dropped_no_further() {
    static DROPPED: AtomicU64 = AtomicU64::new(0);
    struct Clinging;
    impl Script for Clinging {
        type Held = u8;

        fn dropped(_: &mut u8) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            panic!("not\nme \x1b[31m");
        }
    }
    let fault = live::<Clinging>(3).unwrap_err();
    assert!(fault.message.starts_with("not me [31m (sdk/src/abi/"), "{}", fault.message);
    assert_eq!((fault.reached, DROPPED.load(Ordering::Relaxed)), (1, 1));
}

#[test]
fn a_panic_at_a_packet_tells_its_number_and_place() {
    struct Picky;
    impl Script for Picky {
        type Held = ();

        fn took((): &mut (), packet: &Packet<'_>) {
            assert!(packet.ordinal != 2, "not the second");
        }
    }
    let fault = live::<Picky>(3).unwrap_err();
    assert!(fault.message.starts_with("not the second (sdk/src/abi/tests.rs:"), "{}", fault.message);
    assert_eq!(fault.reached, 2);
}

#[test]
fn a_panic_that_the_plugin_caught_itself_is_no_fault() {
    struct Careful;
    impl Script for Careful {
        type Held = ();

        fn took((): &mut (), packet: &Packet<'_>) {
            let risk = std::panic::catch_unwind(|| panic!("caught by the plugin"));
            assert!(risk.is_err() && packet.ordinal != 2, "not the second");
        }
    }
    let fault = live::<Careful>(3).unwrap_err();
    assert!(fault.message.starts_with("not the second"), "{}", fault.message);
}

#[test]
fn a_long_story_is_cut() {
    struct Talker;
    impl Script for Talker {
        type Held = ();

        fn open() -> Result<(), String> {
            Err("\u{f6} ".repeat(1000))
        }
    }
    let refused = connect::<Talker>().open(&[]).map(drop);
    assert_eq!(refused, Err(NotOpened::Refused("\u{f6} ".repeat(250) + " ..")));
}

#[test]
fn a_panic_while_opening_is_told_apart_from_a_refusal() {
    struct Broken;
    impl Script for Broken {
        type Held = ();

        fn open() -> Result<(), String> {
            panic!("nothing to open")
        }
    }
    let Err(NotOpened::Panicked(fault)) = connect::<Broken>().open(&[]) else { panic!("it panicked") };
    assert!(fault.message.starts_with("nothing to open (sdk/src/abi/"), "{}", fault.message);
}

#[test]
fn what_a_plugin_says_of_itself_arrives() {
    struct Any;
    impl Script for Any {
        type Held = u32;
    }
    let info = connect::<Any>().describe().unwrap();
    assert_eq!((info.name, info.version, info.summary), ("scripted", "1.2.3", "does what its test says"));
    let state = StateLayout { flow: 0, direction: 4, align: 4, reads_peer: true };
    assert_eq!(info.state, state);
}

#[test]
fn cells_that_a_buffer_lacks_are_empty() {
    let cells = ColumnBuffer { text_ends: vec![3, 5], list_ends: vec![1], ..ColumnBuffer::default() };
    let cells = ColumnCells::of(&cells);
    assert_eq!((cells.text(0), cells.text(1)), (0..3, 3..5));
    assert!(cells.text(2).is_empty() && cells.text(7).is_empty() && cells.list(9).is_empty());
    assert!(!cells.is_present(0));
}

#[test]
fn any_rows_of_a_column_are_copied_behind_any_others() {
    let cells: Vec<Option<u16>> = (0..40).map(|n| (n % 3 != 0).then_some(n)).collect();
    let buffer = |cells: &[Option<u16>]| {
        let mut buffer = ColumnBuffer::default();
        cells.iter().for_each(|&cell| crate::columns::Cell::append(cell, &mut buffer));
        buffer
    };
    for (before, first, count) in (0..2000).map(|n| (n % 10, n / 10 % 10, n / 100)) {
        let mut copied = buffer(&cells[..before]);
        copied.copy(
            &ColumnCells::of(&buffer(&cells)),
            first..first + count,
            <u16 as crate::columns::Cell>::TYPE,
        );
        let expected = [&cells[..before], &cells[first..first + count]].concat();
        assert_eq!(copied, buffer(&expected), "{count} from {first} behind {before}");
    }
}

/// Tells which letters it was asked for, in a column of the flow or in one of the direction.
struct Asked<const DIRECTION: bool>;

struct AskedRow<const DIRECTION: bool>(u8);

impl<const DIRECTION: bool> Columns for AskedRow<DIRECTION> {
    const COLUMNS: &'static [Column] = &[Column {
        name: "asked",
        value: <u8 as crate::columns::Cell>::TYPE,
        scope: if DIRECTION { Scope::Direction } else { Scope::Flow },
        unit: "none",
        definition: "Letter of the row.",
        source: "test",
        tags: &[],
        aliases: &[],
        bits: &[],
        tranalyzer: None,
    }];

    fn append(self, buffers: &mut [ColumnBuffer]) {
        crate::columns::Cell::append(self.0, &mut buffers[0]);
    }

    fn put(self, row: usize, buffers: &mut [ColumnBuffer], presence: &mut [u8]) {
        presence[0] = u8::from(crate::columns::Cell::put(self.0, row, &mut buffers[0]));
    }
}

impl<const DIRECTION: bool> FlowPlugin for Asked<DIRECTION> {
    const NAME: &'static str = "asked";
    const SUMMARY: &'static str = "the letter that it was asked for";

    type Options = ();
    type Flow = ();
    type Direction = ();
    type Row<'a> = AskedRow<DIRECTION>;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, _state: State<'_, Self>, _packet: &Packet<'_>) {}

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> AskedRow<DIRECTION> {
        AskedRow(end.letter() as u8)
    }
}

/// The letters for a conversation of both directions, one of a single direction, and another of both; those that are
/// absent are 9.
fn asked<P: FlowPlugin>(of_conversations: bool) -> Vec<u8> {
    let module = Module::linked::<P>("1.2.3");
    let places = places_of(&module.describe().unwrap().state);
    let mut instance = module.open(&[]).unwrap();
    let mut memory = [Row::default(); 3];
    let rows = memory.each_mut().map(|row| (&raw mut *row).cast::<u8>());
    let (mut ends, mut end_rows) = ends_of(&rows);
    ends.remove(3);
    end_rows.remove(3);
    // SAFETY: each row is large enough, aligned, and the plugin's alone; it goes through `begin` first and
    // is not used after `finish`.
    unsafe {
        instance.begin(&rows, places).unwrap();
        let ends = Ends { facts: &ends, rows: &end_rows, of_conversations, chains: &NoChains };
        let cells = instance.finish(&ends, places).unwrap()[0];
        let letters = cells.values().iter().enumerate();
        letters.map(|(row, &letter)| if cells.is_present(row) { letter } else { 9 }).collect()
    }
}

#[test]
fn a_plugin_that_tells_of_flows_alone_is_asked_once_for_each() {
    assert_eq!(asked::<Asked<true>>(false), [0, 1, 0, 0, 1]);
    assert_eq!(asked::<Asked<false>>(false), [0, 0, 0, 0, 0]);
}

#[test]
fn nothing_is_told_of_b_where_nobody_reads_it() {
    assert_eq!(asked::<Asked<true>>(true), [0, 1, 0, 0, 1]);
    assert_eq!(asked::<Asked<false>>(true), [0, 9, 0, 0, 9]);
}
