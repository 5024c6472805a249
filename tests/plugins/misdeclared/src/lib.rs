//! Its state must stand at multiples of 128 bytes; core gives 64.

use weir_sdk::{End, FlowPlugin, Packet, State, export_plugin};

/// Measures nothing.
pub struct Misdeclared;

/// Wants two cache lines for itself.
#[derive(Default)]
#[repr(align(128))]
pub struct Wide(u64);

impl FlowPlugin for Misdeclared {
    const NAME: &'static str = "misdeclared";
    const SUMMARY: &'static str = "wants more alignment than core gives";
    const ON_BY_DEFAULT: bool = false;

    type Options = ();
    type Flow = Wide;
    type Direction = ();
    type Row<'a> = ();

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, _packet: &Packet<'_>) {
        state.flow.0 += 1;
    }

    fn finish<'a>(&'a self, _end: &End<'a, Self>) {}
}

export_plugin!(Misdeclared);
