//! Numbers of given distributions. Whole numbers only: logarithms differ between machines in the last bit.

use crate::random::Random;

/// A share of the way from one quantile to the next is drawn with so many bits.
const FRACTION_BITS: u32 = 20;

impl Random {
    /// A number whose quantiles are these, at equal distances from the smallest to the largest, with straight lines
    /// between them.
    ///
    /// # Panics
    ///
    /// With fewer than two quantiles.
    pub fn spread(&mut self, quantiles: &[i64]) -> i64 {
        let drawn = self.below((quantiles.len() as u64 - 1) << FRACTION_BITS);
        let place = (drawn >> FRACTION_BITS) as usize;
        let share = (drawn & ((1 << FRACTION_BITS) - 1)) as i64;
        let step = quantiles[place + 1] - quantiles[place];
        quantiles[place] + ((step * share) >> FRACTION_BITS)
    }

    /// A number around this one: the mean of three even draws from so many percent below to as many above.
    pub fn around(&mut self, centre: i64, percent: i64) -> i64 {
        let reach = centre * percent / 100;
        let offsets = (0..3).map(|_| self.below(2 * reach as u64 + 1) as i64 - reach);
        centre + offsets.sum::<i64>() / 3
    }

    /// A place, each as often as its weight says.
    ///
    /// # Panics
    ///
    /// If all weights are 0.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut drawn = self.below(weights.iter().sum());
        let reached = |weight: &u64| {
            let is_here = drawn < *weight;
            drawn = drawn.wrapping_sub(*weight);
            is_here
        };
        weights.iter().position(reached).expect("the draw is below the sum of the weights")
    }

    /// Puts items in any order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_lies_below_the_first_of_three_inner_quantiles() {
        let mut random = Random::new(1);
        let drawn: Vec<i64> = (0..4_000).map(|_| random.spread(&[0, 10, 100, 1_000, 10_000])).collect();
        let below = |limit| drawn.iter().filter(|number| **number < limit).count();
        assert!((0..=10_000).contains(drawn.iter().max().unwrap()) && *drawn.iter().min().unwrap() >= 0);
        assert!((900..1_100).contains(&below(10)) && (2_850..3_150).contains(&below(1_000)));
    }

    #[test]
    fn weights_say_how_often_a_place_is_drawn() {
        let mut random = Random::new(2);
        let mut counts = [0; 3];
        (0..1_000).for_each(|_| counts[random.weighted(&[1, 0, 3])] += 1);
        assert!(counts[1] == 0 && (200..300).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn what_is_shuffled_is_the_same_items() {
        let mut items: Vec<u32> = (0..50).collect();
        Random::new(3).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert!(items.into_iter().eq(0..50));
    }

    #[test]
    fn numbers_around_another_stay_near_it() {
        let mut random = Random::new(4);
        assert!((0..1_000).all(|_| (900..=1_100).contains(&random.around(1_000, 10))));
    }
}
