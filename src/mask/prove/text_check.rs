//! Conditions on text: comparisons, patterns, lengths, and functions whose result a pattern describes.

use super::super::output::{MaskOutput, MaxLength};
use super::super::type_kind::TypeKind;
use super::expression::Expression;
use super::outputs::Outputs;
use super::pattern::{Pattern, escaped, similar_to_regex};

/// Proves conditions on the outputs of a mask for text.
pub(super) struct TextProof<'a> {
    pub name: &'a str,
    pub kind: TypeKind,
    /// Whether the type is `char(n)`, which drops spaces at the end.
    pub is_padded: bool,
    pub output: &'a MaskOutput,
}

/// Functions that return most texts unchanged, and the pattern of those texts.
const UNCHANGED: [(&str, &str); 5] = [
    ("lower", "[^A-Z\u{80}-\u{abff}\u{d7a4}-\u{10ffff}]*"),
    ("upper", "[^a-z\u{80}-\u{abff}\u{d7a4}-\u{10ffff}]*"),
    ("btrim", "[^ ](.*[^ ])?"),
    ("ltrim", "[^ ].*"),
    ("rtrim", ".*[^ ]"),
];
/// At least one character other than a space.
const NOT_BLANK: &str = ".*[^ ].*";
const ASCII: &str = "[\u{1}-\u{7f}]*";
/// Bytes of a character at most.
const MAX_BYTES: usize = 4;
/// Maximum of a bound in a pattern.
const MAX_REPEAT: usize = 255;

