//! What was passed over in a capture without stopping.

/// Counts of what could not be used though the capture could be read on. All zero for a sound capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    /// Packets of a pcapng interface that no block described: their link type is not known, so they are left
    /// out.
    pub packets_without_interface: u64,
    /// Options of pcapng interfaces with a wrong length; if they told of the clock, times may be wrong.
    pub unreadable_interface_options: u64,
    /// Blocks of a type the pcapng format does not name, skipped by their length.
    pub unknown_blocks: u64,
}

impl Warnings {
    /// One sentence for each count that is not zero.
    pub fn sentences(&self) -> impl Iterator<Item = String> {
        [
            (self.packets_without_interface, "packets left out, as their interface was never described"),
            (
                self.unreadable_interface_options,
                "interface options of a wrong length ignored, times may be wrong",
            ),
            (self.unknown_blocks, "blocks of unknown types skipped"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
    }
}
