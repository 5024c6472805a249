use super::*;

/// The client's Initial packet of RFC 9001 appendix A.2: 1,200 bytes, destination connection id 8394c8f03e515708.
const CLIENT: &str = include_str!("rfc9001_a2.hex");

pub fn client_initial() -> Vec<u8> {
    let digits: Vec<u8> = CLIENT.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn the_initial_packet_of_rfc_9001_opens() {
    let payload = client_initial();
    let mut quic = Quic::begin(&payload, Side::A).unwrap();
    assert_eq!((&*quic.version, &*quic.dcid, &*quic.scid), ("V-1", "8394c8f03e515708", ""));
    let mut messages = Vec::new();
    quic.read(&payload, Side::A, |kind, body| {
        messages.push((kind, body.len()));
        Next::Enough
    });
    assert_eq!(messages, [(1, 237)]);
}

#[test]
fn a_changed_or_cut_packet_does_not_open() {
    let payload = client_initial();
    let mut changed = payload.clone();
    changed[600] ^= 1;
    assert!(Quic::begin(&changed, Side::A).is_none());
    assert!(Quic::begin(&payload[..1199], Side::A).is_none());
}

#[test]
fn frames_that_end_early_give_nothing() {
    let mut seen = Vec::new();
    // An acknowledgement with one range, then CRYPTO, then CRYPTO with a length beyond the packet.
    crypto_frames(&[0, 1, 2, 5, 0, 1, 0, 1, 1, 6, 0, 2, 8, 9, 6, 2, 63, 1], 6, |offset, data| {
        seen.push((offset, data.to_vec()));
    });
    assert_eq!(seen, [(0, vec![8, 9])]);
}
