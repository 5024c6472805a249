//! Cells of the file: text in, what it asks of a flow out.

use std::net::IpAddr;

use weir_sdk::Ip;

use crate::conditions::{Address, Net, Ports};

/// Names that people use for protocols.
const PROTOCOLS: [(&str, u8); 7] =
    [("icmp", 1), ("tcp", 6), ("udp", 17), ("gre", 47), ("icmp6", 58), ("sctp", 132), ("udplite", 136)];

/// An address, or a subnet such as `10.0.0.0/8`.
pub(crate) fn net(text: &str) -> Result<Net, String> {
    let wrong = || format!("is `{text}`, but it must be an address or a subnet such as `10.0.0.0/8`");
    let (address, len) = match text.split_once('/') {
        Some((address, len)) => (address, Some(number::<u8>(len).ok_or_else(wrong)?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let len = len.unwrap_or(longest);
    if len > longest { Err(wrong()) } else { Ok(Net::of(Address::from(Ip::from(address)), len)) }
}

/// A port, or a range such as `1000-2000`.
pub(crate) fn ports(text: &str) -> Result<Ports, String> {
    let wrong = || format!("is `{text}`, but it must be a port or a range such as `1000-2000`");
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| number::<u16>(text.trim()).ok_or_else(wrong);
    let ports = Ports { low: port(low)?, high: port(high)? };
    if ports.low > ports.high { Err(wrong()) } else { Ok(ports) }
}

/// A number of a protocol, or one of a few names.
pub(crate) fn l4_proto(text: &str) -> Result<u8, String> {
    let named = PROTOCOLS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    named.map(|(_, number)| *number).or_else(|| number(text)).ok_or_else(|| {
        format!("is `{text}`, but it must be a number from 0 to 255, or a name such as `tcp` or `udp`")
    })
}

/// A time in nanoseconds since 1970.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    seconds(text).or_else(|| date(text)).ok_or_else(|| {
        format!(
            "is `{text}`, but it must be Unix seconds such as `1767323045.5`, or a date such as `2026-01-02T03:04:05Z`"
        )
    })
}

/// Digits alone, which `parse` is less strict about.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// Decimal seconds, to the nanosecond: what is behind nine digits is left out.
fn seconds(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.get(..9).unwrap_or(fraction);
    let part: i64 = if fraction.is_empty() { 0 } else { number(fraction)? };
    let nanoseconds = part * 10_i64.pow(9 - fraction.len() as u32);
    number::<i64>(whole)?.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?.checked_mul(sign)
}

/// RFC 3339.
fn date(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_subnets_are_read() {
        let check = |text, expected: Option<(u8, u8)>| {
            assert_eq!(net(text).ok().map(|net| (net.first.version, net.len)), expected, "{text}");
        };
        check("10.0.0.1", Some((4, 32)));
        check("10.1.2.3/8", Some((4, 8)));
        check("2001:db8::/32", Some((6, 32)));
        check("::1", Some((6, 128)));
        check("0.0.0.0/0", Some((4, 0)));
        for text in ["", "10.0.0", "10.0.0.300", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/+8", "host"]
        {
            check(text, None);
        }
        assert_eq!(net("10.1.2.3/8"), net("10.0.0.0/8"));
    }

    #[test]
    fn ports_and_ranges_are_read() {
        let check = |text, expected| {
            assert_eq!(ports(text).ok().map(|ports| (ports.low, ports.high)), expected, "{text}");
        };
        check("443", Some((443, 443)));
        check("1000-2000", Some((1000, 2000)));
        check("0 - 65535", Some((0, 65535)));
        for text in ["", "-", "2000-1000", "65536", "http", "1-2-3", "+1", "-5"] {
            check(text, None);
        }
    }

    #[test]
    fn protocols_are_read_by_number_and_name() {
        let check = |text, expected| assert_eq!(l4_proto(text).ok(), expected, "{text}");
        check("6", Some(6));
        check("UDP", Some(17));
        check("256", None);
        check("http", None);
        check("", None);
    }

    #[test]
    fn times_are_exact_in_seconds_and_in_dates() {
        let check = |text, expected| assert_eq!(time(text).ok(), expected, "{text}");
        check("0", Some(0));
        check("1767323045.000000001", Some(1_767_323_045_000_000_001));
        check("1767323045.5", Some(1_767_323_045_500_000_000));
        check("1767323045.", Some(1_767_323_045_000_000_000));
        check("1.9999999999", Some(1_999_999_999));
        check("-1.5", Some(-1_500_000_000));
        check("2026-01-02T03:04:05Z", Some(1_767_323_045_000_000_000));
        check("2026-01-02T05:04:05.25+02:00", Some(1_767_323_045_250_000_000));
        check("2026-01-02 03:04:05Z", Some(1_767_323_045_000_000_000));
        for text in [
            "",
            ".",
            "1e9",
            "1.x",
            "1.+5",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "99999999999",
            "9000-01-01T00:00:00Z",
        ] {
            check(text, None);
        }
    }
}
