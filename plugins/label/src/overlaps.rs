//! Lines that ask the same of a flow at the same time but give it different labels.

use std::collections::HashMap;

use crate::conditions::Conditions;
use crate::file::Lines;

/// Such lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overlaps {
    /// How many lines overlap with one that begins before them.
    pub(crate) count: u64,
    /// The first two, by number.
    pub(crate) first: (u64, u64),
}

/// The latest end among lines of one label.
#[derive(Clone, Copy)]
struct Latest {
    label: u32,
    end: i64,
    line: u64,
}

impl Overlaps {
    /// Those of a file; none if there are none. Lines that ask for the same ends in either order are compared, but not a
    /// subnet with an address in it.
    pub(crate) fn of(lines: &Lines) -> Option<Self> {
        let mut by_conditions: HashMap<Conditions, Vec<usize>> = HashMap::new();
        for (place, rule) in lines.rules.iter().enumerate() {
            by_conditions.entry(rule.conditions.ordered()).or_default().push(place);
        }
        let alike = by_conditions.into_values().filter(|places| places.len() > 1);
        let found: Vec<(u64, u64)> = alike.flat_map(|places| pairs(lines, places)).collect();
        let first = found.iter().min().copied()?;
        Some(Self { count: found.len() as u64, first })
    }

    /// One sentence for the user.
    pub(crate) fn sentence(&self) -> String {
        let (one, other) = self.first;
        let more = match self.count {
            1 => String::new(),
            count => format!(", the first of {count} such pairs,"),
        };
        format!(
            "lines {one} and {other} of its file{more} ask the same at overlapping times but have different labels; \
             a flow that matches both is ambiguous and has none"
        )
    }
}

/// For each of these lines that overlaps with one of another label that begins before it, both numbers.
fn pairs(lines: &Lines, mut places: Vec<usize>) -> Vec<(u64, u64)> {
    places.sort_by_key(|&place| (lines.rules[place].span.start, place));
    let mut latest: Option<Latest> = None;
    let mut latest_of_others: Option<Latest> = None;
    let mut found = Vec::new();
    for place in places {
        let (span, said) = (lines.rules[place].span, &lines.said[place]);
        let own = Latest { label: said.label, end: span.end, line: said.line };
        let other = [latest, latest_of_others].into_iter().flatten().find(|other| other.label != own.label);
        // Intervals that only touch are those of a log, one after the other.
        if let Some(other) = other.filter(|other| other.end > span.start || span.start == i64::MIN) {
            found.push((own.line.min(other.line), own.line.max(other.line)));
        }
        (latest, latest_of_others) = with(own, latest, latest_of_others);
    }
    found
}

/// The latest end, and the latest end with another label than that.
fn with(own: Latest, latest: Option<Latest>, of_others: Option<Latest>) -> (Option<Latest>, Option<Latest>) {
    match latest {
        Some(latest) if own.end <= latest.end => {
            let is_better = own.label != latest.label && of_others.is_none_or(|others| others.end < own.end);
            (Some(latest), if is_better { Some(own) } else { of_others })
        }
        Some(latest) if latest.label == own.label => (Some(own), of_others),
        other => (Some(own), other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u64, (u64, u64))>) {
        let lines = Lines::parse(text.as_bytes(), b',', 0).expect("a file of labels");
        assert_eq!(Overlaps::of(&lines).map(|found| (found.count, found.first)), expected, "{text}");
    }

    #[test]
    fn lines_that_ask_the_same_at_the_same_time_are_found() {
        check("src_port,start,end,label\n1,0,10,a\n1,5,15,b\n", Some((1, (2, 3))));
        check("src_port,start,end,label\n1,0,10,a\n1,10,15,b\n", None);
        check("src_port,start,end,label\n1,0,10,a\n2,5,15,b\n", None);
        check("src_port,start,end,label\n1,0,10,a\n1,5,15,a\n", None);
        check("src_port,label\n1,a\n1,b\n", Some((1, (2, 3))));
        check("src_port,dst_port,label\n1,2,a\n2,1,b\n", Some((1, (2, 3))));
    }

    #[test]
    fn a_long_interval_overlaps_with_all_that_begin_within() {
        let text =
            "src_port,start,end,label\n1,0,100,a\n1,5,6,a\n1,10,20,b\n1,15,17,b\n1,30,40,a\n1,150,160,b\n";
        check(text, Some((2, (2, 4))));
        check(
            "src_port,start,end,label\n1,0,9,a\n1,1,5,b\n1,2,12,a\n1,10,11,b\n1,11,13,c\n",
            Some((4, (2, 3))),
        );
    }
}
