//! A MAC address in, the organization that IEEE assigned its block to out.
//!
//! The registry is searched as the text that it is. So it costs nothing until the first address asks, and then
//! the few pages that the search touches.

use std::cell::Cell;

use weir_sdk::Mac;

/// Facts of the registries of IEEE; the file says where they are from and how it was made.
const VENDORS: &str = include_str!("../data/vendors.txt");
/// Bits of the first octet (IEEE 802 section 8.2): a group of stations, and an address that IEEE did not assign.
const GROUP_OR_LOCAL: u8 = 0b11;
/// What a loopback interface has; it lies in a block of Xerox.
const NO_ADDRESS: Mac = Mac([0; 6]);
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// So many answers are remembered.
const REMEMBERED: usize = 64;

/// The registry, with the answers that it gave lately: a link has few addresses, and their rows are many.
pub struct Registry {
    answers: [Cell<Answer>; REMEMBERED],
}

#[derive(Clone, Copy)]
struct Answer {
    mac: Mac,
    name: Option<&'static str>,
}

impl Registry {
    /// The organization to which the block of the address is assigned; none for group addresses, for locally
    /// administered ones, and for that of zeros, which belong to nobody.
    pub fn name(&self, mac: Mac) -> Option<&'static str> {
        if mac.0[0] & GROUP_OR_LOCAL != 0 || mac == NO_ADDRESS {
            return None;
        }
        let mixed = mac.0.iter().fold(0, |mixed, octet| mixed ^ octet);
        let place = &self.answers[usize::from(mixed) % REMEMBERED];
        if place.get().mac != mac {
            place.set(Answer { mac, name: search(mac) });
        }
        place.get().name
    }
}

impl Default for Registry {
    fn default() -> Self {
        let broadcast = Answer { mac: Mac([0xff; 6]), name: None };
        Self { answers: std::array::from_fn(|_| Cell::new(broadcast)) }
    }
}

fn search(mac: Mac) -> Option<&'static str> {
    let digits = digits(mac);
    // Blocks do not overlap and a prefix comes before all that begins with it, so no other line can match.
    let (prefix, name) = last_line_before(VENDORS, &digits)?.split_once(' ')?;
    digits.starts_with(prefix.as_bytes()).then_some(name)
}

fn digits(mac: Mac) -> [u8; 12] {
    std::array::from_fn(|index| {
        let octet = mac.0[index / 2];
        let half = if index % 2 == 0 { octet >> 4 } else { octet & 0xf };
        HEX[usize::from(half)]
    })
}

/// The last line that comes before the key in a text whose lines are in the order of their bytes.
fn last_line_before<'t>(text: &'t str, key: &[u8]) -> Option<&'t str> {
    let mut rest = text;
    let mut last = None;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(line_start(rest, rest.len() / 2));
        let (line, tail) = tail.split_once('\n').unwrap_or((tail, ""));
        if line.as_bytes() < key {
            last = Some(line);
            rest = tail;
        } else {
            rest = head;
        }
    }
    last
}

/// Where the line begins that holds a byte.
fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mac: [u8; 6], expected: Option<&str>) {
        assert_eq!(Registry::default().name(Mac(mac)), expected, "{mac:x?}");
    }

    fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = VENDORS.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("`{line}` has a prefix and a name")))
    }

    /// An address of a block.
    fn address(prefix: &str, fill: &str) -> Mac {
        let digits = format!("{prefix}{}", fill.repeat(12 - prefix.len()));
        Mac(std::array::from_fn(|index| u8::from_str_radix(&digits[2 * index..][..2], 16).unwrap()))
    }

    #[test]
    fn large_medium_and_small_blocks_have_their_names() {
        check([0x00, 0x00, 0x0c, 1, 2, 3], Some("Cisco Systems, Inc"));
        check([0xb8, 0x4c, 0x87, 0x4f, 0xff, 0xff], Some("Blum Novotest GmbH"));
        check([0x8c, 0x1f, 0x64, 0xaf, 0xaf, 0xff], Some("DATA ELECTRONIC DEVICES, INC"));
        check([0x40, 0xd8, 0x55, 0x0d, 0x70, 0x00], Some("Avant Technologies"));
    }

    #[test]
    fn every_block_is_found_by_addresses_of_it() {
        let registry = Registry::default();
        for (prefix, vendor) in entries() {
            for fill in ["1", "F"] {
                assert_eq!(registry.name(address(prefix, fill)), Some(vendor), "{prefix} filled with {fill}");
            }
        }
    }

    #[test]
    fn addresses_of_no_block_have_no_name() {
        check([0x24, 0xff, 0xff, 0, 0, 1], None);
        check([0xfc, 0xff, 0xff, 0xff, 0xff, 0xff], None);
    }

    #[test]
    fn answers_do_not_depend_on_those_before() {
        let registry = Registry::default();
        // Both have one place among the answers.
        let [cisco, xerox] = [Mac([0x00, 0x00, 0x0c, 0, 0, 0]), Mac([0x00, 0x00, 0x00, 0, 0, 0x0c])];
        for _ in 0..2 {
            assert_eq!(registry.name(cisco), Some("Cisco Systems, Inc"));
            assert_eq!(registry.name(cisco), Some("Cisco Systems, Inc"));
            assert_eq!(registry.name(xerox), Some("XEROX CORPORATION"));
        }
    }

    #[test]
    fn addresses_that_belong_to_nobody_have_no_name() {
        // Each differs from an address of Cisco in the bit alone; `AA-00-04` is of DECnet.
        for first_octet in [0x01, 0x02, 0x03] {
            check([first_octet, 0x00, 0x0c, 1, 2, 3], None);
        }
        check([0xff; 6], None);
        check([0; 6], None);
        check([0xaa, 0x00, 0x04, 0, 0, 1], None);
    }

    #[test]
    fn the_table_is_in_order_without_blocks_in_blocks() {
        let mut last = "";
        for (prefix, vendor) in entries() {
            assert!(matches!(prefix.len(), 6 | 7 | 9) && !vendor.is_empty(), "{prefix}");
            assert!(last < prefix && (last.is_empty() || !prefix.starts_with(last)), "{last}, {prefix}");
            last = prefix;
        }
        assert!(entries().count() > 58_000);
    }

    #[test]
    fn lines_are_found_at_both_ends_and_between() {
        let found = |key: &str| last_line_before("b 1\nd 2\nf 3", key.as_bytes());
        assert_eq!(
            [found("a"), found("b9"), found("e"), found("z")],
            [None, Some("b 1"), Some("d 2"), Some("f 3")]
        );
        assert_eq!(last_line_before("", b"a"), None);
    }
}
