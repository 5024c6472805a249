//! MPLS label stacks (RFC 3032), and the pseudowires behind them (RFC 4448).
//!
//! What comes in: the offset of the first label. What goes out: IP by its first four bits, else the frame of a
//! pseudowire.

use weir_sdk::status;

use super::chain::Layer;
use super::ether;
use super::names::{Name, ethertype};
use super::walk::{Next, Walk};

const BOTTOM_OF_STACK: u32 = 0x100;

/// A label stack announced by ethertype `value`.
pub(super) fn decode(walk: &mut Walk<'_>, value: u16, at: usize) -> Next {
    let multicast = value == ethertype::MPLS_MULTICAST;
    walk.mark(if multicast { status::MPLS_MULTICAST } else { status::MPLS_UNICAST });
    let (labels, bottom) = label_stack(walk, at);
    walk.layer(Layer::with(Name::Mpls, labels));
    match bottom {
        Some(behind) => payload(walk, value, at, behind),
        None => walk.layer2(value, at),
    }
}

/// The number of labels, and the first byte behind the bottom of the stack if it was captured.
fn label_stack(walk: &Walk<'_>, mut at: usize) -> (u16, Option<usize>) {
    let mut labels = 0;
    while let Some(label) = walk.u32(at) {
        labels += 1;
        at += 4;
        if label & BOTTOM_OF_STACK != 0 {
            return (labels, Some(at));
        }
    }
    (labels, None)
}

fn payload(walk: &mut Walk<'_>, value: u16, stack: usize, at: usize) -> Next {
    if let Some(next) = walk.ip_by_nibble(at) {
        return next;
    }
    match walk.nibble(at) {
        Some(0) => {
            walk.name(Name::Pwethcw);
            ether::mirrored_frame(walk, value, stack, at + 4)
        }
        Some(_) => ether::mirrored_frame(walk, value, stack, at),
        None => walk.layer2(value, stack),
    }
}
