//! Card numbers: an issuer's range with its length and a valid check digit, except published test numbers.

use super::digit_groups::{DigitGroups, value};

/// Test numbers that payment providers publish, outside of [`TEST_RANGE`].
const TEST_NUMBERS: [u64; 17] = [
    4_242_424_242_424_242,
    4_111_111_111_111_111,
    4_012_888_888_881_881,
    4_222_222_222_222,
    4_000_056_655_665_556,
    5_555_555_555_554_444,
    5_105_105_105_105_100,
    5_200_828_282_828_210,
    2_223_003_122_003_222,
    378_282_246_310_005,
    371_449_635_398_431,
    378_734_493_671_000,
    30_569_309_025_904,
    38_520_000_023_237,
    6_011_111_111_111_117,
    6_011_000_990_139_424,
    3_530_111_333_300_000,
];
/// Numbers of this range are for tests; `card: valid` makes them.
const TEST_RANGE: &[u8] = b"400000";

/// The number of groups of the card number that begins with a group.
pub(super) fn number(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let notations: [&[usize]; 4] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3]];
    let single = groups.digits(first);
    if (13..=19).contains(&single.len()) {
        return is_number(single).then_some(1);
    }
    // The longest notation first.
    let count = notations.iter().rev().find(|lengths| groups.have_lengths(first, lengths, b"- "))?.len();
    let mut digits = [0; 19];
    let mut length = 0;
    for group in first..first + count {
        let part = groups.digits(group);
        digits[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    is_number(&digits[..length]).then_some(count)
}

fn is_number(digits: &[u8]) -> bool {
    is_issued(digits)
        && has_check_digit(digits)
        && !digits.starts_with(TEST_RANGE)
        && !TEST_NUMBERS.contains(&value(digits))
}

/// Whether the number is in a range that an issuer publishes (ISO/IEC 7812), and has one of the range's lengths.
fn is_issued(digits: &[u8]) -> bool {
    let length = digits.len();
    match value(&digits[..4]) {
        // Visa.
        4000..=4999 => matches!(length, 13 | 16 | 19),
        // Mastercard.
        2221..=2720 | 5100..=5599 => length == 16,
        // American Express.
        3400..=3499 | 3700..=3799 => length == 15,
        // Diners Club.
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => length == 14,
        // JCB.
        3528..=3589 => length == 16,
        // Discover, UnionPay.
        6011 | 6440..=6599 => matches!(length, 16 | 19),
        6200..=6299 => (16..=19).contains(&length),
        // Maestro.
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => true,
        // Domestic cards of Korea.
        9400..=9499 | 9200..=9299 => length == 16,
        _ => false,
    }
}

/// The Luhn check: from the right, every second digit counts double, as the sum of its digits.
fn has_check_digit(digits: &[u8]) -> bool {
    let counted = |(place, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        match (place % 2, 2 * digit) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        }
    };
    digits.iter().rev().enumerate().map(counted).sum::<u32>() % 10 == 0
}
