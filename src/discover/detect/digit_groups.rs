//! Groups of digits, as numbers are written.

use super::word::is_word;

/// Groups read at once; no number has more.
pub(super) const MAX_GROUPS: usize = 8;

/// Consecutive groups of digits, each two with one separator between them: a hyphen, a dot, a space, or a closing
/// parenthesis with or without one of these.
pub(super) struct DigitGroups<'a> {
    text: &'a [u8],
    /// Start and end of each group, as offsets in the text.
    ranges: [(usize, usize); MAX_GROUPS],
    separators: [u8; MAX_GROUPS],
    /// Number of groups, at least one.
    pub(super) count: usize,
}

impl<'a> DigitGroups<'a> {
    /// Reads the groups from the digit at `start` on.
    pub(super) fn read(text: &'a [u8], start: usize) -> DigitGroups<'a> {
        let mut groups = DigitGroups { text, ranges: [(0, 0); MAX_GROUPS], separators: [0; MAX_GROUPS], count: 0 };
        let mut at = start;
        while groups.count < MAX_GROUPS {
            let end = at + text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            groups.ranges[groups.count] = (at, end);
            groups.count += 1;
            let byte_at = |at: usize| text.get(at).copied().unwrap_or(0);
            let (separator, width) = match (byte_at(end), byte_at(end + 1)) {
                (b')', b' ' | b'-') => (b')', 2),
                // `+82 (0)10`.
                (b' ', b'(') => (b'(', 2),
                (byte @ (b'-' | b'.' | b' ' | b')'), _) => (byte, 1),
                _ => break,
            };
            if !byte_at(end + width).is_ascii_digit() {
                break;
            }
            groups.separators[groups.count - 1] = separator;
            at = end + width;
        }
        groups
    }

    /// Start and end of a group, as offsets in the text.
    pub(super) fn range(&self, group: usize) -> (usize, usize) {
        self.ranges[group]
    }

    /// The digits of a group; empty after the last group.
    pub(super) fn digits(&self, group: usize) -> &'a [u8] {
        if group >= self.count {
            return &[];
        }
        let (start, end) = self.ranges[group];
        &self.text[start..end]
    }

    /// The separator after a group; 0 after the last group.
    pub(super) fn after(&self, group: usize) -> u8 {
        if group + 1 < self.count { self.separators[group] } else { 0 }
    }

    /// Whether the groups from `first` on have these lengths, all separated by the same one of `separators`.
    pub(super) fn have_lengths(&self, first: usize, lengths: &[usize], separators: &[u8]) -> bool {
        let separator = self.after(first);
        lengths.iter().enumerate().all(|(at, length)| self.digits(first + at).len() == *length)
            && (lengths.len() < 2 || separators.contains(&separator))
            && (1..lengths.len()).all(|at| self.after(first + at - 1) == separator)
    }

    /// Whether the byte before a group is `byte`.
    pub(super) fn is_preceded_by(&self, group: usize, byte: u8) -> bool {
        let start = self.ranges[group].0;
        start > 0 && self.text[start - 1] == byte
    }

    /// Whether a group follows a product name and a slash: `Chrome/120.0.0.1`.
    pub(super) fn is_product_version(&self, group: usize) -> bool {
        let start = self.ranges[group].0;
        start > 1 && self.text[start - 1] == b'/' && is_word(self.text[start - 2])
    }

    /// Whether a number may begin with a group, because it is not part of a word, version, amount or longer number.
    pub(super) fn may_begin(&self, group: usize) -> bool {
        if group > 0 {
            return matches!(self.separators[group - 1], b' ' | b'(');
        }
        let start = self.ranges[0].0;
        let before = |back: usize| start.checked_sub(back).map_or(b' ', |at| self.text[at]);
        match before(1) {
            b'+' | b'(' => !is_word(before(2)),
            b'-' | b'.' | b',' => !is_word(before(2)),
            b'#' | b'$' => false,
            byte => !is_word(byte),
        }
    }

    /// Whether a number may end with a group.
    pub(super) fn may_end(&self, group: usize) -> bool {
        let end = self.ranges[group].1;
        let after = |on: usize| self.text.get(end + on).copied().unwrap_or(b' ');
        match after(0) {
            b'-' => !is_word(after(1)),
            b'.' | b',' => !after(1).is_ascii_digit(),
            byte => !is_word(byte),
        }
    }
}

/// The value of at most 19 digits.
pub(super) fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}
