//! A mask's promises held against a column's constraints. What is not proved is refused: PostgreSQL
//! would find it too, but an hour later and with half of the tables done.

mod check;
mod expression;
mod pattern;
mod text_scan;
mod unique;

use crate::pg::catalog::{Check, Column};

use super::output::{Length, MaskOutput};
use super::refusal::Why;

use text_scan::{has_name, mentions};

/// NULL in every row.
pub(super) fn null(column: &Column) -> Result<(), Why> {
    if column.not_null {
        return Err(Why::NotNull);
    }
    for unique in &column.unique {
        let own_key = unique.keys.iter().any(|key| mentions(key, &column.name));
        let null_is_apart = own_key && !unique.nulls_not_distinct && !unique.exclusion;
        if unique.nulls_not_distinct && own_key {
            return Err(Why::NotUnique { index: unique.name.clone() });
        }
        if let Some(predicate) = unique.predicate.as_ref().filter(|text| has_name(text, &column.name)) {
            // Rows may come under the index that were not.
            if !null_is_apart {
                return Err(Why::Index { index: unique.name.clone(), expression: predicate.clone() });
            }
        }
    }
    // A check that mentions nothing but this column is not false for NULL, unless it asks for NULL.
    let refused = column.checks.iter().filter(|check| !check.of_elements).find(|check| {
        let others = column.siblings.keys().any(|name| *name != column.name && has_name(&check.definition, name));
        others
            || check.definition.to_uppercase().contains("NULL")
            || check.definition.to_uppercase().contains("COALESCE")
    });
    refused.map_or(Ok(()), |check| Err(unproved(check)))
}

/// The outputs of a mask, as elements of an array.
pub(super) fn elements(column: &Column, made: &MaskOutput) -> Result<(), Why> {
    checks(column, made, true)
}

/// The outputs of a mask.
pub(super) fn values(column: &Column, made: &MaskOutput) -> Result<(), Why> {
    if let (Some(room), Length::Most(needed)) = (column.longest, made.longest)
        && needed > room
    {
        return Err(Why::TooLong { needed, room });
    }
    column.unique.iter().try_for_each(|unique| unique::keeps(column, made, unique))?;
    checks(column, made, false)
}

fn checks(column: &Column, made: &MaskOutput, of_elements: bool) -> Result<(), Why> {
    let mut concerned = column.checks.iter().filter(|check| check.of_elements == of_elements);
    concerned.find(|check| !check::keeps(column, made, check)).map_or(Ok(()), |check| Err(unproved(check)))
}

fn unproved(check: &Check) -> Why {
    Why::Check { constraint: check.name.clone(), definition: check.definition.clone() }
}
