//! What row plugins counted, for the summary.

/// Counts by plugin and name, in the order in which they were first told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginCounts(Vec<(&'static str, Vec<(&'static str, u64)>)>);

impl PluginCounts {
    /// Adds the counts of a plugin to those of the same names.
    pub(crate) fn add(&mut self, plugin: &'static str, counts: Vec<(&'static str, u64)>) {
        let known = entry(&mut self.0, plugin);
        for (name, count) in counts {
            *entry(known, name) += count;
        }
    }

    /// Adds all of them.
    pub(crate) fn merge(&mut self, other: PluginCounts) {
        other.0.into_iter().for_each(|(plugin, counts)| self.add(plugin, counts));
    }

    /// The plugins that count, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[(&'static str, u64)])> {
        let counting = self.0.iter().filter(|(_, counts)| !counts.is_empty());
        counting.map(|(plugin, counts)| (*plugin, &counts[..]))
    }
}

/// What stands under a name; its default, at the end, if it is new.
fn entry<'l, T: Default>(list: &'l mut Vec<(&'static str, T)>, name: &'static str) -> &'l mut T {
    let at = list.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
        list.push((name, T::default()));
        list.len() - 1
    });
    &mut list[at].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_the_same_name_are_added_up() {
        let mut all = PluginCounts::default();
        all.add("quiet", vec![]);
        all.add("label", vec![("matched", 1), ("unmatched", 2)]);
        let mut more = PluginCounts::default();
        more.add("label", vec![("matched", 10), ("ambiguous", 5)]);
        all.merge(more);
        let told: Vec<_> = all.iter().collect();
        assert_eq!(told, [("label", &[("matched", 11), ("unmatched", 2), ("ambiguous", 5)][..])]);
    }
}
