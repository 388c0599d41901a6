//! Detectors of numbers: at each group of digits, every kind of number that may begin there is tried.

use super::digit_groups::{DigitGroups, MAX_GROUPS};
use super::kind::{Kind, Match};
use super::{card, ip, korea, phone};

/// Reports the numbers that begin in the groups of digits at `start`, and returns the offset to continue from.
pub(super) fn numbers(text: &[u8], start: usize, on_match: &mut impl FnMut(Match)) -> usize {
    let groups = DigitGroups::read(text, start);
    let (mut group, mut last_end) = (0, 0);
    while group < groups.count {
        let found = if groups.may_begin(group) { number_at(&groups, group) } else { None };
        let found = found.filter(|(_, count)| groups.may_end(group + count - 1));
        match found {
            Some((kind, count)) => {
                // The plus of an international number belongs to it.
                let plus = usize::from(groups.is_preceded_by(group, b'+'));
                let end = groups.range(group + count - 1).1;
                on_match(Match { kind, start: groups.range(group).0 - plus, end });
                (group, last_end) = (group + count, end);
            }
            None => group += 1,
        }
    }
    // A longer sequence is read again from its middle, so that no number is cut at its end.
    if groups.count == MAX_GROUPS {
        groups.range(MAX_GROUPS / 2).0.max(last_end)
    } else {
        groups.range(groups.count - 1).1
    }
}

/// The kind of the number that begins with a group, and the number of its groups.
fn number_at(groups: &DigitGroups<'_>, group: usize) -> Option<(Kind, usize)> {
    korea::registration_number(groups, group)
        .map(|count| (Kind::RegistrationNumber, count))
        .or_else(|| phone::number(groups, group).map(|count| (Kind::Phone, count)))
        .or_else(|| card::number(groups, group).map(|count| (Kind::Card, count)))
        .or_else(|| korea::business_number(groups, group).map(|count| (Kind::BusinessNumber, count)))
        .or_else(|| ip::v4(groups, group).map(|count| (Kind::IpAddress, count)))
}
