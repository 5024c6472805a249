//! Bytes nobody would write: nothing panics, nothing runs on without end, map and stream agree.

use proptest::prelude::*;

use super::build::{ClassicKind, MICRO, MODIFIED, three_packets, varied_pcapng};
use super::{read_chunks, read_file};
use crate::capture::bytes::ByteOrder::{Big, Little};

/// `read_all` ends only if the reader does; every packet must have taken bytes of its own.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mapped = read_file(bytes, 5);
    let streamed = read_chunks(bytes, 13, 3);
    prop_assert!(mapped.packets.len() <= bytes.len() / 16);
    prop_assert_eq!(&mapped.packets, &streamed.packets);
    prop_assert_eq!(mapped.error.is_some(), streamed.error.is_some());
    prop_assert_eq!(mapped.warnings, streamed.warnings);
    Ok(())
}

fn starts() -> Vec<Vec<u8>> {
    vec![
        ClassicKind::new(Little, MICRO).file(&three_packets()),
        ClassicKind::new(Big, MODIFIED).file(&three_packets()),
        varied_pcapng(Little).0,
        varied_pcapng(Big).0,
    ]
}

/// A sound capture with some bytes replaced, perhaps twice over.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    (prop::sample::select(starts()), prop::sample::select(starts()), changes).prop_map(
        |(first, second, changes)| {
            let mut bytes = [first, second].concat();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            bytes
        },
    )
}

/// The start of a sound capture, then anything.
fn garbage_behind_a_start() -> impl Strategy<Value = Vec<u8>> {
    let garbage = prop::collection::vec(prop_oneof![any::<u8>(), 0..8_u8], 0..400);
    (prop::sample::select(starts()), any::<prop::sample::Index>(), garbage).prop_map(
        |(start, cut, garbage)| {
            let cut = 4 + cut.index(start.len() - 4);
            [&start[..cut], &garbage].concat()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        check(&bytes)?;
    }

    #[test]
    fn mutated_captures_do_no_harm(bytes in mutated()) {
        check(&bytes)?;
    }

    #[test]
    fn garbage_behind_a_sound_start_does_no_harm(bytes in garbage_behind_a_start()) {
        check(&bytes)?;
    }
}
