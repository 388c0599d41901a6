//! Numbers of the Korean state: residents' and businesses'.

use crate::discover::detect::number::{Groups, value};

/// Milliseconds since 1970 of 2017 to 2033 have 13 digits too, and some spell a date.
const MILLISECONDS: std::ops::Range<u64> = 1_500_000_000_000..2_000_000_000_000;

/// How many groups the resident registration number (주민등록번호) has that begins with this one. The check
/// digit must be right: masks make it wrong, and so did nobody before October 2020; since then the last six digits are
/// drawn by lot, and one in ten of these is found.
pub(crate) fn registration_number(groups: &Groups<'_>, first: usize) -> Option<usize> {
    let mut digits = [0; 13];
    let count = if groups.digits(first).len() == 13 {
        digits.copy_from_slice(groups.digits(first));
        if MILLISECONDS.contains(&value(&digits)) {
            return None;
        }
        1
    } else if groups.are(first, &[6, 7], b"- ") {
        digits[..6].copy_from_slice(groups.digits(first));
        digits[6..].copy_from_slice(groups.digits(first + 1));
        2
    } else {
        return None;
    };
    (is_date(&digits) && has_check_digit(&digits)).then_some(count)
}

fn is_date(digits: &[u8; 13]) -> bool {
    let century = match digits[6] {
        b'9' | b'0' => 1800,
        b'1' | b'2' | b'5' | b'6' => 1900,
        _ => 2000,
    };
    let part = |from: usize| i8::try_from(value(&digits[from..from + 2])).unwrap_or(0);
    jiff::civil::Date::new(century + i16::from(part(0)), part(2), part(4)).is_ok()
}

fn has_check_digit(digits: &[u8; 13]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = u32::from(digits[12] - b'0');
    // Those of foreigners are counted from 13.
    let foreign = (b'5'..=b'8').contains(&digits[6]);
    check == (11 - sum % 11) % 10 || foreign && check == (13 - sum % 11) % 10
}

/// How many groups the business number (사업자등록번호) has that begins with this one. Without hyphens, one
/// in ten of all numbers with ten digits would be one.
pub(crate) fn business_number(groups: &Groups<'_>, first: usize) -> Option<usize> {
    if !groups.are(first, &[3, 2, 5], b"-") {
        return None;
    }
    const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
    let number = (first..first + 3).flat_map(|group| groups.digits(group)).map(|digit| u32::from(digit - b'0'));
    let (mut sum, mut check) = (0, 0);
    for (place, digit) in number.enumerate() {
        match WEIGHTS.get(place) {
            Some(weight) => sum += digit * weight + if place == 8 { digit * weight / 10 } else { 0 },
            None => check = digit,
        }
    }
    // Tax offices begin at 101.
    (value(groups.digits(first)) > 100 && check == (10 - sum % 10) % 10).then_some(3)
}
