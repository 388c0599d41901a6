//! CHECK constraints: whether the outputs of a mask satisfy one, given that the inputs did.

use std::cmp::Ordering;

use crate::pg::catalog::{Check, Column};

use super::super::output::{CaseOutput, KnownValue, MaskOutput, MaxLength, OutputFormat};
use super::super::type_kind::TypeKind;
use super::expression::Expression;
use super::pattern::Pattern;
use super::text_scan::{has_name, without_null_tests};

/// Whether the outputs satisfy a check of the column.
pub(super) fn keeps(column: &Column, output: &MaskOutput, check: &Check) -> bool {
    let name = if check.of_domain { "VALUE" } else { column.name.as_str() };
    let validated = check.definition.trim_end_matches(" NOT VALID");
    let definition = validated.trim_end_matches(" NO INHERIT");
    let Some(condition) = definition.strip_prefix("CHECK ") else { return false };
    // The check only tests whether this column is NULL, however it combines that with other columns.
    if !has_name(&without_null_tests(condition, name), name) {
        return true;
    }
    // The guarantees are about elements, not about the array.
    if column.array && !check.of_elements {
        return false;
    }
    let kind = TypeKind::of(&column.base);
    let given = validated == check.definition;
    let proof = Proof { name, kind, output };
    Expression::parse(condition).is_some_and(|condition| proof.holds(&condition, given))
}

struct Proof<'a> {
    name: &'a str,
    kind: TypeKind,
    output: &'a MaskOutput,
}

