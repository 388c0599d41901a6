//! Whether what a mask makes satisfies a check, given that what it is made of did.

use std::cmp::Ordering;

use crate::pg::catalog::{Check, Column};

use super::super::output::{Becomes, Form, Length, MaskOutput, Near};
use super::super::type_kind::TypeKind;
use super::expression::Expression;
use super::pattern::Pattern;
use super::text_scan::{has_name, without_null_tests};

/// Whether the mask keeps a check of the column.
pub(super) fn keeps(column: &Column, made: &MaskOutput, check: &Check) -> bool {
    let name = if check.of_domain { "VALUE" } else { column.name.as_str() };
    let validated = check.definition.trim_end_matches(" NOT VALID");
    let definition = validated.trim_end_matches(" NO INHERIT");
    let Some(condition) = definition.strip_prefix("CHECK ") else { return false };
    // All that it says of this column is whether it is NULL, however that is combined with others.
    if !has_name(&without_null_tests(condition, name), name) {
        return true;
    }
    // Of an array nothing is known but its elements.
    if column.array && !check.of_elements {
        return false;
    }
    let kind = TypeKind::of(&column.base);
    let given = validated == check.definition;
    let proof = Proof { name, kind, made };
    Expression::read(condition).is_some_and(|condition| proof.holds(&condition, given))
}

struct Proof<'a> {
    name: &'a str,
    kind: TypeKind,
    made: &'a MaskOutput,
}

impl Proof<'_> {
    /// `given` says that the condition held for the original.
    fn holds(&self, condition: &Expression, given: bool) -> bool {
        match condition {
            Expression::And(parts) => parts.iter().all(|part| !part.mentions(self.name) || self.holds(part, given)),
            Expression::Or(parts) => {
                // What is not NULL is not NULL before and after.
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
                let among = || Pattern::of_texts(texts.as_deref()?.iter().map(String::as_str));
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
            return self.is_value(left) && lower && operator == "=" && self.matches(|| Pattern::of_whole(SMALL));
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
                    // More than spaces.
                    (Expression::Call(trim, inner), Expression::Number(bound)) if is_length && trim == "btrim" => {
                        let some = [(">", "0"), (">=", "1")].contains(&(operator, bound.as_str()));
                        some && inner.iter().all(|inner| self.is_value(inner))
                            && self.matches(|| Pattern::of_whole(INKED))
                    }
                    (of, Expression::Text(text)) if function == "btrim" && self.is_value(of) => {
                        operator == "<>" && text.is_empty() && self.matches(|| Pattern::of_whole(INKED))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// A text against a constant.
    fn text(&self, operator: &str, text: &str, given: bool) -> bool {
        // Patterns of citext ignore case under any operator.
        let citext = self.kind == TypeKind::Text { ignores_case: true };
        let ignores_case = operator.ends_with('*') || citext;
        let like = || Pattern::of_like(text, ignores_case);
        let expression = || Pattern::of_expression(text, ignores_case);
        match operator {
            // The empty string is kept, so if it is there the check holds for it already.
            "<>" if text.is_empty() => true,
            "=" => self.matches(|| Pattern::of_texts([text].into_iter())),
            "~" | "~*" => self.matches(expression) || given && !ignores_case && self.keeps_pattern(expression),
            "~~" | "~~*" => self.matches(like) || given && !ignores_case && self.keeps_pattern(like),
            "!~" | "!~*" => self.misses(expression),
            "!~~" | "!~~*" => self.misses(like),
            _ => false,
        }
    }

    /// Whether all outputs, whatever the input, match.
    fn matches(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.outputs().zip(pattern()).is_some_and(|(outputs, pattern)| outputs.is_in(&pattern))
    }

    fn misses(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.outputs().zip(pattern()).is_some_and(|(outputs, pattern)| outputs.is_apart_from(&pattern))
    }

    /// All that the mask may write.
    fn outputs(&self) -> Option<Pattern> {
        let all = self.made.form.of_all()?;
        if let Form::As(_) = self.made.form { Pattern::of_whole(&all) } else { Pattern::of_digits(&all) }
    }

    /// Whether what becomes of inputs that match the pattern matches it too.
    fn keeps_pattern(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        let proved = || {
            let pattern = pattern()?;
            let is_in = |form: &str| Some(Pattern::of_digits(form)?.is_in(&pattern));
            let Form::By { cases, otherwise } = &self.made.form else { return None };
            for case in cases {
                let inputs = Pattern::of_digits(&case.of)?;
                let kept = match &case.becomes {
                    Becomes::As(form) => pattern.is_apart_from(&inputs) || is_in(form)?,
                    Becomes::Digits => pattern.with_other_digits(&inputs)?.is_in(&pattern),
                };
                kept.then_some(())?;
            }
            let all: Vec<&str> = cases.iter().map(|case| case.of.as_str()).collect();
            Some(pattern.is_in(&Pattern::of_digits(&all.join("|"))?) || is_in(otherwise)?)
        };
        proved().unwrap_or(false)
    }

    fn length(&self, operator: &str, bound: usize) -> bool {
        let (least, most) = match self.made.longest {
            Length::Same => return true,
            Length::Most(most) => (self.made.shortest, Some(most)),
            // No longer than what satisfied the check.
            Length::Input => (self.made.shortest, None),
        };
        match operator {
            "<=" => most.is_none_or(|most| most <= bound),
            "<" => most.is_none_or(|most| most < bound),
            ">=" => least >= bound,
            ">" => least > bound,
            "=" => least == bound && most == Some(bound),
            _ => false,
        }
    }

    /// A number or a date against a constant.
    fn value(&self, operator: &str, bound: &str, given: bool) -> bool {
        let whole = matches!(self.kind, TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt);
        let signs = [(">", "0"), (">=", "0"), ("<", "0"), ("<=", "0"), ("<>", "0")].contains(&(operator, bound));
        if self.made.keeps_sign && (signs || whole && [(">=", "1"), ("<=", "-1")].contains(&(operator, bound))) {
            return given;
        }
        match &self.made.near {
            Near::Nothing => false,
            Near::Value(value) => order(self.kind, value, bound).is_some_and(|order| satisfies(order, operator)),
            // All of a year or a month is on the same side of where it begins or ends.
            Near::Year => given && self.kind == TypeKind::Date && is_edge(operator, bound, |day| day.month() == 1),
            Near::Month => given && self.kind == TypeKind::Date && is_edge(operator, bound, |_| true),
        }
    }
}

/// No capital letters.
const SMALL: &str = "[^A-Z\u{80}-\u{abff}\u{d7a4}-\u{10ffff}]*";
/// Something that is no space.
const INKED: &str = ".*[^ ].*";

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
                // Equal in 53 bits is not equal.
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

/// Whether a bound cuts between two months (or years, by what is asked of the first day after it).
fn is_edge(operator: &str, bound: &str, is_start: impl Fn(jiff::civil::Date) -> bool) -> bool {
    let Ok(day) = bound.parse::<jiff::civil::Date>() else { return false };
    let after = match operator {
        ">=" | "<" => Ok(day),
        ">" | "<=" => day.tomorrow(),
        _ => return false,
    };
    after.is_ok_and(|after| after.day() == 1 && is_start(after))
}
