//! Telephone number: a keyed permutation replaces its last digits; the other digits and the formatting stay. So
//! 010-1234-5678 and +82 10-1234-5678 stay one number in two formats, and different numbers stay different.
//!
//! Text that is not a number of this kind (a landline, an extension, "ask at the desk") becomes `+999` and 16 digits of
//! the keyed hash; no country has this code.

use crate::config::mask::PhoneKind;

use super::output::{Case, Distinct, MaskInput, MaskOutput, OutputFormat};
use super::permutation;
use super::refusal::RefusalReason;
use super::sql::{call, case_when, cast, concat, op, text};

/// Format of a kind of number.
struct NumberFormat {
    /// Pattern before the permuted digits.
    prefix: &'static str,
    /// Number of permuted digits in the first group.
    first: usize,
    /// Pattern between the groups.
    separator: &'static str,
    /// Number of permuted digits in the last group.
    last: usize,
    /// Class of the key.
    class: &'static str,
}

fn number_format(kind: PhoneKind) -> NumberFormat {
    let format = |prefix, first, separator, class| NumberFormat { prefix, first, separator, last: 4, class };
    match kind {
        // International and Korean numbers share a permutation, so that the same number has the same result.
        PhoneKind::Kr => format("([+]?82[-. ]?)?[(]?0?1[016789][)]?[-. ]?", 4, "[-. ]?", "phone"),
        PhoneKind::E164 => format("[+][1-9][0-9]{1,6}", 4, "", "phone"),
        PhoneKind::Us => format("([+]?1[-. ]?)?[(]?[2-9][0-9]{2}[)]?[-. ]?", 3, "[-. ]?", "phone us"),
    }
}

const UNASSIGNED_CODE: &str = "+999";
const DIGITS: usize = 16;
/// 48 bits, for the few values of a short column that are not numbers.
const SHORT_HASH: usize = 12;

pub(super) fn make(kind: PhoneKind, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let NumberFormat { prefix, first, separator, last, class } = number_format(kind);
    let end = format!("[0-9]{{{first}}}({separator})[0-9]{{{last}}}$");
    let whole = format!("^{prefix}{end}");
    let value = input.text();
    let class = input.key.class(class);
    let digits =
        call("right", &[&call("translate", &[&value, &text("+-. ()"), &text("")]), &(first + last).to_string()]);
    let (left, right) = permutation::permute_digits(&class, "number", &cast(&digits, "int8"), first, last);
    let ending = concat(&[&left, &text("\\1"), &right]);
    let permuted = call("regexp_replace", &[&value, &text(&end), &ending]);
    let other_length = UNASSIGNED_CODE.len() + DIGITS;
    let (other, otherwise, max_chars, distinct) = if input.max_chars >= other_length {
        let sql = op(&text(UNASSIGNED_CODE), "||", &class.digits(&value, DIGITS));
        (sql, format!("[+]999[0-9]{{{DIGITS}}}"), other_length, Distinct::Yes)
    } else {
        input.ensure_fits(1 + 6)?;
        let hash = input.max_chars - 1;
        let distinct = if hash >= SHORT_HASH { Distinct::Yes } else { Distinct::No };
        let sql = op(&text("x"), "||", &class.hex(&value, hash));
        (sql, format!("x[0-9a-f]{{{hash}}}"), input.max_chars, distinct)
    };
    let is_number = op(&value, "~", &text(&whole));
    let output = MaskOutput::text(case_when(&is_number, &permuted, &other), 7, max_chars, distinct);
    // A number keeps its length, so it fits.
    let cases = vec![Case::digits_changed(format!("{prefix}#{{{first}}}{separator}#{{{last}}}"))];
    let format = OutputFormat::ByInput { cases, otherwise };
    Ok(MaskOutput { plain: true, format, ..output })
}
