//! MAC addresses of each packet in, distinct pairs with their packets out.

use weir_sdk::{ArrayVec, Mac};

/// At most so many pairs are kept for a direction.
const MAX_PAIRS: usize = 16;

/// The pairs of a direction. Nearly all directions have one, which is kept in place; with a second one all of
/// them move into a box.
#[derive(Default)]
pub struct Pairs {
    src: [Mac; 1],
    dst: [Mac; 1],
    /// 0 as long as there is no pair.
    packets: [u64; 1],
    many: Option<Box<Many>>,
}

/// Two pairs or more, in order of appearance.
struct Many {
    src: ArrayVec<Mac, MAX_PAIRS>,
    dst: ArrayVec<Mac, MAX_PAIRS>,
    packets: ArrayVec<u64, MAX_PAIRS>,
    overflow: bool,
}

impl Pairs {
    /// Counts a packet.
    #[inline]
    pub fn count(&mut self, src: Mac, dst: Mac) {
        if let Some(many) = &mut self.many {
            many.count(src, dst);
        } else if self.packets == [0] {
            (self.src, self.dst, self.packets) = ([src], [dst], [1]);
        } else if (self.src, self.dst) == ([src], [dst]) {
            self.packets[0] += 1;
        } else {
            let [packets] = self.packets;
            self.many.insert(Many::of(self.src[0], self.dst[0], packets)).count(src, dst);
        }
    }

    /// The source addresses of the pairs, in order of appearance.
    pub fn src(&self) -> &[Mac] {
        self.many.as_ref().map_or(&self.src[..self.inline()], |many| &many.src)
    }

    /// The destination addresses of the pairs.
    pub fn dst(&self) -> &[Mac] {
        self.many.as_ref().map_or(&self.dst[..self.inline()], |many| &many.dst)
    }

    /// The packets of the pairs.
    pub fn packets(&self) -> &[u64] {
        self.many.as_ref().map_or(&self.packets[..self.inline()], |many| &many.packets)
    }

    /// Whether a pair was left out.
    pub fn has_overflow(&self) -> bool {
        self.many.as_ref().is_some_and(|many| many.overflow)
    }

    fn inline(&self) -> usize {
        usize::from(self.packets != [0])
    }
}

impl Many {
    #[cold]
    fn of(src: Mac, dst: Mac, packets: u64) -> Box<Self> {
        Box::new(Self {
            src: ArrayVec::from_iter([src]),
            dst: ArrayVec::from_iter([dst]),
            packets: ArrayVec::from_iter([packets]),
            overflow: false,
        })
    }

    fn count(&mut self, src: Mac, dst: Mac) {
        let mut known = self.src.iter().zip(&self.dst).zip(&mut self.packets);
        if let Some((_, packets)) = known.find(|(pair, _)| *pair == (&src, &dst)) {
            *packets += 1;
        } else if self.src.is_full() {
            self.overflow = true;
        } else {
            self.src.push(src);
            self.dst.push(dst);
            self.packets.push(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(number: u8) -> Mac {
        Mac([2, 0, 0, 0, 0, number])
    }

    fn counted(numbers: impl IntoIterator<Item = u8>) -> Pairs {
        let mut pairs = Pairs::default();
        numbers.into_iter().for_each(|number| pairs.count(mac(number), mac(0)));
        pairs
    }

    #[test]
    fn no_packet_gives_no_pair() {
        let pairs = Pairs::default();
        assert!(pairs.src().is_empty() && pairs.dst().is_empty() && pairs.packets().is_empty());
    }

    #[test]
    fn one_pair_needs_no_box() {
        let pairs = counted([7, 7, 7]);
        assert_eq!((pairs.src(), pairs.dst(), pairs.packets()), (&[mac(7)][..], &[mac(0)][..], &[3][..]));
        assert!(pairs.many.is_none());
    }

    #[test]
    fn pairs_stand_in_order_of_appearance() {
        let pairs = counted([7, 7, 3, 7, 3, 3, 3]);
        assert_eq!((pairs.src(), pairs.packets()), (&[mac(7), mac(3)][..], &[3, 4][..]));
    }

    #[test]
    fn the_same_addresses_the_other_way_round_are_another_pair() {
        let mut pairs = counted([7]);
        pairs.count(mac(0), mac(7));
        assert_eq!((pairs.src(), pairs.dst()), (&[mac(7), mac(0)][..], &[mac(0), mac(7)][..]));
    }

    #[test]
    fn sixteen_pairs_fit_and_a_seventeenth_overflows() {
        let pairs = counted(0..16);
        assert_eq!((pairs.src().len(), pairs.has_overflow()), (16, false));
        let pairs = counted(0..17);
        assert_eq!((pairs.src().len(), pairs.has_overflow()), (16, true));
    }

    #[test]
    fn known_pairs_keep_counting_when_the_list_is_full() {
        let pairs = counted((0..20).chain([0, 15, 15]));
        assert_eq!((pairs.packets()[0], pairs.packets()[1], pairs.packets()[15]), (2, 1, 3));
    }
}
