//! Its states panic when they are dropped, all of them: what a first panic leaves must not be dropped on the
//! way out, since a second panic there would end the program.

use weir_sdk::{Columns, End, FlowPlugin, Packet, State, export_plugin};

/// Counts packets.
pub struct PanicsInDrop;

/// A count that cannot be let go.
#[derive(Default)]
pub struct Clinging(u64);

impl Drop for Clinging {
    fn drop(&mut self) {
        panic!("it clings to its count {}", self.0);
    }
}

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row {
    /// Packets of this direction.
    #[column(unit = "packets")]
    pub panics_in_drop_count: u64,
}

impl FlowPlugin for PanicsInDrop {
    const NAME: &'static str = "panics_in_drop";
    const SUMMARY: &'static str = "panics when its state is dropped";
    const ON_BY_DEFAULT: bool = false;

    type Options = ();
    type Flow = Clinging;
    type Direction = Clinging;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, _packet: &Packet<'_>) {
        state.own.0 += 1;
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        Row { panics_in_drop_count: end.own.0 }
    }
}

export_plugin!(PanicsInDrop);
