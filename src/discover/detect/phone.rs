//! Telephone numbers in Korean and North American notation, and international ones with a plus.
//! Digits without separators match only if they begin with 010 or a plus.

use super::digit_groups::{DigitGroups, value};

/// The number of groups of the telephone number that begins with a group.
pub(super) fn number(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    if groups.is_preceded_by(first, b'+') {
        return korean_abroad(groups, first)
            .or_else(|| north_american(groups, first))
            .or_else(|| international(groups, first));
    }
    korean(groups, first).or_else(|| korean_abroad(groups, first)).or_else(|| north_american(groups, first))
}

fn korean(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let digits = groups.digits(first);
    if digits.starts_with(b"010") && digits.len() == 11 {
        return is_assigned(&[&digits[3..]]).then_some(1);
    }
    // 010-12345678
    if digits == b"010" && groups.have_lengths(first, &[3, 8], b"- .") {
        return is_assigned(&[groups.digits(first + 1)]).then_some(2);
    }
    if digits.first() != Some(&b'0') || !is_area(&digits[1..]) {
        return None;
    }
    subscriber(groups, first, &digits[1..])
}

/// Whether this is an area or network code, without its 0.
fn is_area(area: &[u8]) -> bool {
    match area {
        b"2" | b"10" | b"11" | b"16" | b"17" | b"18" | b"19" | b"70" => true,
        [b'3'..=b'6', b'1'..=b'5'] => true,
        // Forwarding numbers: 050x.
        [b'5', b'0', b'2'..=b'9'] => true,
        _ => false,
    }
}

/// The number of groups of an area code and the two groups after it. Landline numbers with dots or spaces do not
/// match: lists of other numbers look like them.
fn subscriber(groups: &DigitGroups<'_>, first: usize, area: &[u8]) -> Option<usize> {
    let (middle, last) = (groups.digits(first + 1), groups.digits(first + 2));
    let mobile = area.len() == 2 && area[0] == b'1';
    let lengths = last.len() == 4 && (middle.len() == 4 || middle.len() == 3 && area != b"10");
    let separators = (groups.after(first), groups.after(first + 1));
    let separated = match separators {
        (b'-', b'-') | (b')', b'-') => true,
        (b'.', b'.') | (b' ', b' ') | (b' ', b'-') => mobile,
        _ => false,
    };
    (lengths && separated && is_assigned(&[middle, last])).then_some(3)
}

/// Whether the digits differ: 0000-0000 and the like are placeholders.
fn is_assigned(groups: &[&[u8]]) -> bool {
    let mut digits = groups.iter().copied().flatten();
    let first = digits.next();
    digits.any(|digit| Some(digit) != first)
}

/// Korean numbers with the country code: +82 10-1234-5678, 82-10-1234-5678, +821012345678, +82 (0)10-1234-5678.
fn korean_abroad(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let digits = groups.digits(first);
    if let Some(rest) = digits.strip_prefix(b"82").filter(|rest| !rest.is_empty()) {
        // Without a plus, so many digits may be any number.
        let rest = rest.strip_prefix(b"0").unwrap_or(rest);
        let mobile = rest.starts_with(b"10") && rest.len() == 10;
        let landline = (8..=10).contains(&rest.len()) && (rest[0] == b'2' || is_area(&rest[..2]));
        return (groups.is_preceded_by(first, b'+') && (mobile || landline)).then_some(1);
    }
    if digits != b"82" {
        return None;
    }
    let at = if groups.digits(first + 1) == b"0" && groups.after(first + 1) == b')' { first + 2 } else { first + 1 };
    let area = groups.digits(at);
    let area = area.strip_prefix(b"0").unwrap_or(area);
    if area.starts_with(b"10") && area.len() == 10 {
        return Some(at - first + 1);
    }
    if area == b"10" && groups.digits(at + 1).len() == 8 {
        return Some(at - first + 2);
    }
    if is_area(area) { subscriber(groups, at, area).map(|count| at - first + count) } else { None }
}

/// (415) 555-2671, 415-555-2671, 415.555.2671, each optionally after 1 or +1, and +14155552671.
fn north_american(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let plus = groups.is_preceded_by(first, b'+');
    let digits = groups.digits(first);
    if plus && digits.len() == 11 && digits[0] == b'1' {
        return is_north_american(&digits[1..4], &digits[4..7], &digits[7..]).then_some(1);
    }
    let country = digits == b"1" && matches!(groups.after(first), b'-' | b' ' | b'(');
    let at = first + usize::from(country);
    let (area, exchange, line) = (groups.digits(at), groups.digits(at + 1), groups.digits(at + 2));
    let separated = match (groups.after(at), groups.after(at + 1)) {
        (b'-', b'-') | (b'.', b'.') => true,
        (b')', b'-' | b'.' | b' ') => groups.is_preceded_by(at, b'('),
        (b' ', b' ' | b'-') => plus,
        _ => false,
    };
    (separated && is_north_american(area, exchange, line)).then_some(at - first + 3)
}

fn is_north_american(area: &[u8], exchange: &[u8], line: &[u8]) -> bool {
    let is_code = |group: &[u8]| group.len() == 3 && (b'2'..=b'9').contains(&group[0]);
    // 555-0100 to 555-0199 are reserved for fiction.
    let fictional = exchange == b"555" && line.starts_with(b"01");
    is_code(area) && is_code(exchange) && line.len() == 4 && !fictional
}

/// A plus, a country code and at most 15 digits (E.164). Few digits without separators may be an amount.
fn international(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let digits = groups.digits(first);
    if !is_country(digits) {
        return None;
    }
    if (10..=15).contains(&digits.len()) {
        return Some(1);
    }
    let (mut length, mut count) = (digits.len(), 1);
    while first + count < groups.count && length + groups.digits(first + count).len() <= 15 {
        length += groups.digits(first + count).len();
        count += 1;
    }
    (count >= 2 && digits.len() <= 4 && (9..=15).contains(&length)).then_some(count)
}

/// Whether digits begin with an assigned country code (ITU-T E.164 zones).
fn is_country(digits: &[u8]) -> bool {
    let zone = value(&digits[..digits.len().min(2)]);
    match zone {
        0 | 28 | 83 | 89 => false,
        // 992 to 998, except 997, are countries.
        99 => matches!(digits.get(2), Some(b'2'..=b'6' | b'8')),
        _ => true,
    }
}