impl TextProof<'_> {
    /// Whether an atomic condition holds for the outputs. `given`: it held for the inputs.
    pub(super) fn holds(&self, atom: &Expression, given: bool) -> bool {
        match atom {
            Expression::Compare(left, operator, right) => match flipped(left, operator, right) {
                Some((left, operator, right)) => self.compare(left, operator, right, given),
                None => self.compare(left, operator, right, given),
            },
            Expression::Call(function, list) => match (function.as_str(), list.as_slice()) {
                ("starts_with", [of, Expression::Text(start)]) => {
                    self.raw(of).is_some_and(|raw| self.text("^@", start, given && raw))
                }
                ("regexp_like", [of, Expression::Text(pattern)]) => {
                    self.raw(of).is_some_and(|raw| self.text("~", pattern, given && raw))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the outputs equal, or match, one of several texts.
    pub(super) fn any(&self, left: &Expression, operator: &str, list: &[Expression], given: bool) -> bool {
        let text = |one: &Expression| if let Expression::Text(text) = one { Some(text.clone()) } else { None };
        let Some(texts) = list.iter().map(text).collect::<Option<Vec<String>>>() else { return false };
        let Some(raw) = self.raw(left) else { return false };
        operator == "=" && self.satisfy(given && raw, || Pattern::from_texts(texts.iter().map(String::as_str)))
    }

    /// Whether an expression is the value, at least for all outputs: `Some(true)` if for all inputs too.
    fn raw(&self, expression: &Expression) -> Option<bool> {
        match expression {
            Expression::Column(column) if column == self.name => Some(true),
            Expression::Call(function, list) => {
                let (of, rest) = list.split_first()?;
                let only_spaces = rest.iter().all(|one| *one == Expression::Text(" ".into()));
                let (_, unchanged) = UNCHANGED.iter().find(|(name, _)| function == name)?;
                self.raw(of)?;
                (only_spaces && self.satisfy(false, || Pattern::matching_whole(unchanged))).then_some(false)
            }
            _ => None,
        }
    }

    fn compare(&self, left: &Expression, operator: &str, right: &Expression, given: bool) -> bool {
        if self.raw(left).is_some() && self.raw(right).is_some() {
            return ["=", "<=", ">="].contains(&operator);
        }
        match (left, right) {
            (left, Expression::Text(text)) if let Some(raw) = self.raw(left) => self.text(operator, text, given && raw),
            (left, Expression::Call(function, pattern)) if let Some(raw) = self.raw(left) => {
                match (function.as_str(), pattern.as_slice()) {
                    ("similar_to_escape", [Expression::Text(pattern)]) => {
                        similar_to_regex(pattern).is_some_and(|pattern| self.text(operator, &pattern, given && raw))
                    }
                    _ => false,
                }
            }
            (Expression::Call(function, list), Expression::Number(bound)) => {
                bound.parse().is_ok_and(|bound| self.number(function, list, operator, bound, given))
            }
            (Expression::Call(function, list), Expression::Text(text)) => {
                self.part(function, list, operator, text, given)
            }
            _ => false,
        }
    }

    /// Comparison of a text with a constant.
    fn text(&self, operator: &str, text: &str, given: bool) -> bool {
        let ignores_case = operator.ends_with('*') || self.is_citext();
        let given = given && !ignores_case;
        let like = || Pattern::from_like(text, ignores_case);
        let expression = || Pattern::from_regex(text, ignores_case);
        match operator {
            // Masks return no empty string; an empty input stays, and satisfies the check already.
            "<>" if text.is_empty() => self.keeps_its_end(),
            // Spaces at the end do not count in `char(n)`, nor does the case in some collations.
            "<>" => self.miss(|| Pattern::from_regex(&format!("^{} *$", escaped(text.trim_end_matches(' '))), true)),
            "=" => self.satisfy(given, || Pattern::from_texts([text].into_iter())),
            "^@" => self.satisfy(given, || Pattern::matching_whole(&format!("{}.*", escaped(text)))),
            "~" | "~*" => self.satisfy(given, expression),
            "~~" | "~~*" => self.satisfy(given, like),
            "!~" | "!~*" => self.miss(expression),
            "!~~" | "!~~*" => self.miss(like),
            _ => false,
        }
    }

    /// Comparison of a function that returns a number.
    fn number(&self, function: &str, list: &[Expression], operator: &str, bound: usize, given: bool) -> bool {
        match (function, list) {
            ("char_length" | "length" | "character_length", [of]) => {
                let Some(raw) = self.raw(of) else { return self.is_not_blank(of, operator, bound) };
                self.length(operator, bound, given && raw)
            }
            ("octet_length", [of]) => self.raw(of).is_some_and(|raw| self.bytes(operator, bound, given && raw)),
            ("strpos" | "position", [of, Expression::Text(part)]) if !part.is_empty() && !self.is_citext() => {
                let Some(raw) = self.raw(of) else { return false };
                let contains = || Pattern::matching_whole(&format!(".*{}.*", escaped(part)));
                match (operator, bound) {
                    (">" | "<>", 0) | (">=", 1) => self.satisfy(given && raw, contains),
                    ("=" | "<=", 0) | ("<", 1) => self.miss(contains),
                    (">" | ">=", bound) if part.chars().count() == 1 && bound < MAX_REPEAT => {
                        let before = if operator == ">" { bound } else { bound - 1 };
                        let part = escaped(part);
                        self.satisfy(given && raw, || {
                            Pattern::matching_whole(&format!("[^{part}]{{{before},}}{part}.*"))
                        })
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Comparison of a function that returns a part of the text.
    fn part(&self, function: &str, list: &[Expression], operator: &str, text: &str, given: bool) -> bool {
        match (function, list) {
            ("left" | "right", [of, Expression::Number(length)]) => {
                let Some(raw) = self.raw(of) else { return false };
                let is_whole_part = length.parse() == Ok(text.chars().count()) && !self.is_citext() && !self.is_padded;
                let text = escaped(text);
                let pattern = if function == "left" { format!("{text}.*") } else { format!(".*{text}") };
                is_whole_part && operator == "=" && self.satisfy(given && raw, || Pattern::matching_whole(&pattern))
            }
            ("btrim", [of]) => operator == "<>" && text.is_empty() && self.raw(of).is_some() && self.has_a_word(),
            _ => false,
        }
    }

    /// `length(btrim(value)) > 0`.
    fn is_not_blank(&self, trimmed: &Expression, operator: &str, bound: usize) -> bool {
        let Expression::Call(function, of) = trimmed else { return false };
        let is_value = ["btrim", "ltrim", "rtrim"].contains(&function.as_str())
            && matches!(of.as_slice(), [of] if self.raw(of).is_some());
        is_value && [(">", 0), (">=", 1), ("<>", 0)].contains(&(operator, bound)) && self.has_a_word()
    }

    fn has_a_word(&self) -> bool {
        self.satisfy(false, || Pattern::matching_whole(NOT_BLANK))
    }

    fn length(&self, operator: &str, bound: usize, given: bool) -> bool {
        // The length without spaces at the end may be any smaller one.
        if !self.keeps_its_end() && !["<", "<="].contains(&operator) {
            return false;
        }
        let (min, max) = match self.output.max_chars {
            MaxLength::SameAsInput if given => return true,
            // No longer than the input.
            MaxLength::UpToInput if given && ["<", "<="].contains(&operator) => return true,
            MaxLength::SameAsInput | MaxLength::UpToInput => (self.output.min_chars, usize::MAX),
            MaxLength::Chars(max) => (self.output.min_chars, max),
        };
        let repeated = match (operator, bound) {
            ("<=", bound) => format!("{{0,{bound}}}"),
            ("<", bound) if bound > 0 => format!("{{0,{}}}", bound - 1),
            (">=", bound) => format!("{{{bound},}}"),
            (">", bound) => format!("{{{},}}", bound.saturating_add(1)),
            ("=", bound) => format!("{{{bound}}}"),
            _ => return operator == "<>" && (bound < min || bound > max),
        };
        is_within(min, max, operator, bound)
            || !self.is_padded
                && bound < MAX_REPEAT
                && self.satisfy(given, || Pattern::matching_whole(&format!(".{repeated}")))
    }

    fn bytes(&self, operator: &str, bound: usize, given: bool) -> bool {
        // A character has at least one byte, so an input has no more characters than bytes.
        let is_upper = ["<", "<="].contains(&operator);
        if !self.is_padded && self.satisfy(false, || Pattern::matching_whole(ASCII)) {
            return self.length(operator, bound, given && is_upper);
        }
        match self.output.max_chars {
            MaxLength::Chars(max) => {
                !self.is_padded && is_within(self.output.min_chars, max.saturating_mul(MAX_BYTES), operator, bound)
            }
            MaxLength::SameAsInput | MaxLength::UpToInput => false,
        }
    }

    fn is_citext(&self) -> bool {
        self.kind == TypeKind::Text { ignores_case: true }
    }

    /// Whether all outputs match, or those of inputs that match if that is given.
    fn satisfy(&self, given: bool, pattern: impl Fn() -> Option<Pattern>) -> bool {
        let outputs = Outputs(&self.output.format);
        self.keeps_its_end() && outputs.match_all(&pattern)
            || given && !self.is_citext() && self.keeps_its_end() && outputs.keep(&pattern)
    }

    fn miss(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.keeps_its_end() && Outputs(&self.output.format).miss(pattern)
    }

    /// Whether the type keeps the outputs as they are: `char(n)` drops spaces at the end.
    fn keeps_its_end(&self) -> bool {
        !self.is_padded || Outputs(&self.output.format).match_all(|| Pattern::matching_whole(".*[^ ]"))
    }
}

/// A comparison whose constant is on the left, with the constant on the right.
fn flipped<'a>(
    left: &'a Expression,
    operator: &str,
    right: &'a Expression,
) -> Option<(&'a Expression, &'static str, &'a Expression)> {
    const FLIPPED: [(&str, &str); 6] = [("=", "="), ("<>", "<>"), ("<", ">"), ("<=", ">="), (">", "<"), (">=", "<=")];
    let is_constant = matches!(left, Expression::Text(_) | Expression::Number(_));
    let (_, operator) = FLIPPED.iter().find(|(from, _)| *from == operator)?;
    is_constant.then_some((right, *operator, left))
}

/// Whether all numbers from `min` to `max` satisfy a comparison.
fn is_within(min: usize, max: usize, operator: &str, bound: usize) -> bool {
    match operator {
        "<=" => max <= bound,
        "<" => max < bound,
        ">=" => min >= bound,
        ">" => min > bound,
        "=" => min == bound && max == bound,
        "<>" => bound < min || bound > max,
        _ => false,
    }
}
