//! Digits in groups, as numbers of a kind are written: what a group begins is tried in turn.

use crate::discover::detect::{Found, Kind, card, ip, is_word, korea, phone};

/// More groups in a row than any number has.
const MOST: usize = 8;

/// Groups of digits with one separator between: a hyphen, a dot, a space, or a closing parenthesis with
/// or without one of these.
pub(crate) struct Groups<'a> {
    pub(crate) text: &'a [u8],
    places: [(usize, usize); MOST],
    separators: [u8; MOST],
    pub(crate) count: usize,
}

impl<'a> Groups<'a> {
    fn read(text: &'a [u8], start: usize) -> Groups<'a> {
        let mut groups = Groups { text, places: [(0, 0); MOST], separators: [0; MOST], count: 0 };
        let mut at = start;
        while groups.count < MOST {
            let end = at + text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            groups.places[groups.count] = (at, end);
            groups.count += 1;
            let next = |place: usize| text.get(place).copied().unwrap_or(0);
            let (separator, width) = match (next(end), next(end + 1)) {
                (b')', b' ' | b'-') => (b')', 2),
                // `+82 (0)10`.
                (b' ', b'(') => (b'(', 2),
                (byte @ (b'-' | b'.' | b' ' | b')'), _) => (byte, 1),
                _ => break,
            };
            if !next(end + width).is_ascii_digit() {
                break;
            }
            groups.separators[groups.count - 1] = separator;
            at = end + width;
        }
        groups
    }

    /// The digits of a group; nothing past the last.
    pub(crate) fn digits(&self, group: usize) -> &'a [u8] {
        if group >= self.count {
            return &[];
        }
        let (start, end) = self.places[group];
        &self.text[start..end]
    }

    /// What stands after a group; 0 after the last.
    pub(crate) fn after(&self, group: usize) -> u8 {
        if group + 1 < self.count { self.separators[group] } else { 0 }
    }

    /// Whether the groups from `first` on have these lengths, with one of `separators` between them, the
    /// same everywhere.
    pub(crate) fn are(&self, first: usize, lengths: &[usize], separators: &[u8]) -> bool {
        let between = self.after(first);
        lengths.iter().enumerate().all(|(at, length)| self.digits(first + at).len() == *length)
            && (lengths.len() < 2 || separators.contains(&between))
            && (1..lengths.len()).all(|at| self.after(first + at - 1) == between)
    }

    /// Whether a sign stands right before a group.
    pub(crate) fn has_before(&self, group: usize, sign: u8) -> bool {
        let start = self.places[group].0;
        start > 0 && self.text[start - 1] == sign
    }

    /// Whether a name and a slash stand before a group: `Chrome/120.0.0.1`.
    pub(crate) fn is_of_a_product(&self, group: usize) -> bool {
        let start = self.places[group].0;
        start > 1 && self.text[start - 1] == b'/' && is_word(self.text[start - 2])
    }

    /// Whether a number may begin here: it is no part of a word, a version, an amount or a longer number.
    fn is_free_before(&self, group: usize) -> bool {
        if group > 0 {
            return matches!(self.separators[group - 1], b' ' | b'(');
        }
        let start = self.places[0].0;
        let before = |back: usize| start.checked_sub(back).map_or(b' ', |at| self.text[at]);
        match before(1) {
            b'+' | b'(' => !is_word(before(2)),
            b'-' | b'.' | b',' => !is_word(before(2)),
            b'#' | b'$' => false,
            byte => !is_word(byte),
        }
    }

    /// Whether a number may end with this group.
    fn is_free_after(&self, group: usize) -> bool {
        let end = self.places[group].1;
        let after = |on: usize| self.text.get(end + on).copied().unwrap_or(b' ');
        match after(0) {
            b'-' => !is_word(after(1)),
            b'.' | b',' => !after(1).is_ascii_digit(),
            byte => !is_word(byte),
        }
    }
}

/// Tells the numbers that begin with the digits at `start`, and answers where to go on.
pub(crate) fn at(text: &[u8], start: usize, tell: &mut impl FnMut(Found)) -> usize {
    let groups = Groups::read(text, start);
    let (mut group, mut told) = (0, 0);
    while group < groups.count {
        let found = if groups.is_free_before(group) { known(&groups, group) } else { None };
        let found = found.filter(|(_, count)| groups.is_free_after(group + count - 1));
        match found {
            Some((kind, count)) => {
                // The plus of an international number belongs to it.
                let plus = usize::from(groups.has_before(group, b'+'));
                let end = groups.places[group + count - 1].1;
                tell(Found { kind, start: groups.places[group].0 - plus, end });
                (group, told) = (group + count, end);
            }
            None => group += 1,
        }
    }
    // A longer row is read again from its middle, so that no number is cut by its end.
    if groups.count == MOST { groups.places[MOST / 2].0.max(told) } else { groups.places[groups.count - 1].1 }
}

fn known(groups: &Groups<'_>, group: usize) -> Option<(Kind, usize)> {
    korea::registration_number(groups, group)
        .map(|count| (Kind::RegistrationNumber, count))
        .or_else(|| phone::number(groups, group).map(|count| (Kind::Phone, count)))
        .or_else(|| card::number(groups, group).map(|count| (Kind::Card, count)))
        .or_else(|| korea::business_number(groups, group).map(|count| (Kind::BusinessNumber, count)))
        .or_else(|| ip::fourth(groups, group).map(|count| (Kind::IpAddress, count)))
}

/// The value of digits; at most 19 of them.
pub(crate) fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}
