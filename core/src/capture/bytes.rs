//! Integers out of header fields, in the byte order the capture was written in.

/// Byte order of the machine that wrote a capture or a section of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The 16-bit field at `at`. The array's length is known where it is called, so `at` is checked there.
    #[inline]
    pub(super) fn u16<const N: usize>(self, header: &[u8; N], at: usize) -> u16 {
        let field = [header[at], header[at + 1]];
        match self {
            Self::Little => u16::from_le_bytes(field),
            Self::Big => u16::from_be_bytes(field),
        }
    }

    /// The 32-bit field at `at`.
    #[inline]
    pub(super) fn u32<const N: usize>(self, header: &[u8; N], at: usize) -> u32 {
        let field = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        match self {
            Self::Little => u32::from_le_bytes(field),
            Self::Big => u32::from_be_bytes(field),
        }
    }

    /// A 64-bit field that stands alone, as option values do.
    pub(super) fn u64(self, field: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(field),
            Self::Big => u64::from_be_bytes(field),
        }
    }
}
