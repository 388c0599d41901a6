//! CHECK constraints: whether the outputs of a mask satisfy one, given that the inputs did.

use crate::pg::catalog::{Check, Column};

use super::super::output::MaskOutput;
use super::super::type_kind::TypeKind;
use super::expression::Expression;
use super::stable::Stable;
use super::text_check::TextProof;
use super::text_scan::{has_name, without_null_tests};
use super::value_check;

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
    let about = if validated == check.definition { Premise::Given } else { Premise::None };
    let about_elements = check.of_elements || !column.array;
    let kind = TypeKind::of(&column.base);
    let is_padded = column.base.schema == "pg_catalog" && column.base.name == "bpchar";
    let proof = Proof {
        name,
        kind,
        output,
        about_elements,
        text: TextProof { name, kind, is_padded, output },
        stable: Stable { name, output },
    };
    Expression::parse(condition).is_some_and(|condition| proof.holds(&condition, about))
}

/// What is known about the inputs of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Premise {
    /// They satisfied it: an output has to only if its input did.
    Given,
    /// Nothing, as the constraint is not validated.
    None,
    /// Nothing, as other parts of an OR may have been satisfied instead.
    OtherParts,
}

struct Proof<'a> {
    name: &'a str,
    kind: TypeKind,
    output: &'a MaskOutput,
    /// Whether the guarantees of the output are about the tested value; else that is an array.
    about_elements: bool,
    text: TextProof<'a>,
    stable: Stable<'a>,
}

impl Proof<'_> {
    /// Whether the condition is not false for the outputs. Inputs that are NULL or the empty string stay, and so does
    /// whatever they satisfied.
    fn holds(&self, condition: &Expression, premise: Premise) -> bool {
        match condition {
            Expression::And(parts) => {
                parts.iter().all(|part| self.is_of_others(part, premise) || self.holds(part, premise))
            }
            Expression::Or(parts) => {
                let of_column = |part: &&Expression| part.mentions(self.name);
                let any = parts.iter().filter(of_column).any(|part| self.holds(part, Premise::OtherParts));
                let all = || parts.iter().filter(of_column).all(|part| self.holds(part, Premise::Given));
                any || premise == Premise::Given && all() || premise == Premise::None && self.all_but_null(parts)
            }
            Expression::Not(inner) => match negated(inner) {
                Some(inner) => self.holds(&inner, premise),
                None => self.is_stable(condition, premise),
            },
            // Outputs are not NULL where their inputs are not.
            Expression::IsNotNull(inner) if self.is_value(inner) => true,
            Expression::IsNull(inner) if self.is_value(inner) => premise != Premise::OtherParts,
            Expression::Any(left, operator, list) => {
                let given = premise == Premise::Given;
                let compare =
                    |one: &Expression| Expression::Compare(left.clone(), operator.clone(), Box::new(one.clone()));
                self.is_stable(condition, premise)
                    || self.about_elements && self.text.any(left, operator, list, given)
                    || list.iter().any(|one| self.holds(&compare(one), Premise::OtherParts))
            }
            Expression::All(left, operator, list) => {
                let compare =
                    |one: &Expression| Expression::Compare(left.clone(), operator.clone(), Box::new(one.clone()));
                self.is_stable(condition, premise) || list.iter().all(|one| self.holds(&compare(one), premise))
            }
            atom => self.is_stable(atom, premise) || self.about_elements && self.atom(atom, premise == Premise::Given),
        }
    }

    /// A part of an AND that other columns decide. Inside an OR, its own truth would have to be known too.
    fn is_of_others(&self, part: &Expression, premise: Premise) -> bool {
        premise != Premise::OtherParts && !part.mentions(self.name)
    }

    /// Without a premise: NULL stays NULL, and other values have to satisfy the only other part.
    fn all_but_null(&self, parts: &[Expression]) -> bool {
        let is_null = |part: &Expression| matches!(part, Expression::IsNull(inner) if self.is_value(inner));
        let rest: Vec<&Expression> = parts.iter().filter(|part| !is_null(part)).collect();
        matches!(rest.as_slice(), [only] if self.holds(only, Premise::OtherParts))
    }

    fn is_stable(&self, condition: &Expression, premise: Premise) -> bool {
        premise == Premise::Given && self.stable.value(condition)
    }

    fn is_value(&self, expression: &Expression) -> bool {
        matches!(expression, Expression::Column(column) if column == self.name)
    }

    fn atom(&self, atom: &Expression, given: bool) -> bool {
        if self.kind.is_text() {
            return self.text.holds(atom, given);
        }
        let Expression::Compare(left, operator, right) = atom else { return false };
        match (left.as_ref(), right.as_ref()) {
            (left, Expression::Text(bound) | Expression::Number(bound)) if self.is_value(left) => {
                value_check::holds(self.kind, self.output, operator, bound, given)
            }
            _ => false,
        }
    }
}

/// The condition that is true where this one is false, and unknown where this one is; `None` if it cannot be written.
fn negated(condition: &Expression) -> Option<Expression> {
    let all = |parts: &[Expression]| parts.iter().map(negated).collect::<Option<Vec<Expression>>>();
    let other = |operator: &str| {
        const PAIRS: [(&str, &str); 7] =
            [("=", "<>"), ("<", ">="), (">", "<="), ("~", "!~"), ("~*", "!~*"), ("~~", "!~~"), ("~~*", "!~~*")];
        PAIRS.iter().find_map(|(one, two)| match operator {
            _ if operator == *one => Some((*two).to_owned()),
            _ if operator == *two => Some((*one).to_owned()),
            _ => None,
        })
    };
    Some(match condition {
        Expression::And(parts) => Expression::Or(all(parts)?),
        Expression::Or(parts) => Expression::And(all(parts)?),
        Expression::Not(inner) => inner.as_ref().clone(),
        Expression::IsNull(inner) => Expression::IsNotNull(inner.clone()),
        Expression::IsNotNull(inner) => Expression::IsNull(inner.clone()),
        Expression::Compare(left, operator, right) => {
            Expression::Compare(left.clone(), other(operator)?, right.clone())
        }
        Expression::Any(left, operator, list) => Expression::All(left.clone(), other(operator)?, list.clone()),
        Expression::All(left, operator, list) => Expression::Any(left.clone(), other(operator)?, list.clone()),
        Expression::Column(_)
        | Expression::Text(_)
        | Expression::Number(_)
        | Expression::Call(..)
        | Expression::List(_) => return None,
    })
}
