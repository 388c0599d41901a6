//! Sets of characters.

/// Ranges of code points, sorted and disjoint.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct CharSet(Vec<(u32, u32)>);

const LAST: u32 = 0x10_FFFF;

impl CharSet {
    /// All characters except U+0000, which text cannot contain.
    pub(super) fn all() -> CharSet {
        CharSet(vec![(1, LAST)])
    }

    pub(super) fn of(ranges: impl IntoIterator<Item = (char, char)>) -> CharSet {
        CharSet::merged(ranges.into_iter().map(|(from, to)| (from.into(), to.into())).collect())
    }

    fn merged(mut ranges: Vec<(u32, u32)>) -> CharSet {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (from, to) in ranges {
            match merged.last_mut() {
                Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        CharSet(merged)
    }

    pub(super) fn complement(&self) -> CharSet {
        let mut next = 1;
        let mut rest = Vec::new();
        for (from, to) in &self.0 {
            if *from > next {
                rest.push((next, from - 1));
            }
            next = to + 1;
        }
        if next <= LAST {
            rest.push((next, LAST));
        }
        CharSet(rest)
    }

    pub(super) fn intersection(&self, other: &CharSet) -> CharSet {
        let common =
            |a: &(u32, u32), b: &(u32, u32)| Some((a.0.max(b.0), a.1.min(b.1))).filter(|(from, to)| from <= to);
        let mut both: Vec<(u32, u32)> =
            self.0.iter().flat_map(|a| other.0.iter().filter_map(move |b| common(a, b))).collect();
        both.sort_unstable();
        CharSet(both)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, character: u32) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&character))
    }

    /// One character from every part into which the bounds of the other sets divide this set.
    pub(super) fn samples<'a>(&self, others: impl Iterator<Item = &'a CharSet>) -> Vec<u32> {
        let mut starts: Vec<u32> = self.0.iter().map(|(from, _)| *from).collect();
        starts.extend(others.flat_map(|other| other.0.iter().flat_map(|(from, to)| [*from, to + 1])));
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|start| self.contains(*start));
        starts
    }

    /// The set with every character that some locale may treat as the other case of a member.
    pub(super) fn in_either_case_of_any_locale(&self) -> CharSet {
        let folded = ('a'..='z').chain('A'..='Z').any(|letter| self.contains(letter.into()));
        let beyond = self.0.last().is_some_and(|(_, to)| *to > 0x7f);
        let mut ranges = self.in_either_case().0;
        if folded || beyond {
            ranges.push((0x80, LAST));
        }
        if beyond {
            ranges.extend([('A', 'Z'), ('a', 'z')].map(|(from, to)| (from.into(), to.into())));
        }
        CharSet::merged(ranges)
    }

    /// The set with the other case of its ASCII letters.
    pub(super) fn in_either_case(&self) -> CharSet {
        let mut ranges = self.0.clone();
        for letter in ('a'..='z').chain('A'..='Z') {
            if self.contains(letter.into()) {
                let other = u32::from(letter) ^ 0x20;
                ranges.push((other, other));
            }
        }
        CharSet::merged(ranges)
    }
}
