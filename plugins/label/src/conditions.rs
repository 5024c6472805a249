//! What a line of the file asks of a flow, and whether a flow is so.

use weir_sdk::Ip;

/// Of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) net: Option<Net>,
    pub(crate) ports: Option<Ports>,
}

/// Of a flow; what is none is not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Conditions {
    pub(crate) src: End,
    pub(crate) dst: End,
    pub(crate) l4_proto: Option<u8>,
}

/// An address, its bits at the upper end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Address {
    pub(crate) version: u8,
    pub(crate) bits: u128,
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Net {
    pub(crate) first: Address,
    pub(crate) len: u8,
}

/// Both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ports {
    pub(crate) low: u16,
    pub(crate) high: u16,
}

/// Nanoseconds since 1970; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: Option<Address>,
    pub(crate) port: Option<u16>,
}

/// A flow, as far as labels ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) src: Endpoint,
    pub(crate) dst: Endpoint,
    pub(crate) l4_proto: Option<u8>,
    pub(crate) span: Span,
}

impl Conditions {
    /// Whether a flow is so, seen from the source of the line.
    pub(crate) fn hold(&self, flow: &Flow) -> bool {
        self.src.holds(&flow.src)
            && self.dst.holds(&flow.dst)
            && self.l4_proto.is_none_or(|asked| flow.l4_proto == Some(asked))
    }

    /// The same for all lines that ask the same of the two ends in either order.
    pub(crate) fn ordered(self) -> Self {
        if self.dst < self.src { Self { src: self.dst, dst: self.src, ..self } } else { self }
    }
}

impl End {
    fn holds(&self, end: &Endpoint) -> bool {
        self.net.is_none_or(|net| end.address.is_some_and(|address| net.has(address)))
            && self.ports.is_none_or(|ports| end.port.is_some_and(|port| ports.has(port)))
    }
}

impl Net {
    /// That begins with the first bits of an address.
    pub(crate) fn of(address: Address, len: u8) -> Self {
        Self { first: address.cut(len), len }
    }

    fn has(&self, address: Address) -> bool {
        address.cut(self.len) == self.first
    }
}

impl Address {
    /// The others are zero.
    pub(crate) fn cut(self, len: u8) -> Self {
        let kept = u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0);
        Self { bits: self.bits & kept, ..self }
    }
}

impl From<Ip> for Address {
    fn from(ip: Ip) -> Self {
        match ip {
            Ip::V4(bytes) => Self { version: 4, bits: u128::from(u32::from_be_bytes(bytes)) << 96 },
            Ip::V6(bytes) => Self { version: 6, bits: u128::from_be_bytes(bytes) },
        }
    }
}

impl Ports {
    fn has(&self, port: u16) -> bool {
        (self.low..=self.high).contains(&port)
    }

    /// Whether it is one port alone.
    pub(crate) fn single(&self) -> Option<u16> {
        (self.low == self.high).then_some(self.low)
    }
}

impl Span {
    /// All times.
    pub(crate) const ALWAYS: Self = Self { start: i64::MIN, end: i64::MAX };

    /// Longer by so many nanoseconds at both ends.
    pub(crate) fn widened(self, by: i64) -> Self {
        Self { start: self.start.saturating_sub(by), end: self.end.saturating_add(by) }
    }
}

impl Flow {
    /// Seen from the other end.
    pub(crate) fn swapped(&self) -> Self {
        Self { src: self.dst, dst: self.src, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(bytes: [u8; 4]) -> Address {
        Ip::V4(bytes).into()
    }

    #[test]
    fn a_subnet_has_the_addresses_that_begin_like_it() {
        let check =
            |net: Net, address, expected| assert_eq!(net.has(address), expected, "{net:?} {address:?}");
        let ten = Net::of(v4([10, 1, 2, 3]), 8);
        check(ten, v4([10, 255, 0, 1]), true);
        check(ten, v4([11, 1, 2, 3]), false);
        check(Net::of(v4([10, 1, 2, 3]), 32), v4([10, 1, 2, 4]), false);
        check(Net::of(v4([10, 1, 2, 3]), 0), v4([200, 0, 0, 0]), true);
        let mut six = [0; 16];
        six[0] = 10;
        check(ten, Ip::V6(six).into(), false);
        check(Net::of(Ip::V6(six).into(), 128), Ip::V6(six).into(), true);
        check(Net::of(Ip::V6(six).into(), 0), v4([10, 0, 0, 0]), false);
    }

    #[test]
    fn what_a_flow_has_not_is_no_match_and_what_is_not_asked_is_one() {
        let none =
            Flow { src: Endpoint::default(), dst: Endpoint::default(), l4_proto: None, span: Span::ALWAYS };
        let asks = |src| Conditions { src, ..Conditions::default() };
        assert!(Conditions::default().hold(&none));
        assert!(!asks(End { net: Some(Net::of(v4([0; 4]), 0)), ports: None }).hold(&none));
        assert!(!asks(End { net: None, ports: Some(Ports { low: 0, high: 65535 }) }).hold(&none));
        assert!(!Conditions { l4_proto: Some(6), ..Conditions::default() }.hold(&none));
    }

    #[test]
    fn spans_are_widened_within_what_numbers_can_say() {
        assert_eq!(Span { start: 5, end: 7 }.widened(2), Span { start: 3, end: 9 });
        assert_eq!(Span::ALWAYS.widened(2), Span::ALWAYS);
    }
}
