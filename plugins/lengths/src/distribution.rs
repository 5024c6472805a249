//! All lengths of a flow, each with its count: exact quartiles in bounded memory.

use std::collections::BTreeMap;

/// How often each length was seen. There are 65,536 entries at most, and no more than there are packets.
#[derive(Default)]
pub(crate) struct Distribution {
    /// Longer ones stand at the end.
    counts: BTreeMap<u16, u64>,
    count: u64,
    sum: u128,
    squares: u128,
    min: u32,
    max: u32,
}

impl Distribution {
    pub(crate) fn add(&mut self, len: u32) {
        *self.counts.entry(u16::try_from(len).unwrap_or(u16::MAX)).or_default() += 1;
        self.min = if self.count == 0 { len } else { self.min.min(len) };
        self.max = self.max.max(len);
        self.count += 1;
        self.sum += u128::from(len);
        self.squares += u128::from(len).pow(2);
    }

    pub(crate) fn min(&self) -> Option<u32> {
        (self.count > 0).then_some(self.min)
    }

    pub(crate) fn max(&self) -> Option<u32> {
        (self.count > 0).then_some(self.max)
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The deviation divided by the count; squares are taken from each other as whole numbers.
    pub(crate) fn population_deviation(&self) -> Option<f64> {
        let count = u128::from(self.count);
        let distances = count.saturating_mul(self.squares).saturating_sub(self.sum.saturating_mul(self.sum));
        (count > 0).then(|| (distances as f64).sqrt() / self.count as f64)
    }

    /// The three quartiles by rule R-7.
    pub(crate) fn quartiles(&self) -> [Option<f64>; 3] {
        [1, 2, 3].map(|quarters| self.quantile(quarters))
    }

    fn quantile(&self, quarters: u128) -> Option<f64> {
        let scaled = u128::from(self.count.checked_sub(1)?) * quarters;
        let (below, fraction) = ((scaled / 4) as u64, (scaled % 4) as f64 / 4.0);
        let lower = self.at(below)?;
        let upper = self.at(below + 1).unwrap_or(lower);
        Some(lower + fraction * (upper - lower))
    }

    /// The length at this place, from 0, of all in order.
    fn at(&self, place: u64) -> Option<f64> {
        let mut before = 0;
        let found = self.counts.iter().find(|(_, count)| {
            before += **count;
            before > place
        });
        found.map(|(len, _)| f64::from(*len))
    }

    /// Counts by length; what is too long stands in the last.
    pub(crate) fn bins(&self, width: u32, number: u32) -> Vec<u64> {
        let mut bins = vec![0; number as usize];
        let last = bins.len() - 1;
        for (&len, count) in &self.counts {
            bins[((u32::from(len) / width) as usize).min(last)] += count;
        }
        bins
    }

    /// How many are at least so long, for up to 65535.
    pub(crate) fn count_from(&self, len: u32) -> u64 {
        let from = u16::try_from(len).unwrap_or(u16::MAX);
        self.counts.range(from..).map(|(_, count)| count).sum()
    }
}