impl Proof<'_> {
    /// Whether the condition holds for the outputs. `given`: it held for the inputs.
    fn holds(&self, condition: &Expression, given: bool) -> bool {
        match condition {
            Expression::And(parts) => parts.iter().all(|part| !part.mentions(self.name) || self.holds(part, given)),
            Expression::Or(parts) => {
                // NULL stays NULL, and other values stay other values.
                let is_null = |part: &Expression| matches!(part, Expression::IsNull(inner) if self.is_value(inner));
                let rest: Vec<&Expression> = parts.iter().filter(|part| !is_null(part)).collect();
                match rest.as_slice() {
                    [only] => self.holds(only, given),
                    several => several.iter().any(|part| part.mentions(self.name) && self.holds(part, false)),
                }
            }
            Expression::IsNull(inner) | Expression::IsNotNull(inner) => self.is_value(inner),
            Expression::Any(left, operator, list) => {
                let text = |one: &Expression| if let Expression::Text(text) = one { Some(text.clone()) } else { None };
                let texts: Option<Vec<String>> = list.iter().map(text).collect();
                let among = || Pattern::from_texts(texts.as_deref()?.iter().map(String::as_str));
                let equal = |one| self.compares(&Expression::Column(self.name.to_owned()), "=", one, false);
                self.is_value(left) && operator == "=" && (self.matches(among) || list.iter().any(equal))
            }
            Expression::Compare(left, operator, right) => self.compares(left, operator, right, given),
            Expression::Column(_) | Expression::Text(_) | Expression::Number(_) | Expression::Call(..) => false,
        }
    }

    fn is_value(&self, expression: &Expression) -> bool {
        matches!(expression, Expression::Column(column) if column == self.name)
    }

    fn compares(&self, left: &Expression, operator: &str, right: &Expression, given: bool) -> bool {
        if right.mentions(self.name) {
            // `column = lower(column)`
            let lower =
                matches!(right, Expression::Call(name, of) if name == "lower" && of.iter().all(|of| self.is_value(of)));
            return self.is_value(left) && lower && operator == "=" && self.matches(|| Pattern::matching_whole(LOWER));
        }
        match (left, right) {
            (Expression::Column(_), Expression::Text(text)) if self.is_value(left) && self.kind.is_text() => {
                self.text(operator, text, given)
            }
            (Expression::Column(_), Expression::Text(bound) | Expression::Number(bound)) if self.is_value(left) => {
                self.value(operator, bound, given)
            }
            (Expression::Call(function, of), right) if self.kind.is_text() => {
                let [of] = of.as_slice() else { return false };
                let is_length = ["char_length", "length", "character_length"].contains(&function.as_str());
                match (of, right) {
                    (of, Expression::Number(bound)) if is_length && self.is_value(of) => {
                        bound.parse().is_ok_and(|bound| self.length(operator, bound))
                    }
                    // Not only spaces.
                    (Expression::Call(trim, inner), Expression::Number(bound)) if is_length && trim == "btrim" => {
                        let some = [(">", "0"), (">=", "1")].contains(&(operator, bound.as_str()));
                        some && inner.iter().all(|inner| self.is_value(inner))
                            && self.matches(|| Pattern::matching_whole(NOT_BLANK))
                    }
                    (of, Expression::Text(text)) if function == "btrim" && self.is_value(of) => {
                        operator == "<>" && text.is_empty() && self.matches(|| Pattern::matching_whole(NOT_BLANK))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Comparison of a text with a constant.
    fn text(&self, operator: &str, text: &str, given: bool) -> bool {
        // citext ignores case with every operator.
        let citext = self.kind == TypeKind::Text { ignores_case: true };
        let ignores_case = operator.ends_with('*') || citext;
        let like = || Pattern::from_like(text, ignores_case);
        let expression = || Pattern::from_regex(text, ignores_case);
        match operator {
            // Masks return no empty string; an empty input stays, and satisfies the check already.
            "<>" if text.is_empty() => true,
            "=" => self.matches(|| Pattern::from_texts([text].into_iter())),
            "~" | "~*" => self.matches(expression) || given && !ignores_case && self.keeps_pattern(expression),
            "~~" | "~~*" => self.matches(like) || given && !ignores_case && self.keeps_pattern(like),
            "!~" | "!~*" => self.misses(expression),
            "!~~" | "!~~*" => self.misses(like),
            _ => false,
        }
    }

    /// Whether all outputs match, whatever the input.
    fn matches(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.outputs().zip(pattern()).is_some_and(|(outputs, pattern)| outputs.is_subset_of(&pattern))
    }

    fn misses(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.outputs().zip(pattern()).is_some_and(|(outputs, pattern)| outputs.is_disjoint_from(&pattern))
    }

    /// All possible outputs.
    fn outputs(&self) -> Option<Pattern> {
        let all = self.output.format.pattern()?;
        if let OutputFormat::Pattern(_) = self.output.format {
            Pattern::matching_whole(&all)
        } else {
            Pattern::with_free_digits(&all)
        }
    }

    /// Whether the outputs of inputs that match the pattern match it too.
    fn keeps_pattern(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        let proved = || {
            let pattern = pattern()?;
            let contains = |form: &str| Some(Pattern::with_free_digits(form)?.is_subset_of(&pattern));
            let OutputFormat::ByInput { cases, otherwise } = &self.output.format else { return None };
            for case in cases {
                let inputs = Pattern::with_free_digits(&case.input)?;
                let kept = match &case.output {
                    CaseOutput::Pattern(form) => pattern.is_disjoint_from(&inputs) || contains(form)?,
                    CaseOutput::DigitsChanged => pattern.changing_digits(&inputs)?.is_subset_of(&pattern),
                };
                kept.then_some(())?;
            }
            let all: Vec<&str> = cases.iter().map(|case| case.input.as_str()).collect();
            Some(pattern.is_subset_of(&Pattern::with_free_digits(&all.join("|"))?) || contains(otherwise)?)
        };
        proved().unwrap_or(false)
    }

    fn length(&self, operator: &str, bound: usize) -> bool {
        let (min, max) = match self.output.max_chars {
            MaxLength::SameAsInput => return true,
            MaxLength::Chars(max) => (self.output.min_chars, Some(max)),
            // No longer than the input, which satisfied the check.
            MaxLength::UpToInput => (self.output.min_chars, None),
        };
        match operator {
            "<=" => max.is_none_or(|max| max <= bound),
            "<" => max.is_none_or(|max| max < bound),
            ">=" => min >= bound,
            ">" => min > bound,
            "=" => min == bound && max == Some(bound),
            _ => false,
        }
    }

    /// Comparison of a number or a date with a constant.
    fn value(&self, operator: &str, bound: &str, given: bool) -> bool {
        let whole = matches!(self.kind, TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt);
        let signs = [(">", "0"), (">=", "0"), ("<", "0"), ("<=", "0"), ("<>", "0")].contains(&(operator, bound));
        if self.output.keeps_sign && (signs || whole && [(">=", "1"), ("<=", "-1")].contains(&(operator, bound))) {
            return given;
        }
        match &self.output.known_value {
            KnownValue::Unknown => false,
            KnownValue::Constant(value) => {
                order(self.kind, value, bound).is_some_and(|order| satisfies(order, operator))
            }
            // A whole year or month is on one side of its beginning or end.
            KnownValue::SameYear => {
                given && self.kind == TypeKind::Date && is_edge(operator, bound, |day| day.month() == 1)
            }
            KnownValue::SameMonth => given && self.kind == TypeKind::Date && is_edge(operator, bound, |_| true),
        }
    }
}

/// No upper-case letters.
const LOWER: &str = "[^A-Z\u{80}-\u{abff}\u{d7a4}-\u{10ffff}]*";
/// At least one character other than a space.
const NOT_BLANK: &str = ".*[^ ].*";

fn order(kind: TypeKind, value: &str, bound: &str) -> Option<Ordering> {
    match kind {
        TypeKind::Date => Some(value.parse::<jiff::civil::Date>().ok()?.cmp(&bound.parse().ok()?)),
        TypeKind::SmallInt
        | TypeKind::Integer
        | TypeKind::BigInt
        | TypeKind::Numeric
        | TypeKind::Real
        | TypeKind::Double => {
            match (value.parse::<i64>(), bound.parse::<i64>()) {
                (Ok(value), Ok(bound)) => Some(value.cmp(&bound)),
                // Equality of 53-bit floats does not prove equality.
                _ => value.parse::<f64>().ok()?.partial_cmp(&bound.parse().ok()?).filter(|order| order.is_ne()),
            }
        }
        _ => None,
    }
}

fn satisfies(order: Ordering, operator: &str) -> bool {
    match operator {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        _ => false,
    }
}

/// Whether a bound lies between two months or years: `is_start` tests the first day after it.
fn is_edge(operator: &str, bound: &str, is_start: impl Fn(jiff::civil::Date) -> bool) -> bool {
    let Ok(day) = bound.parse::<jiff::civil::Date>() else { return false };
    let after = match operator {
        ">=" | "<" => Ok(day),
        ">" | "<=" => day.tomorrow(),
        _ => return false,
    };
    after.is_ok_and(|after| after.day() == 1 && is_start(after))
}
