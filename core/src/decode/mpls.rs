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

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    #[test]
    fn a_label_stack_counts_its_labels() {
        let labels = [0, 0, 0x10, 64, 0, 0, 0x21, 64];
        let frame = eth(0x8847, &join(&[&labels, &inner_v4()]));
        let seen = decode(&frame);
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:mpls{2}:ipv4:udp", 5));
        assert_eq!(seen.facts.status, 0x0400000000004200);
        is_inner(&seen);
    }

    #[test]
    fn a_pseudowire_moves_the_addresses_to_the_inner_frame() {
        let frame = eth(0x8848, &join(&[&[0, 0, 0x11, 64], &[0; 4], &tagged(&[9], 0x86dd, &inner_v6())]));
        let facts = check(&frame, "eth:mpls:pwethcw:eth:vlan:ipv6:udp", 0x0800000000008500);
        assert_eq!((facts.dst_mac_offset, facts.vlan_id), (22, 9));
        is_inner(&facts);
    }

    #[test]
    fn a_stack_without_bottom_is_a_layer_2_flow() {
        let facts = check(&eth(0x8847, &[0; 8]), "eth:mpls{2}", 0x204);
        assert_eq!((facts.ethertype, facts.payload_offset), (0x8847, 14));
    }

    #[test]
    fn multicast_labels_have_another_bit() {
        let frame = eth(0x8848, &join(&[&[0, 0, 0x11, 64], &inner_v6()]));
        let seen = check(&frame, "eth:mpls:ipv6:udp", 0x0800000000008400);
        assert_eq!(seen.l3_offset, 18);
        is_inner(&seen);
    }

    #[test]
    fn a_pseudowire_may_have_no_control_word() {
        let frame = eth(0x8847, &join(&[&[0, 0, 0x11, 64], &eth(0x0800, &inner_v4())]));
        let mut frame = frame;
        // An address that begins neither like a control word nor like an IP header.
        frame[18] = 0x12;
        let seen = check(&frame, "eth:mpls:eth:ipv4:udp", 0x0400000000004200);
        assert_eq!((seen.dst_mac_offset, seen.src_mac_offset, seen.l3_offset), (18, 24, 32));
        is_inner(&seen);
    }

    #[test]
    fn a_pseudowire_frame_without_ip_is_a_layer_2_flow_of_its_addresses() {
        let wire = |kind: u16| eth(0x8847, &join(&[&[0, 0, 0x11, 64], &[0; 4], &eth(kind, &[0x42; 38])]));
        let seen = check(&wire(0x0806), "eth:mpls:pwethcw:eth:arp", 0x244);
        assert_eq!((seen.ethertype, seen.dst_mac_offset, seen.payload_len), (0x0806, 22, 38));
        // No LLC here: the length is taken for an ethertype.
        let seen = check(&wire(38), "eth:mpls:pwethcw:eth:UNK(0x0026)", 0x80000000204);
        assert_eq!(seen.ethertype, 38);
    }

    #[test]
    fn what_is_cut_behind_the_labels_is_a_layer_2_flow() {
        let frame = eth(0x8847, &join(&[&[0, 0, 0x11, 64], &[0; 4], &eth(0x0800, &inner_v4())]));
        check_cut(ETHERNET, &frame, 17, "eth:mpls", 0x204);
        let seen = check_cut(ETHERNET, &frame, 18, "eth:mpls", 0x204);
        assert_eq!((seen.ethertype, seen.payload_offset), (0x8847, 14));
        let seen = check_cut(ETHERNET, &frame, 35, "eth:mpls:pwethcw:eth", 0x204);
        assert_eq!((seen.ethertype, seen.dst_mac_offset), (0x8847, 0));
        check_cut(ETHERNET, &frame, 40, "eth:mpls:pwethcw:eth:ipv4", 0x200000204);
    }
}
