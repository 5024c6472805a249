//! Cells → bytes of a line, with one check for room a cell.
//!
//! A cell of bounded length is put into a [`Room`], whose size is known where it is filled, so that its bytes
//! are plain stores; what may be longer goes straight to the text behind. Nothing here knows a format.

/// Room for two cells of bounded length and what stands behind each.
pub(super) type Room = [u8; ROOM];
const ROOM: usize = 128;

/// Bytes that are gathered before they go to the text: a few cells up to a whole row.
pub(super) const GATHERED: usize = 2048;

/// Bytes that are repeated at once.
const REPEATED: usize = 32;

/// A line, or a part of one, in the making.
pub(super) struct Line<'a> {
    gathered: &'a mut [u8; GATHERED],
    len: usize,
    text: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    /// A line that goes on behind a text, and the place where its cells are gathered.
    #[inline(always)]
    pub(super) fn behind(text: &'a mut Vec<u8>, gathered: &'a mut [u8; GATHERED]) -> Self {
        Self { gathered, len: 0, text }
    }

    /// Room for the next cell; [`took`](Self::took) says how much of it was filled.
    #[inline(always)]
    pub(super) fn room(&mut self) -> &mut Room {
        let start = if self.len > GATHERED - ROOM {
            hand_over(self.gathered, self.len, self.text);
            self.len = 0;
            0
        } else {
            self.len
        };
        self.gathered[start..].first_chunk_mut().expect("the rest is handed over before it is too small")
    }

    /// So many bytes of the room were filled.
    #[inline(always)]
    pub(super) fn took(&mut self, bytes: usize) {
        self.len += bytes;
    }

    /// Puts a byte so many times.
    #[inline(never)]
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
    #[inline(always)]
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        hand_over(self.gathered, self.len, self.text);
        self.len = 0;
        self.text
    }
}

#[inline(never)]
fn hand_over(gathered: &[u8; GATHERED], len: usize, text: &mut Vec<u8>) {
    text.extend_from_slice(&gathered[..len]);
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
            let mut text = b"before".to_vec();
            let mut expected = text.clone();
            let mut gathered = [0; GATHERED];
            let mut line = Line::behind(&mut text, &mut gathered);
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
            line.text();
            prop_assert_eq!(text, expected);
        }
    }
}
