//! Google's QUIC before it carried TLS: the name in its first message, CHLO.
//!
//! Up to version Q046 that message is in the clear; Q050 protects it as Initial packets are protected.

use std::ops::Range;

use super::packet::Bytes;

/// In the first bytes of a payload stands the message, if it stands there at all.
const HEADERS: usize = 96;

/// Where a connection's first packet has its version, and its connection id.
struct Layout {
    version: Range<usize>,
    id: Range<usize>,
}

/// A long header, as of version Q044; the length of both connection ids stands before the first.
const LONG: Layout = Layout { version: 1..5, id: 6..14 };
/// The public header of older versions.
const PUBLIC: Layout = Layout { version: 9..13, id: 1..9 };

/// What the first packet of a connection says.
pub struct Hello<'p> {
    pub version: &'p str,
    pub id: &'p [u8],
    pub server_name: Option<&'p [u8]>,
}

impl<'p> Hello<'p> {
    /// The message CHLO in the clear in a UDP payload.
    pub fn read(payload: &'p [u8]) -> Option<Self> {
        let (version, id) = header(payload)?;
        let headers = &payload[..payload.len().min(HEADERS)];
        let at = headers.windows(CHLO.len()).position(|bytes| bytes == CHLO)?;
        Some(Self { version, id, server_name: server_name(&payload[at..]) })
    }
}

/// Whether a payload has the header of a version that begins with `Q0`.
pub fn may_begin(payload: &[u8]) -> bool {
    header(payload).is_some()
}

fn header(payload: &[u8]) -> Option<(&str, &[u8])> {
    const LONG_HEADER: u8 = 0x80;
    /// Flags of the public header: a version and a connection id of eight bytes follow.
    const VERSION_AND_ID: u8 = 0x09;
    let layout = match *payload.first()? {
        first if first & LONG_HEADER != 0 => &LONG,
        first if first & VERSION_AND_ID == VERSION_AND_ID => &PUBLIC,
        _ => return None,
    };
    let version = payload.get(layout.version.clone())?;
    let is_google = version.starts_with(b"Q0") && version[2..].iter().all(u8::is_ascii_digit);
    let version = if is_google { str::from_utf8(version).ok()? } else { return None };
    Some((version, payload.get(layout.id.clone())?))
}

const CHLO: &[u8] = b"CHLO";

/// The value of the tag SNI in a message CHLO: a table of tags and where their values end, then the values.
pub fn server_name(message: &[u8]) -> Option<&[u8]> {
    const ENTRY: usize = 8;
    let mut rest = Bytes(message.strip_prefix(CHLO)?);
    let &[low, high, ..] = rest.take(4)? else { return None };
    let table = rest.take(usize::from(u16::from_le_bytes([low, high])) * ENTRY)?;
    let mut begin = 0;
    for entry in table.chunks_exact(ENTRY) {
        let (tag, end) = entry.split_first_chunk::<4>()?;
        let end = u32::from_le_bytes(end.try_into().ok()?) as usize;
        if tag == b"SNI\0" {
            return rest.0.get(begin..end);
        }
        begin = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chlo(tags: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = [CHLO, &(tags.len() as u16).to_le_bytes(), &[0, 0]].concat();
        let mut end = 0;
        for (tag, value) in tags {
            end += value.len() as u32;
            bytes.extend([&tag[..], &end.to_le_bytes()].concat());
        }
        tags.iter().for_each(|(_, value)| bytes.extend_from_slice(value));
        bytes
    }

    #[test]
    fn the_name_is_the_value_of_its_tag() {
        let message = chlo(&[(b"PAD\0", b"---"), (b"SNI\0", b"a.example"), (b"VER\0", b"Q043")]);
        assert_eq!(server_name(&message), Some(&b"a.example"[..]));
        let packet = [&[0x0d][..], b"\x01\x02\x03\x04\x05\x06\x07\x08Q043", &[0; 20], &message].concat();
        let hello = Hello::read(&packet).unwrap();
        assert_eq!((hello.version, hello.id), ("Q043", &[1, 2, 3, 4, 5, 6, 7, 8][..]));
        let packet = [&[0xc3][..], b"Q046\x50\x01\x02\x03\x04\x05\x06\x07\x08", &[0; 20], &message].concat();
        let hello = Hello::read(&packet).unwrap();
        assert_eq!((hello.version, hello.server_name), ("Q046", Some(&b"a.example"[..])));
    }

    #[test]
    fn ends_that_lie_give_no_name() {
        let mut message = chlo(&[(b"PAD\0", b"---"), (b"SNI\0", b"a.example")]);
        for cut in 0..message.len() {
            assert_eq!(server_name(&message[..cut]), None);
        }
        message[12] = 0xff;
        assert_eq!(server_name(&message), None);
    }
}
