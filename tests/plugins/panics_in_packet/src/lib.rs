//! Panics at the third packet of a flow.

use weir_sdk::{Columns, End, FlowPlugin, Packet, State, export_plugin};

/// Counts packets until it panics.
pub struct PanicsInPacket;

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row {
    /// Packets of this direction.
    #[column(unit = "packets")]
    pub panics_in_packet_count: u64,
}

impl FlowPlugin for PanicsInPacket {
    const NAME: &'static str = "panics_in_packet";
    const SUMMARY: &'static str = "panics at the third packet of a flow";
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
        assert!(*state.flow < 3, "three packets are too many");
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        Row { panics_in_packet_count: *end.own }
    }
}

export_plugin!(PanicsInPacket);
