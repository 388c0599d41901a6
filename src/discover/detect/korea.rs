//! Korean resident registration numbers and business numbers.

use super::digit_groups::{DigitGroups, value};

/// Unix timestamps in milliseconds, of 2017 to 2033: they have 13 digits too, and some of them contain a date.
const MILLISECONDS: std::ops::Range<u64> = 1_500_000_000_000..2_000_000_000_000;

/// The number of groups of the resident registration number (주민등록번호) that begins with a group. The check digit
/// must be valid: masks make it invalid. Numbers issued since October 2020 end in six random digits, so only one in ten
/// of them is detected.
pub(super) fn registration_number(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let mut digits = [0; 13];
    let count = if groups.digits(first).len() == 13 {
        digits.copy_from_slice(groups.digits(first));
        if MILLISECONDS.contains(&value(&digits)) {
            return None;
        }
        1
    } else if groups.have_lengths(first, &[6, 7], b"- ") {
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
    // Numbers of foreigners subtract from 13.
    let foreign = (b'5'..=b'8').contains(&digits[6]);
    check == (11 - sum % 11) % 10 || foreign && check == (13 - sum % 11) % 10
}

/// The number of groups of the business number (사업자등록번호) that begins with a group. Hyphens are required: without
/// them, one in ten of all ten-digit numbers would match.
pub(super) fn business_number(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    if !groups.have_lengths(first, &[3, 2, 5], b"-") {
        return None;
    }
    const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
    let number = (first..first + 3).flat_map(|group| groups.digits(group)).map(|digit| u32::from(digit - b'0'));
    let (mut sum, mut check) = (0, 0);
    for (at, digit) in number.enumerate() {
        match WEIGHTS.get(at) {
            Some(weight) => sum += digit * weight + if at == 8 { digit * weight / 10 } else { 0 },
            None => check = digit,
        }
    }
    // Codes of tax offices begin at 101.
    (value(groups.digits(first)) > 100 && check == (10 - sum % 10) % 10).then_some(3)
}
