//! The state of a plugin: how large its parts are, and where they stand in the row of a conversation.

use abi_stable::StableAbi;

/// How large the state of a plugin is for each conversation, and how its parts are used.
///
/// ```
/// use weir_sdk::abi::StateLayout;
///
/// let layout = StateLayout { flow: 8, direction: 24, align: 8, reads_peer: false };
/// assert_eq!(layout.size(), 56);
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StableAbi)]
pub struct StateLayout {
    /// Bytes for the conversation.
    pub flow: usize,
    /// Bytes for each of its directions.
    pub direction: usize,
    /// Each part stands at a multiple of so many bytes.
    pub align: usize,
    /// With a packet of one direction the state of the other is used, too.
    pub reads_peer: bool,
}

impl StateLayout {
    /// That of a plugin without state.
    pub const NONE: Self = Self { flow: 0, direction: 0, align: 1, reads_peer: false };

    /// Bytes for a conversation with both of its directions.
    pub fn size(&self) -> usize {
        self.flow.saturating_add(self.direction.saturating_mul(2))
    }
}

/// Where the parts of a plugin's state stand, in bytes from the start of a row.
///
/// What packets of one direction use stands together for all plugins, so that less memory is touched for each packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, StableAbi)]
pub struct StatePlaces {
    /// That of the conversation.
    pub flow: usize,
    /// Those of A and B.
    pub directions: [usize; 2],
}
