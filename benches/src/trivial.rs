//! Twenty plugins that do next to nothing: each adds up packets and bytes of a direction. What they cost is what
//! the engine costs.

use weir::plugins::PluginSet;
use weir_sdk::abi::Module;
use weir_sdk::{End, FlowPlugin, Packet, Reads, State};

const NAMES: [&str; 20] = [
    "t00", "t01", "t02", "t03", "t04", "t05", "t06", "t07", "t08", "t09", "t10", "t11", "t12", "t13", "t14",
    "t15", "t16", "t17", "t18", "t19",
];

/// The `N`th of them.
struct Trivial<const N: usize>;

/// Sixteen bytes for each direction.
#[derive(Default)]
pub struct Sums {
    packets: u64,
    bytes: u64,
}

impl<const N: usize> FlowPlugin for Trivial<N> {
    const NAME: &'static str = NAMES[N];
    const SUMMARY: &'static str = "packets and bytes";
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = ();
    type Flow = ();
    type Direction = Sums;
    type Row<'a> = ();

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        state.own.packets += 1;
        state.own.bytes += u64::from(packet.wire_len);
    }

    fn finish<'a>(&'a self, _: &End<'a, Self>) {}
}

/// All twenty.
///
/// # Panics
///
/// Never: they fit this program.
pub fn twenty() -> PluginSet {
    macro_rules! modules {
        ($($n:literal)+) => { [$(Module::linked::<Trivial<$n>>("0.1.0")),+] };
    }
    let modules = modules!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
    PluginSet::linked(modules).expect("the plugins fit this program")
}
