//! Panics when the second flow ends.

use weir_sdk::{Columns, End, FlowPlugin, Packet, State, export_plugin};

/// Counts packets until it panics.
pub struct PanicsInFinish;

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row {
    /// Packets of this direction.
    #[column(unit = "packets")]
    pub panics_in_finish_count: u64,
}

impl FlowPlugin for PanicsInFinish {
    const NAME: &'static str = "panics_in_finish";
    const SUMMARY: &'static str = "panics when the second flow ends";
    const ON_BY_DEFAULT: bool = false;

    type Options = ();
    type Flow = u64;
    type Direction = u64;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, _packet: &Packet<'_>) {
        *state.flow += 1;
        *state.own += 1;
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        assert!(end.flow_index() != 2, "two flows are too many\nsays the second line");
        Row { panics_in_finish_count: *end.own }
    }
}

export_plugin!(PanicsInFinish);
