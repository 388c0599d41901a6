//! Sets of characters.

/// Ranges of code points, in order, apart from each other.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Set(Vec<(u32, u32)>);

const LAST: u32 = 0x10_FFFF;

impl Set {
    /// All characters but the one of number 0, which no text has.
    pub(super) fn all() -> Set {
        Set(vec![(1, LAST)])
    }

    pub(super) fn of(ranges: impl IntoIterator<Item = (char, char)>) -> Set {
        Set::joined(ranges.into_iter().map(|(from, to)| (from.into(), to.into())).collect())
    }

    fn joined(mut ranges: Vec<(u32, u32)>) -> Set {
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (from, to) in ranges {
            match joined.last_mut() {
                Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Set(joined)
    }

    pub(super) fn without(&self) -> Set {
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
        Set(rest)
    }

    pub(super) fn and(&self, other: &Set) -> Set {
        let common =
            |a: &(u32, u32), b: &(u32, u32)| Some((a.0.max(b.0), a.1.min(b.1))).filter(|(from, to)| from <= to);
        let mut both: Vec<(u32, u32)> =
            self.0.iter().flat_map(|a| other.0.iter().filter_map(move |b| common(a, b))).collect();
        both.sort_unstable();
        Set(both)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, character: u32) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&character))
    }

    /// One character of every part that the other sets cut this one into.
    pub(super) fn samples<'a>(&self, others: impl Iterator<Item = &'a Set>) -> Vec<u32> {
        let mut starts: Vec<u32> = self.0.iter().map(|(from, _)| *from).collect();
        starts.extend(others.flat_map(|other| other.0.iter().flat_map(|(from, to)| [*from, to + 1])));
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|start| self.has(*start));
        starts
    }

    /// With all that some locale may take for the other case of what is in it.
    pub(super) fn in_any_case(&self) -> Set {
        let folded = ('a'..='z').chain('A'..='Z').any(|letter| self.has(letter.into()));
        let beyond = self.0.last().is_some_and(|(_, to)| *to > 0x7f);
        let mut ranges = self.in_either_case().0;
        if folded || beyond {
            ranges.push((0x80, LAST));
        }
        if beyond {
            ranges.extend([('A', 'Z'), ('a', 'z')].map(|(from, to)| (from.into(), to.into())));
        }
        Set::joined(ranges)
    }

    /// With the other case of ASCII letters.
    pub(super) fn in_either_case(&self) -> Set {
        let mut ranges = self.0.clone();
        for letter in ('a'..='z').chain('A'..='Z') {
            if self.has(letter.into()) {
                let other = u32::from(letter) ^ 0x20;
                ranges.push((other, other));
            }
        }
        Set::joined(ranges)
    }
}
