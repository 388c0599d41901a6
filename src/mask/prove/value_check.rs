//! Comparisons of numbers and dates with constants.

use std::cmp::Ordering;

use super::super::output::{KnownValue, MaskOutput};
use super::super::type_kind::TypeKind;

/// Whether the outputs satisfy a comparison with a constant. `given`: the inputs did.
pub(super) fn holds(kind: TypeKind, output: &MaskOutput, operator: &str, bound: &str, given: bool) -> bool {
    let whole = matches!(kind, TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt);
    let signs = [(">", "0"), (">=", "0"), ("<", "0"), ("<=", "0"), ("<>", "0")].contains(&(operator, bound));
    if output.keeps_sign && (signs || whole && [(">=", "1"), ("<=", "-1")].contains(&(operator, bound))) {
        return given;
    }
    match &output.known_value {
        KnownValue::Unknown => false,
        KnownValue::Constant(value) => order(kind, value, bound).is_some_and(|order| satisfies(order, operator)),
        // A whole year or month is on one side of its beginning or end.
        KnownValue::SameYear => given && kind == TypeKind::Date && is_edge(operator, bound, |day| day.month() == 1),
        KnownValue::SameMonth => given && kind == TypeKind::Date && is_edge(operator, bound, |_| true),
    }
}

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
