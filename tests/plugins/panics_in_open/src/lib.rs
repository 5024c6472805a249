//! Panics when it is opened.

use weir_sdk::{Columns, End, FlowPlugin, Packet, State, export_plugin};

/// Counts packets until it panics.
pub struct PanicsInOpen;

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row {
    /// Packets of this direction.
    #[column(unit = "packets")]
    pub panics_in_open_count: u64,
}

impl FlowPlugin for PanicsInOpen {
    const NAME: &'static str = "panics_in_open";
    const SUMMARY: &'static str = "panics when it is opened";
    const ON_BY_DEFAULT: bool = false;

    type Options = ();
    type Flow = u64;
    type Direction = u64;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        panic!("no table to work with")
    }

    fn packet(&self, state: State<'_, Self>, _packet: &Packet<'_>) {
        *state.flow += 1;
        *state.own += 1;
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        Row { panics_in_open_count: *end.own }
    }
}

export_plugin!(PanicsInOpen);
