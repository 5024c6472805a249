//! How the states of all plugins stand in the row of a conversation.
//!
//! First what every packet of the conversation may touch, then what packets of A touch, then what those of B do. Among
//! many flows each packet finds its row in main memory, and what counts is how many cache lines of it are touched.

use std::ops::Range;

use weir_sdk::Side;
use weir_sdk::abi::{StateLayout, StatePlaces};

/// The layout of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowLayout {
    /// Bytes of a row.
    pub size: usize,
    /// What it must be aligned to.
    pub align: usize,
    /// What every packet touches.
    shared: Range<usize>,
    /// What packets of A touch beside that, and those of B.
    sides: [Range<usize>; 2],
}

impl RowLayout {
    /// The layout for some plugins, and the places of each.
    pub(super) fn of(states: impl Iterator<Item = StateLayout>) -> (Self, Vec<StatePlaces>) {
        let states: Vec<StateLayout> = states.collect();
        let mut places = vec![StatePlaces::default(); states.len()];
        let mut end = 0usize;
        let mut take = |bytes: usize, align: usize| {
            let start = end.next_multiple_of(align);
            end = start + bytes;
            start
        };
        for (state, places) in states.iter().zip(&mut places) {
            places.flow = take(state.flow, state.align);
            if state.reads_peer {
                places.directions = [(); 2].map(|()| take(state.direction, state.align));
            }
        }
        let shared = 0..take(0, 1);
        let sides = [0, 1].map(|side| {
            let start = take(0, 1);
            for (state, places) in states.iter().zip(&mut places).filter(|(state, _)| !state.reads_peer) {
                places.directions[side] = take(state.direction, state.align);
            }
            start..take(0, 1)
        });
        let align = states.iter().map(|state| state.align).max().unwrap_or(1);
        (Self { size: end.next_multiple_of(align), align, shared, sides }, places)
    }

    /// The bytes of a row that packets of a side touch.
    #[inline]
    pub fn touched(&self, side: Side) -> [Range<usize>; 2] {
        [self.shared.clone(), self.sides[side as usize].clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_apart_aligned_and_those_of_a_direction_together() {
        let states = [
            StateLayout { flow: 3, direction: 8, align: 8, reads_peer: false },
            StateLayout { flow: 0, direction: 12, align: 4, reads_peer: true },
            StateLayout { flow: 1, direction: 5, align: 1, reads_peer: false },
            StateLayout::NONE,
        ];
        let (layout, places) = RowLayout::of(states.into_iter());
        assert_eq!((layout.size, layout.align), (64, 8));
        assert_eq!(places[0], StatePlaces { flow: 0, directions: [32, 48] });
        assert_eq!(places[1], StatePlaces { flow: 4, directions: [4, 16] });
        assert_eq!(places[2], StatePlaces { flow: 28, directions: [40, 56] });
        assert_eq!(layout.touched(Side::A), [0..29, 29..45]);
        assert_eq!(layout.touched(Side::B), [0..29, 45..61]);
    }

    #[test]
    fn a_run_without_plugins_has_rows_without_bytes() {
        let (layout, places) = RowLayout::of(std::iter::empty());
        assert_eq!((layout.size, layout.align, places.len()), (0, 1, 0));
    }
}
