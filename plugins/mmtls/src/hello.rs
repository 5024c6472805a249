//! The body of a record in, the hello in it out.
//!
//! A message begins with its length, which is that of the record without these four bytes, and its type. Other
//! than the record header, the version is little-endian. A ClientHello goes on with the number of its suites,
//! the suites, 32 random bytes and a clock; a ServerHello with its one suite.

use weir_sdk::ArrayVec;

/// Suites that a hello may offer; one or two are known.
pub const MAX_SUITES: usize = 4;
/// So much of a body shows all that is read of a hello.
pub const WANTED: usize = field::CLIENT_SUITES + 2 * MAX_SUITES + RANDOM + 4;

/// With fewer bytes nothing can be said.
pub const LEAST: usize = field::CLIENT_SUITES + 2;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const RANDOM: usize = 32;

mod field {
    pub const TYPE: usize = 4;
    pub const VERSION: usize = 5;
    pub const SERVER_SUITE: usize = 7;
    pub const CLIENT_SUITE_COUNT: usize = 7;
    pub const CLIENT_SUITES: usize = 8;
}

/// What a hello says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// Of the client: the suites that it offers, and its clock in Unix seconds, if it was captured.
    Client { suites: ArrayVec<u16, MAX_SUITES>, clock: Option<u32> },
    /// Of the server: the suite that it chose.
    Server { suite: u16 },
}

impl Hello {
    /// The hello at the start of `body`, of which the first bytes are enough; `record_len` is the length of the
    /// whole body.
    pub fn parse(body: &[u8], record_len: u16) -> Option<Self> {
        let message_len = u32::from_be_bytes(array(body, 0)?);
        let [_, major] = array(body, field::VERSION)?;
        if u32::from(record_len) != message_len.checked_add(4)? || major != super::record::MAJOR {
            return None;
        }
        match *body.get(field::TYPE)? {
            CLIENT_HELLO => Self::client(body, record_len),
            SERVER_HELLO => Some(Self::Server { suite: u16_at(body, field::SERVER_SUITE)? }),
            _ => None,
        }
    }

    fn client(body: &[u8], record_len: u16) -> Option<Self> {
        let count = usize::from(*body.get(field::CLIENT_SUITE_COUNT)?);
        let random = field::CLIENT_SUITES + 2 * count;
        if !(1..=MAX_SUITES).contains(&count) || random + RANDOM + 4 > usize::from(record_len) {
            return None;
        }
        let suites = (0..count).map(|place| u16_at(body, field::CLIENT_SUITES + 2 * place));
        let clock = array(body, random + RANDOM).map(u32::from_be_bytes);
        Some(Self::Client { suites: suites.collect::<Option<_>>()?, clock })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
