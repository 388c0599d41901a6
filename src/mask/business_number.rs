//! Korean business registration number (사업자등록번호): 3, 2 and 5 digits, the last of which is a check digit. The
//! formatting, with or without hyphens, stays.
//!
//! A keyed permutation replaces the nine digits before the check digit. The offset of the check digit from the valid
//! one changes by a keyed 1 to 9. So different numbers stay different, and a valid number becomes invalid. An invalid
//! number (nine of ten texts of ten digits) may become valid: there are as many numbers after masking as
//! before. No tax office has a number that begins with 0, and such numbers are permuted among themselves.
//!
//! Other text becomes `x` and nine letters and digits of the keyed hash (45 bits).
//!
//! Weights 1 3 7 1 3 7 1 3 5, plus the tens of the ninth product; check digit (10 - sum mod 10) mod 10.

use super::checksum::{CheckedNumber, weighted};
use super::key::zero_padded;
use super::output::{Case, MaskInput, MaskOutput};
use super::permutation;
use super::refusal::RefusalReason;
use super::sql::{call, case_when, cast, op, text};

const SEPARATORS: [&str; 3] = ["", "-", " "];

pub(super) fn make(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let sum = format!("({} + ($[8] * 5 / 10).floor())", weighted(&[1, 3, 7, 1, 3, 7, 1, 3, 5]));
    let checked = CheckedNumber {
        length: 10,
        max_chars: 12,
        pattern: "^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{5}$",
        reformat: ("^(...)(..)(.....)[0-9]{3}([- ]?)[0-9]{2}([- ]?)[0-9]{5}$", "\\1\\4\\2\\5\\3"),
        check_digit: format!("((10 - {sum} % 10) % 10)"),
        offsets: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    };
    let class = input.key.class("business_number");
    checked.mask(input, &class, cases(), |digits| {
        let own = cast(&call("left", &[digits, "9"]), "int8");
        let permuted = |from, to| zero_padded(&permutation::permute_range(&class, "number", &own, from, to), 9);
        let has_no_office = op(digits, "~", &text("^0"));
        case_when(&has_no_office, &permuted(0, 99_999_999), &permuted(100_000_000, 999_999_999))
    })
}

fn cases() -> Vec<Case> {
    let mut cases = vec![Case::digits_changed("0#{2}[- ]?#{2}[- ]?#{5}")];
    for first in SEPARATORS {
        cases.extend(SEPARATORS.map(|second| Case::same(format!("[1-9]#{{2}}{first}#{{2}}{second}#{{5}}"))));
    }
    cases
}
