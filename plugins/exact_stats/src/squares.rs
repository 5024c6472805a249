//! Whole numbers in, their sample deviation out, with no rounding before the last step.

/// A sum of squares of whole numbers.
///
/// Welford's recurrence would take as much memory, a division for each number, and a rounding with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Squares(u128);

impl Squares {
    /// What no sum below 2^128 is: the sum has not fitted.
    const FULL: u128 = u128::MAX;

    /// Takes a number into account by its magnitude.
    #[inline]
    pub(crate) fn add(&mut self, magnitude: u64) {
        let magnitude = u128::from(magnitude);
        self.0 = self.0.saturating_add(magnitude * magnitude);
    }

    /// Sample standard deviation of the `count` numbers added, whose sum has this magnitude; nothing for fewer
    /// than two numbers, or where the squares have not fitted.
    pub(crate) fn sample_deviation(self, sum: u64, count: u64) -> Option<f64> {
        let distances = self.squared_distances(sum, count)?;
        (count > 1).then(|| (distances / (count - 1) as f64).sqrt())
    }

    /// Sum of the squared distances from the mean: the sum of squares less the squared sum by `count`.
    fn squared_distances(self, sum: u64, count: u64) -> Option<f64> {
        if self.0 == Self::FULL {
            return None;
        }
        let (square, count) = (u128::from(sum) * u128::from(sum), u128::from(count));
        // The two may agree in all but their last digits, so whole numbers are subtracted as such; what is
        // left of the division is below 1.
        let whole = self.0.checked_sub(square.checked_div(count)?)?;
        Some(whole as f64 - (square % count) as f64 / count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(numbers: &[u64]) -> Option<f64> {
        let mut squares = Squares::default();
        numbers.iter().for_each(|&number| squares.add(number));
        squares.sample_deviation(numbers.iter().sum(), numbers.len() as u64)
    }

    #[test]
    fn the_deviation_is_divided_by_one_less_than_the_count() {
        assert_eq!(deviation(&[2, 4, 4, 4, 5, 5, 7, 9]), Some((32.0_f64 / 7.0).sqrt()));
        assert_eq!(deviation(&[3, 5]), Some(2.0_f64.sqrt()));
    }

    #[test]
    fn one_number_has_no_deviation() {
        assert_eq!(deviation(&[]), None);
        assert_eq!(deviation(&[7]), None);
    }

    #[test]
    fn small_distances_from_a_large_mean_are_not_lost() {
        let large = 1 << 60;
        assert_eq!(deviation(&[large, large + 1, large + 2]), Some(1.0));
        assert_eq!(deviation(&[large; 3]), Some(0.0));
    }

    #[test]
    fn squares_that_do_not_fit_give_nothing() {
        let mut squares = Squares::default();
        (0..2).for_each(|_| squares.add(u64::MAX));
        assert_eq!(squares.sample_deviation(0, 2), None);
    }
}
