//! Names of the bits of the masks.

use weir_sdk::Bit;

pub const PATH: u16 = 0x0001;
pub const UPGRADE: u16 = 0x0002;
pub const USER_AGENT: u16 = 0x0004;
pub const HOST: u16 = 0x0008;
pub const FIRST_RECORD: u16 = 0x0010;
pub const CHAINED_RECORD: u16 = 0x0020;
pub const HELLO: u16 = 0x0040;
pub const ANSWERED: u16 = 0x0080;
pub const WHOLE_RECORD: u16 = 0x0100;

pub const EVIDENCE: &[Bit] = &[
    bit(PATH, "PATH", "A request is `POST /mmtls/ID HTTP/1.x`, where ID is hexadecimal."),
    bit(UPGRADE, "UPGRADE", "A request has the header `Upgrade: mmtls`."),
    bit(USER_AGENT, "USER_AGENT", "Such a request has the header `User-Agent: MicroMessenger Client`."),
    bit(HOST, "HOST", "Such a request names a host of weixin.qq.com or wechat.com."),
    bit(
        FIRST_RECORD,
        "FIRST_RECORD",
        "A body or a stream begins with the header of a record; one of type 16 or 19 holds a hello, unless the stream was met midway.",
    ),
    bit(CHAINED_RECORD, "CHAINED_RECORD", "Where a record ends, the header of another stands."),
    bit(HELLO, "HELLO", "The first record of a body or a stream is a hello with suites."),
    bit(
        ANSWERED,
        "ANSWERED",
        "HTTP: the body of an answer begins with a record; TCP: both directions begin with one.",
    ),
    bit(WHOLE_RECORD, "WHOLE_RECORD", "A record ends where a body or a segment ends."),
];

pub const VERSIONS: &[Bit] =
    &[bit(0xfffe, "VERSION", "Bit n: a record has the version 0xf100 + n; 3 and 4 are known to be in use.")];

const fn bit(mask: u16, name: &'static str, meaning: &'static str) -> Bit {
    Bit { mask: mask as u64, name, meaning }
}
