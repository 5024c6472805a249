//! Headers of Initial packets (RFC 9000 section 17.2.2) and their CRYPTO frames (section 19.6).

use std::iter;

use super::version::{Kind, Version};

/// RFC 9000 section 17.2: version 1 has no longer connection id.
const LONGEST_ID: usize = 20;

/// An Initial packet, still protected.
pub struct Initial<'p> {
    pub version: Version,
    pub dcid: &'p [u8],
    pub scid: &'p [u8],
    /// The packet alone, without those that share its datagram.
    pub bytes: &'p [u8],
    /// Where the packet number begins.
    pub number_at: usize,
}

impl<'p> Initial<'p> {
    /// The Initial packets of a datagram, which other packets may share.
    pub fn all(mut datagram: &'p [u8]) -> impl Iterator<Item = Self> {
        iter::from_fn(move || {
            loop {
                let (initial, behind) = Self::split(datagram)?;
                datagram = behind;
                if initial.is_some() {
                    return initial;
                }
            }
        })
    }

    /// The packet at the beginning of a datagram's rest, if it is an Initial one, and what follows it.
    fn split(datagram: &'p [u8]) -> Option<(Option<Self>, &'p [u8])> {
        let mut rest = Bytes(datagram);
        let first = rest.take(1)?[0];
        let number = u32::from_be_bytes(rest.take(4)?.try_into().ok()?);
        let version = Version::of(number)?;
        let kind = version.kind(first)?;
        let dcid = rest.connection_id()?;
        let scid = rest.connection_id()?;
        if kind == Kind::Initial {
            let token = rest.number()?;
            rest.take(token)?;
        }
        let length = rest.number()?;
        let number_at = datagram.len() - rest.0.len();
        let (bytes, behind) = datagram.split_at_checked(number_at.checked_add(length)?)?;
        let initial = Self { version, dcid, scid, bytes, number_at };
        Some(((kind == Kind::Initial).then_some(initial), behind))
    }
}

/// Gives offset and data of each CRYPTO frame, which has this type, to `take`; ends at the first frame that cannot
/// stand in an Initial packet.
pub fn crypto_frames(frames: &[u8], crypto: u8, mut take: impl FnMut(usize, &[u8])) {
    let mut rest = Bytes(frames);
    while rest.frame(crypto, &mut take).is_some() {}
}

/// Bytes that are read from the front.
pub struct Bytes<'p>(pub &'p [u8]);

impl<'p> Bytes<'p> {
    pub fn take(&mut self, count: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn connection_id(&mut self) -> Option<&'p [u8]> {
        let length = usize::from(self.take(1)?[0]);
        if length > LONGEST_ID { None } else { self.take(length) }
    }

    /// RFC 9000 section 16: the two high bits of the first byte say how many bytes a number takes.
    fn number(&mut self) -> Option<usize> {
        let first = *self.0.first()?;
        let bytes = self.take(1 << (first >> 6))?;
        let value =
            bytes[1..].iter().fold(u64::from(first & 0x3f), |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).ok()
    }

    fn frame(&mut self, crypto: u8, take: &mut impl FnMut(usize, &[u8])) -> Option<()> {
        const PADDING: u8 = 0;
        const PING: u8 = 1;
        const ACK: u8 = 2;
        const ACK_WITH_ECN: u8 = 3;
        match self.take(1)?[0] {
            PADDING | PING => {}
            kind @ (ACK | ACK_WITH_ECN) => self.acknowledgement(kind == ACK_WITH_ECN)?,
            kind if kind == crypto => {
                let offset = self.number()?;
                let length = self.number()?;
                take(offset, self.take(length)?);
            }
            _ => return None,
        }
        Some(())
    }

    /// RFC 9000 section 19.3.
    fn acknowledgement(&mut self, has_ecn: bool) -> Option<()> {
        self.number()?;
        self.number()?;
        let ranges = self.number()?;
        self.number()?;
        let ecn_counts = if has_ecn { 3 } else { 0 };
        for _ in 0..ranges.checked_mul(2)?.checked_add(ecn_counts)? {
            self.number()?;
        }
        Some(())
    }
}
