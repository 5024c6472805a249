//! Lengths in order → what the columns say of them.

use weir_sdk::ArrayVec;

use crate::distribution::FEW;

/// Lengths in order, and what they add up to.
pub(crate) struct Ordered {
    lens: Lens,
    extent: Extent,
}

enum Lens {
    Few(ArrayVec<u16, FEW>),
    Many(Vec<Run>),
}

/// A length and how often it was seen. What is longer than 16 bits say stands as the longest.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) len: u16,
    pub(crate) count: u64,
}

/// Exact sums, of lengths as they are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extent {
    count: u64,
    sum: u128,
    squares: u128,
    min: u32,
    max: u32,
}

impl Extent {
    /// Takes a length that was seen so many times.
    pub(crate) fn take(&mut self, len: u32, times: u64) {
        if times == 0 {
            return;
        }
        self.min = if self.count == 0 { len } else { self.min.min(len) };
        self.max = self.max.max(len);
        self.count += times;
        self.sum += u128::from(len) * u128::from(times);
        self.squares += u128::from(u64::from(len) * u64::from(len)) * u128::from(times);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Lengths of 16 bits in order, so few that their squares fit.
    fn of_few(lens: &[u16]) -> Self {
        let sum: u64 = lens.iter().map(|&len| u64::from(len)).sum();
        let squares: u64 = lens.iter().map(|&len| u64::from(len) * u64::from(len)).sum();
        Self {
            count: lens.len() as u64,
            sum: sum.into(),
            squares: squares.into(),
            min: lens.first().copied().unwrap_or_default().into(),
            max: lens.last().copied().unwrap_or_default().into(),
        }
    }
}

impl Ordered {
    pub(crate) fn of_few(mut lens: ArrayVec<u16, FEW>) -> Self {
        lens.sort_unstable();
        let extent = Extent::of_few(&lens);
        Self { lens: Lens::Few(lens), extent }
    }

    pub(crate) fn of_many(runs: Vec<Run>, extent: Extent) -> Self {
        Self { lens: Lens::Many(runs), extent }
    }

    pub(crate) fn min(&self) -> Option<u32> {
        (self.extent.count > 0).then_some(self.extent.min)
    }

    pub(crate) fn max(&self) -> Option<u32> {
        (self.extent.count > 0).then_some(self.extent.max)
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        let Extent { count, sum, .. } = self.extent;
        (count > 0).then(|| float(sum) / count as f64)
    }

    /// The deviation divided by the count; squares are taken from each other as whole numbers.
    pub(crate) fn population_deviation(&self) -> Option<f64> {
        let Extent { count, sum, squares, .. } = self.extent;
        let distances = u128::from(count).saturating_mul(squares).saturating_sub(sum.saturating_mul(sum));
        (count > 0).then(|| float(distances).sqrt() / count as f64)
    }

    /// The three quartiles by rule R-7.
    pub(crate) fn quartiles(&self) -> [Option<f64>; 3] {
        [1, 2, 3].map(|quarters| self.quantile(quarters))
    }

    fn quantile(&self, quarters: u128) -> Option<f64> {
        let scaled = u128::from(self.extent.count.checked_sub(1)?) * quarters;
        let (below, fraction) = ((scaled / 4) as u64, (scaled % 4) as f64 / 4.0);
        let lower = self.at(below)?;
        let upper = self.at(below + 1).unwrap_or(lower);
        Some(lower + fraction * (upper - lower))
    }

    /// The length at this place, from 0.
    fn at(&self, place: u64) -> Option<f64> {
        let len = match &self.lens {
            Lens::Few(lens) => lens.get(usize::try_from(place).ok()?).copied(),
            Lens::Many(runs) => at(runs, place),
        };
        len.map(f64::from)
    }

    /// Counts by length; what is too long stands in the last.
    pub(crate) fn bins(&self, width: u32, number: u32) -> Vec<u64> {
        let mut bins = vec![0; number as usize];
        let last = bins.len() - 1;
        let mut add = |len: u16, count: u64| bins[((u32::from(len) / width) as usize).min(last)] += count;
        match &self.lens {
            Lens::Few(lens) => lens.iter().for_each(|&len| add(len, 1)),
            Lens::Many(runs) => runs.iter().for_each(|run| add(run.len, run.count)),
        }
        bins
    }

    /// How many are at least so long, for up to 65535.
    pub(crate) fn count_from(&self, len: u32) -> u64 {
        match &self.lens {
            Lens::Few(lens) => lens.iter().rev().take_while(|&&own| u32::from(own) >= len).count() as u64,
            Lens::Many(runs) => {
                let long = runs.iter().rev().take_while(|run| u32::from(run.len) >= len);
                long.map(|run| run.count).sum()
            }
        }
    }
}

fn at(runs: &[Run], place: u64) -> Option<u16> {
    let mut before = 0;
    let found = runs.iter().find(|run| {
        before += run.count;
        before > place
    });
    found.map(|run| run.len)
}

/// The nearest number; of those that 64 bits hold, which are nearly all, without a call.
#[inline]
fn float(whole: u128) -> f64 {
    u64::try_from(whole).map_or_else(|_| whole as f64, |short| short as f64)
}
