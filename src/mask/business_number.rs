//! A Korean business number (사업자등록번호): 3, 2 and 5 digits, of which the last is a check digit. Written
//! with or without hyphens, as it was.
//!
//! The nine digits before the check digit go through a keyed permutation; the check digit stays as far
//! from the right one as it was, moved by a keyed step of 1 to 9. So two numbers stay two, and what was a
//! right number becomes a wrong one. A number that was wrong already (one in ten of all texts of ten
//! digits is right) may come out right: there are as many numbers behind as before. No tax office has a
//! number that begins with 0, and such numbers stay among themselves.
//!
//! What is not written as ten digits becomes `x` and nine letters and digits of the keyed hash, 45 bits.
//!
//! Weights 1 3 7 1 3 7 1 3 5, plus the tens of the ninth product; check digit (10 - sum mod 10) mod 10.

use super::checksum::{Checked, weighted};
use super::key::padded;
use super::output::{Case, MaskInput, MaskOutput};
use super::permutation;
use super::refusal::Why;
use super::sql::{call, cast, choose, op, text};

const SEPARATORS: [&str; 3] = ["", "-", " "];

pub(super) fn make(site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let sum = format!("({} + ($[8] * 5 / 10).floor())", weighted(&[1, 3, 7, 1, 3, 7, 1, 3, 5]));
    let checked = Checked {
        length: 10,
        longest: 12,
        written: "^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{5}$",
        rewritten: ("^(...)(..)(.....)[0-9]{3}([- ]?)[0-9]{2}([- ]?)[0-9]{5}$", "\\1\\4\\2\\5\\3"),
        right: format!("((10 - {sum} % 10) % 10)"),
        steps: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    };
    let class = site.key.class("business_number");
    checked.masked(site, &class, cases(), |digits| {
        let own = cast(&call("left", &[digits, "9"]), "int8");
        let permuted = |from, to| padded(&permutation::between(&class, "number", &own, from, to), 9);
        let of_no_office = op(digits, "~", &text("^0"));
        choose(&of_no_office, &permuted(0, 99_999_999), &permuted(100_000_000, 999_999_999))
    })
}

fn cases() -> Vec<Case> {
    let mut cases = vec![Case::digits("0#{2}[- ]?#{2}[- ]?#{5}")];
    for first in SEPARATORS {
        cases.extend(SEPARATORS.map(|second| Case::same(format!("[1-9]#{{2}}{first}#{{2}}{second}#{{5}}"))));
    }
    cases
}
