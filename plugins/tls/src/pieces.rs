//! Pieces that came in any order, put in order: CRYPTO frames of QUIC, fragments of DTLS messages.

use std::collections::BTreeMap;

/// Bytes that wait for earlier ones.
const MOST_WAITING: usize = 64 << 10;
/// Pieces that wait for earlier ones.
const MOST_PIECES: usize = 256;

/// Bytes of which some are missing.
#[derive(Default)]
pub struct Pieces {
    /// Where the first byte stands that was not given yet.
    next: usize,
    waiting: BTreeMap<usize, Vec<u8>>,
    waiting_bytes: usize,
}

impl Pieces {
    /// Keeps a piece, if there is room; of pieces with the same offset the longest counts.
    pub fn keep(&mut self, offset: usize, data: &[u8]) {
        let is_new = offset.checked_add(data.len()).is_some_and(|end| end > self.next);
        let has_room = self.waiting_bytes + data.len() <= MOST_WAITING && self.waiting.len() < MOST_PIECES;
        let is_longest = self.waiting.get(&offset).is_none_or(|known| known.len() < data.len());
        if is_new && has_room && is_longest {
            let replaced = self.waiting.insert(offset, data.to_vec());
            self.waiting_bytes = self.waiting_bytes + data.len() - replaced.map_or(0, |known| known.len());
        }
    }

    /// Appends to `bytes` what stands in order.
    pub fn drain(&mut self, bytes: &mut Vec<u8>) {
        while let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= self.next
        {
            let (offset, data) = entry.remove_entry();
            self.waiting_bytes -= data.len();
            let news = data.get(self.next - offset..).unwrap_or_default();
            self.next += news.len();
            bytes.extend_from_slice(news);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_make_the_whole() {
        let (whole, mut pieces, mut bytes) = (b"0123456789", Pieces::default(), Vec::new());
        for piece in [7..10, 2..5, 4..8, 0..3, 1..2] {
            pieces.keep(piece.start, &whole[piece]);
        }
        pieces.drain(&mut bytes);
        assert_eq!((bytes.as_slice(), pieces.waiting_bytes), (whole.as_slice(), 0));
        pieces.keep(0, b"another");
        pieces.drain(&mut bytes);
        assert_eq!(bytes, whole);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pieces = Pieces::default();
        (1..10_000).for_each(|place| pieces.keep(place * 1000, &[0; 1000]));
        assert!(pieces.waiting_bytes <= MOST_WAITING && pieces.waiting.len() <= MOST_PIECES);
        let mut small = Pieces::default();
        (1..10_000).for_each(|place| small.keep(place * 2, &[0]));
        assert_eq!(small.waiting.len(), MOST_PIECES);
        small.keep(usize::MAX, &[0; 2]);
        assert_eq!(small.waiting.len(), MOST_PIECES);
    }
}
