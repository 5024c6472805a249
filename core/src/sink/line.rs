//! Cells → bytes of a line, with one check for room a cell.
//!
//! A cell of bounded length is put into a [`Room`], whose size is known where it is filled, so that its bytes
//! are plain stores; what may be longer goes straight to the text behind. Nothing here knows a format.

/// Room for two cells of bounded length and what stands behind each.
pub(super) type Room = [u8; ROOM];
const ROOM: usize = 128;
/// Room for one of them.
pub(super) type Half = [u8; ROOM / 2];

/// Bytes that are gathered before they go to the text: most rows whole. Lines stand one behind the other in memory, and
/// with what else they hold they are no power of two long, so that the caches hold the ends of many.
const GATHERED: usize = 2048;

/// Bytes that are repeated at once.
const REPEATED: usize = 32;

/// A line, or a part of one, in the making.
#[derive(Clone)]
pub struct Line {
    /// What came before the bytes gathered.
    text: Vec<u8>,
    len: usize,
    gathered: [u8; GATHERED],
}

impl Default for Line {
    fn default() -> Self {
        Self { text: Vec::new(), len: 0, gathered: [0; GATHERED] }
    }
}

impl Line {
    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.len = 0;
    }

    /// Room for the next cell; [`took`](Self::took) says how much of it was filled.
    #[inline(always)]
    pub(super) fn room(&mut self) -> &mut Room {
        if self.len > GATHERED - ROOM {
            self.hand_over();
        }
        self.gathered[self.len..].first_chunk_mut().expect("the rest is handed over before it is too small")
    }

    /// So many bytes of the room were filled.
    #[inline(always)]
    pub(super) fn took(&mut self, bytes: usize) {
        self.len += bytes;
    }

    /// Puts a byte so many times.
    #[inline(always)]
    pub(super) fn repeat(&mut self, byte: u8, count: usize) {
        let mut left = count;
        while left > 0 {
            let part = left.min(REPEATED);
            self.room()[..REPEATED].copy_from_slice(&[byte; REPEATED]);
            self.took(part);
            left -= part;
        }
    }

    /// Puts a few bytes.
    #[inline(always)]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.room()[..bytes.len()].copy_from_slice(bytes);
        self.took(bytes.len());
    }

    /// The text so far, to go on with a cell of any length.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        self.hand_over();
        &mut self.text
    }

    /// Appends the line to others.
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&self.gathered[..self.len]);
    }

    #[inline(never)]
    fn hand_over(&mut self) {
        self.text.extend_from_slice(&self.gathered[..self.len]);
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_stand_in_order_wherever_they_meet_the_end_of_what_is_gathered(
            pieces in proptest::collection::vec((any::<u8>(), 0..4 * ROOM), 0..200),
        ) {
            let mut expected = Vec::new();
            let mut line = Line::default();
            for (byte, len) in pieces {
                expected.extend(std::iter::repeat_n(byte, len));
                if len % 2 == 0 {
                    line.repeat(byte, len);
                } else if len <= ROOM {
                    line.room()[..len].fill(byte);
                    line.took(len);
                } else {
                    line.text().extend(std::iter::repeat_n(byte, len));
                }
            }
            let mut text = b"before".to_vec();
            line.append_to(&mut text);
            prop_assert_eq!(text.strip_prefix(b"before"), Some(&expected[..]));
            line.clear();
            line.append_to(&mut expected);
            prop_assert_eq!(text.len(), b"before".len() + expected.len());
        }
    }
}
