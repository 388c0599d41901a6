//! A telephone number: its last digits go through a keyed permutation, the rest and the way it is
//! written stay. So 010-1234-5678 and +82 10-1234-5678 stay one number in two spellings, and two
//! numbers stay two.
//!
//! What is not written as a number of this kind (a landline, an extension, "ask at the desk") becomes
//! `+999` and 16 digits of the keyed hash: a code that no country has.

use crate::config::mask::PhoneKind;

use super::output::{Case, Distinct, Form, MaskInput, MaskOutput};
use super::permutation;
use super::refusal::Why;
use super::sql::{call, cast, choose, concat, op, text};

/// How a number of a kind is written: what comes before the digits that are permuted, how many these are
/// in two groups, and what stands between those.
struct Number {
    before: &'static str,
    first: usize,
    between: &'static str,
    last: usize,
    class: &'static str,
}

fn number(kind: PhoneKind) -> Number {
    let number = |before, first, between, class| Number { before, first, between, last: 4, class };
    match kind {
        // International and Korean numbers share a permutation, so that one follows the other.
        PhoneKind::Kr => number("([+]?82[-. ]?)?[(]?0?1[016789][)]?[-. ]?", 4, "[-. ]?", "phone"),
        PhoneKind::E164 => number("[+][1-9][0-9]{1,6}", 4, "", "phone"),
        PhoneKind::Us => number("([+]?1[-. ]?)?[(]?[2-9][0-9]{2}[)]?[-. ]?", 3, "[-. ]?", "phone us"),
    }
}

const ELSEWHERE: &str = "+999";
const DIGITS: usize = 16;
/// 48 bits, for the few values of a short column that are no numbers.
const SHORT_HASH: usize = 12;

pub(super) fn make(kind: PhoneKind, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let Number { before, first, between, last, class } = number(kind);
    let end = format!("[0-9]{{{first}}}({between})[0-9]{{{last}}}$");
    let whole = format!("^{before}{end}");
    let value = site.text();
    let class = site.key.class(class);
    let digits =
        call("right", &[&call("translate", &[&value, &text("+-. ()"), &text("")]), &(first + last).to_string()]);
    let (left, right) = permutation::digits(&class, "number", &cast(&digits, "int8"), first, last);
    let ending = concat(&[&left, &text("\\1"), &right]);
    let permuted = call("regexp_replace", &[&value, &text(&end), &ending]);
    let elsewhere_length = ELSEWHERE.len() + DIGITS;
    let (elsewhere, otherwise, longest, distinct) = if site.room >= elsewhere_length {
        let sql = op(&text(ELSEWHERE), "||", &class.digits(&value, DIGITS));
        (sql, format!("[+]999[0-9]{{{DIGITS}}}"), elsewhere_length, Distinct::Yes)
    } else {
        site.must_fit(1 + 6)?;
        let hash = site.room - 1;
        let distinct = if hash >= SHORT_HASH { Distinct::Yes } else { Distinct::No };
        let sql = op(&text("x"), "||", &class.hex(&value, hash));
        (sql, format!("x[0-9a-f]{{{hash}}}"), site.room, distinct)
    };
    let is_number = op(&value, "~", &text(&whole));
    let made = MaskOutput::text(choose(&is_number, &permuted, &elsewhere), 7, longest, distinct);
    // A number is as long as it was, so it fits.
    let cases = vec![Case::digits(format!("{before}#{{{first}}}{between}#{{{last}}}"))];
    let form = Form::By { cases, otherwise };
    Ok(MaskOutput { plain: true, form, ..made })
}
