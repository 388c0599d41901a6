//! Check digits: groups of digits whose weighted sum has a known rest, so that a whole number's checksum
//! is known without computing it in SQL; and numbers that go to others with their check digits.

use super::key::{ClassKey, padded};
use super::output::{Case, Distinct, Form, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, cast, choose, op, text};

/// Groups of `digits` digits whose sum, each digit taken through `weigh` with its position, leaves
/// `rest` under `modulus`; `count` of them, spread over the range.
pub(super) fn groups(
    digits: u32,
    modulus: u32,
    rest: u32,
    count: usize,
    weigh: impl Fn(usize, u32) -> u32,
) -> Vec<String> {
    let right: Vec<String> = (1..10_u32.pow(digits))
        .map(|number| format!("{number:0width$}", width = digits as usize))
        .filter(|group| sum(group, &weigh) % modulus == rest)
        .collect();
    let step = (right.len() / count).max(1);
    right.into_iter().step_by(step).take(count).collect()
}

/// The weighted sum of the digits of a text.
pub(super) fn sum(group: &str, weigh: impl Fn(usize, u32) -> u32) -> u32 {
    group.chars().filter_map(|c| c.to_digit(10)).enumerate().map(|(position, digit)| weigh(position, digit)).sum()
}

/// Numbers that end in a check digit.
pub(super) struct Checked {
    /// Digits, with the check digit.
    pub length: usize,
    /// Characters of the longest way to write them.
    pub longest: usize,
    /// The pattern of a text that is one, the digits in groups with or without something between them.
    pub written: &'static str,
    /// Of the digits and behind them a text that is one, the pattern, and what writes the digits as that.
    pub rewritten: (&'static str, &'static str),
    /// The right check digit, as a path of JSON over the array of digits.
    pub right: String,
    /// How far a check digit may be moved from the right one. A right one is moved to a wrong one.
    pub steps: &'static [u32],
}

impl Checked {
    /// Numbers become others, written as they were; `others` makes the digits before the check digit of text
    /// of digits, one to one, as `cases` tell. All else becomes `x` and letters and digits of the keyed hash.
    pub(super) fn masked(
        &self,
        site: &MaskInput<'_>,
        class: &ClassKey,
        cases: Vec<Case>,
        others: impl FnOnce(&str) -> String,
    ) -> Result<MaskOutput, Why> {
        site.must_be_text()?;
        site.must_fit(self.length)?;
        let value = site.text();
        let digits = call("translate", &[&value, &text("- "), &text("")]);
        let number = self.with_other_digits(class, &digits, &others(&digits));
        let (pattern, by) = self.rewritten;
        let rewritten = call("regexp_replace", &[&op(&number, "||", &value), &text(pattern), &text(by)]);
        // As short as a number may be, so that the same comes out in every column.
        let letters = self.length - 1;
        let sql = choose(&op(&value, "~", &text(self.written)), &rewritten, &no_number(class, &value, letters));
        let form = Form::By { cases, otherwise: format!("x[0-9a-z]{{{letters}}}") };
        // A number is as long as it was, so it fits.
        let longest = self.longest.min(site.room);
        Ok(MaskOutput { plain: true, form, ..MaskOutput::text(sql, self.length, longest, Distinct::Yes) })
    }

    /// The number of other digits, with a check digit: as far from the right one as the check digit of
    /// `number` is from its own, moved by a keyed step. As the digits go to others one to one, and the
    /// distance of any of them does, so do the numbers. `number` and `others` are text of digits, without
    /// the check digit in `others`.
    fn with_other_digits(&self, class: &ClassKey, number: &str, others: &str) -> String {
        let last = self.length - 1;
        let right = &self.right;
        let distance = self.computed(number, &format!("($[{last}] + 10 - {right}) % 10"));
        let own = cast(&call("left", &[number, &last.to_string()]), "int8");
        let chosen = class.number(&own, "check", i64::try_from(self.steps.len()).unwrap_or(1));
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        let steps = cast(&format!("'{{{}}}'", steps.join(",")), "int8[]");
        let step = format!("({steps})[{}]", cast(&op("1", "+", &chosen), "int4"));
        let moved = cast(&op(&op(&distance, "+", &step), "%", "10"), "text");
        let places = (0..last).map(|place| format!("$[{place}] * 1{}", "0".repeat(last - place)));
        let all = places.collect::<Vec<String>>().join(" + ");
        padded(&self.computed(&op(others, "||", &moved), &format!("{all} + ({right} + $[{last}]) % 10")), self.length)
    }

    /// What a path makes of the array of digits. In a path the digits stand as often as they are needed; in
    /// an expression without a subquery all that makes them would stand there as often.
    fn computed(&self, digits: &str, path: &str) -> String {
        let array = cast(&call("string_to_array", &[digits, "NULL"]), "int4[]");
        let path = cast(&format!("'{path}'"), "jsonpath");
        cast(&call("jsonb_path_query_first", &[&call("to_jsonb", &[&array]), &path]), "int8")
    }
}

/// `x`, and letters and digits of the keyed hash of a text, about 5 bits each.
fn no_number(class: &ClassKey, value: &str, length: usize) -> String {
    let all = call("encode", &[&class.hmac(value), &text("base64")]);
    let letters = call("translate", &[&call("left", &[&all, &length.to_string()]), &text("+/"), &text("ab")]);
    op(&text("x"), "||", &call("lower", &[&bytewise(&letters)]))
}

/// The weighted sum of digits as a path of JSON.
pub(super) fn weighted(weights: &[u32]) -> String {
    let products = weights.iter().enumerate().map(|(place, weight)| format!("$[{place}] * {weight}"));
    format!("({})", products.collect::<Vec<String>>().join(" + "))
}
