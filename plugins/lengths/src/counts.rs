//! How often each length was seen, for flows of many packets.

use crate::ordered::{Extent, Ordered, Run};

/// So many lengths are gathered at least before they are counted.
const GATHERED: usize = 256;

/// What many packets add up to. There are 65,536 counts at most, and no more gathered lengths than that.
#[derive(Default)]
pub(crate) struct Counts {
    /// In order.
    runs: Vec<Run>,
    /// Those that came since; longer ones stand as the longest of 16 bits.
    gathered: Vec<u16>,
    /// What the longer ones come to, as they are.
    longer: Extent,
}

impl Counts {
    #[inline]
    pub(crate) fn add(&mut self, len: u32) {
        // As many as there are counts, so that each length pays for the moving of one count.
        if self.gathered.len() >= GATHERED.max(self.runs.len()) {
            self.count();
        }
        self.gathered.push(u16::try_from(len).unwrap_or(u16::MAX));
        if len > u16::MAX.into() {
            self.longer.take(len, 1);
        }
    }

    #[cold]
    fn count(&mut self) {
        self.runs = merged(&self.runs, &mut self.gathered);
        self.gathered.clear();
    }

    /// Counts and lengths that take memory.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.runs.capacity() + self.gathered.capacity()
    }

    pub(crate) fn ordered(&self) -> Ordered {
        let runs = merged(&self.runs, &mut self.gathered.clone());
        let extent = self.extent(&runs);
        Ordered::of_many(runs, extent)
    }

    /// What all lengths add up to.
    fn extent(&self, runs: &[Run]) -> Extent {
        let mut extent = self.longer;
        for &Run { len, count } in runs {
            let longer = if len == u16::MAX { self.longer.count() } else { 0 };
            extent.take(len.into(), count - longer);
        }
        extent
    }
}

/// Counts with these lengths added.
fn merged(runs: &[Run], lens: &mut [u16]) -> Vec<Run> {
    lens.sort_unstable();
    let mut all = Vec::with_capacity(runs.len());
    let mut known = runs.iter().copied().peekable();
    for new in lens.chunk_by(|a, b| a == b) {
        let (len, mut count) = (new[0], new.len() as u64);
        all.extend(std::iter::from_fn(|| known.next_if(|run| run.len < len)));
        count += known.next_if(|run| run.len == len).map_or(0, |run| run.count);
        all.push(Run { len, count });
    }
    all.extend(known);
    all
}
