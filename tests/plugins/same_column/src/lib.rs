//! Claims a column that `good` has.

use weir_sdk::{Columns, End, FlowPlugin, Packet, State, export_plugin};

/// Measures nothing of its own.
pub struct SameColumn;

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row {
    /// The name is taken.
    #[column(unit = "packets")]
    pub good_packets: u64,
}

impl FlowPlugin for SameColumn {
    const NAME: &'static str = "same_column";
    const SUMMARY: &'static str = "claims a column of `good`";
    const ON_BY_DEFAULT: bool = false;

    type Options = ();
    type Flow = ();
    type Direction = ();
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, _state: State<'_, Self>, _packet: &Packet<'_>) {}

    fn finish<'a>(&'a self, _end: &End<'a, Self>) -> Row {
        Row { good_packets: 0 }
    }
}

export_plugin!(SameColumn);
