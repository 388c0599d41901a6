//! Check digits: groups of digits with a known remainder of their weighted sum, so that SQL need not compute the
//! checksum of a whole number; and permutations of numbers together with their check digits.

use super::key::{ClassKey, zero_padded};
use super::output::{Case, Distinct, MaskInput, MaskOutput, OutputFormat};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, case_when, cast, op, text};

/// Returns `count` groups of `digits` digits, spread over the range, whose weighted sum modulo `modulus` is
/// `remainder`. `weigh` maps a position and a digit to its weight.
pub(super) fn groups(
    digits: u32,
    modulus: u32,
    remainder: u32,
    count: usize,
    weigh: impl Fn(usize, u32) -> u32,
) -> Vec<String> {
    let matching: Vec<String> = (1..10_u32.pow(digits))
        .map(|number| format!("{number:0width$}", width = digits as usize))
        .filter(|group| sum(group, &weigh) % modulus == remainder)
        .collect();
    let step = (matching.len() / count).max(1);
    matching.into_iter().step_by(step).take(count).collect()
}

/// Weighted sum of the digits of a text.
pub(super) fn sum(group: &str, weigh: impl Fn(usize, u32) -> u32) -> u32 {
    group.chars().filter_map(|c| c.to_digit(10)).enumerate().map(|(position, digit)| weigh(position, digit)).sum()
}

/// A kind of number that ends in a check digit.
pub(super) struct CheckedNumber {
    /// Number of digits, including the check digit.
    pub length: usize,
    /// Length of the longest format in characters.
    pub max_chars: usize,
    /// Pattern of a number, its digits in groups with optional separators.
    pub pattern: &'static str,
    /// Pattern of new digits followed by a number, and the replacement that formats the digits like the number.
    pub reformat: (&'static str, &'static str),
    /// Valid check digit, as a JSON path over the array of digits.
    pub check_digit: String,
    /// Offsets by which a check digit may move. Each makes a valid check digit invalid.
    pub offsets: &'static [u32],
}

impl CheckedNumber {
    /// Replaces numbers and keeps their format. `permute` maps SQL of the digits one-to-one to SQL of the digits before
    /// the new check digit; `cases` describe it. Other text becomes `x` and letters and digits of the keyed hash.
    pub(super) fn mask(
        &self,
        input: &MaskInput<'_>,
        class: &ClassKey,
        cases: Vec<Case>,
        permute: impl FnOnce(&str) -> String,
    ) -> Result<MaskOutput, RefusalReason> {
        input.ensure_text()?;
        input.ensure_fits(self.length)?;
        let value = input.text();
        let digits = call("translate", &[&value, &text("- "), &text("")]);
        let number = self.with_check_digit(class, &digits, &permute(&digits));
        let (pattern, replacement) = self.reformat;
        let reformatted = call("regexp_replace", &[&op(&number, "||", &value), &text(pattern), &text(replacement)]);
        // The length of the shortest number, so that the output is the same in every column.
        let letters = self.length - 1;
        let sql = case_when(&op(&value, "~", &text(self.pattern)), &reformatted, &hashed_text(class, &value, letters));
        let format = OutputFormat::ByInput { cases, otherwise: format!("x[0-9a-z]{{{letters}}}") };
        // A number keeps its length, so it fits.
        let max_chars = self.max_chars.min(input.max_chars);
        Ok(MaskOutput { plain: true, format, ..MaskOutput::text(sql, self.length, max_chars, Distinct::Yes) })
    }

    /// Appends a check digit to permuted digits. Its offset from the valid one is that of `number`, moved by a keyed
    /// offset. The digits are permuted one-to-one, and so is the offset for given digits: the result is a
    /// permutation of the numbers. `number` and `permuted` are SQL of digits, `permuted` without the check digit.
    fn with_check_digit(&self, class: &ClassKey, number: &str, permuted: &str) -> String {
        let last = self.length - 1;
        let valid = &self.check_digit;
        let offset = self.evaluate(number, &format!("($[{last}] + 10 - {valid}) % 10"));
        let own = cast(&call("left", &[number, &last.to_string()]), "int8");
        let chosen = class.number(&own, "check", i64::try_from(self.offsets.len()).unwrap_or(1));
        let offsets: Vec<String> = self.offsets.iter().map(ToString::to_string).collect();
        let offsets = cast(&format!("'{{{}}}'", offsets.join(",")), "int8[]");
        let move_by = format!("({offsets})[{}]", cast(&op("1", "+", &chosen), "int4"));
        let moved = cast(&op(&op(&offset, "+", &move_by), "%", "10"), "text");
        let places = (0..last).map(|place| format!("$[{place}] * 1{}", "0".repeat(last - place)));
        let all = places.collect::<Vec<String>>().join(" + ");
        zero_padded(
            &self.evaluate(&op(permuted, "||", &moved), &format!("{all} + ({valid} + $[{last}]) % 10")),
            self.length,
        )
    }

    /// Evaluates a JSON path over the array of digits. A path can use the digits several times; an expression
    /// without a subquery would have to repeat everything that computes them.
    fn evaluate(&self, digits: &str, path: &str) -> String {
        let array = cast(&call("string_to_array", &[digits, "NULL"]), "int4[]");
        let path = cast(&format!("'{path}'"), "jsonpath");
        cast(&call("jsonb_path_query_first", &[&call("to_jsonb", &[&array]), &path]), "int8")
    }
}

/// `x` and letters and digits of the keyed hash of a text, about 5 bits each.
fn hashed_text(class: &ClassKey, value: &str, length: usize) -> String {
    let all = call("encode", &[&class.hmac(value), &text("base64")]);
    let letters = call("translate", &[&call("left", &[&all, &length.to_string()]), &text("+/"), &text("ab")]);
    op(&text("x"), "||", &call("lower", &[&bytewise(&letters)]))
}

/// Weighted sum of digits as a JSON path.
pub(super) fn weighted(weights: &[u32]) -> String {
    let products = weights.iter().enumerate().map(|(place, weight)| format!("$[{place}] * {weight}"));
    format!("({})", products.collect::<Vec<String>>().join(" + "))
}
