//! Constraints that the author of a rule vouches for.

use crate::pg::catalog::Column;

/// The column without the constraints of these names, and the names of those that it has. `NOT NULL` names that of the
/// column. Names are compared without regard to case.
pub(super) fn split(column: &Column, names: &[String]) -> (Column, Vec<String>) {
    let is_vouched = |name: &str| names.iter().any(|vouched| vouched.eq_ignore_ascii_case(name));
    let not_null = column.not_null && is_vouched("NOT NULL");
    let checks = column.checks.iter().map(|check| &check.name).filter(|name| is_vouched(name));
    let unique = column.unique.iter().map(|unique| &unique.name).filter(|name| is_vouched(name));
    let vouched = not_null.then(|| "NOT NULL".to_owned()).into_iter().chain(checks.chain(unique).cloned()).collect();
    let mut remaining = column.clone();
    remaining.not_null &= !not_null;
    remaining.checks.retain(|check| !is_vouched(&check.name));
    remaining.unique.retain(|unique| !is_vouched(&unique.name));
    (remaining, vouched)
}
