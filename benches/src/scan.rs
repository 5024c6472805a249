//! The plain scan: walk the records of a capture in memory and add up every captured byte.

/// Bytes of the file header of a classic capture.
pub const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// What a scan found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Records.
    pub packets: u64,
    /// Captured bytes.
    pub bytes: u64,
    /// Sum of all captured bytes.
    pub sum: u64,
}

/// Scans a little-endian classic capture that is known to be whole.
pub fn scan(capture: &[u8]) -> Scan {
    let mut found = Scan::default();
    let mut rest = &capture[FILE_HEADER..];
    while let Some((header, behind)) = rest.split_first_chunk::<RECORD_HEADER>() {
        let len = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        let (frame, next) = behind.split_at(len);
        found.packets += 1;
        found.bytes += len as u64;
        found.sum += sum(frame);
        rest = next;
    }
    found
}

/// Sixteen lanes of 16 bits, emptied before they could overflow, so that the compiler uses vectors.
fn sum(frame: &[u8]) -> u64 {
    let (words, tail) = frame.as_chunks::<16>();
    let mut total = 0u64;
    for chunk in words.chunks(128) {
        let mut lanes = [0u16; 16];
        for word in chunk {
            lanes.iter_mut().zip(word).for_each(|(lane, &byte)| *lane += u16::from(byte));
        }
        total += lanes.iter().map(|&lane| u64::from(lane)).sum::<u64>();
    }
    total + tail.iter().map(|&byte| u64::from(byte)).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_that_of_the_bytes_one_by_one() {
        let frame: Vec<u8> = (0..9000u32).map(|at| (255 - at % 7) as u8).collect();
        for len in [0, 1, 15, 16, 17, 2048, 9000] {
            let one_by_one: u64 = frame[..len].iter().map(|&byte| u64::from(byte)).sum();
            assert_eq!(sum(&frame[..len]), one_by_one);
        }
    }
}
