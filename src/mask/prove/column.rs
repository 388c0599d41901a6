//! All constraints of a column.

use crate::pg::catalog::{Check, Column};

use super::super::output::{MaskOutput, MaxLength};
use super::super::refusal::RefusalReason;
use super::text_scan::{has_name, mentions};
use super::{check, unique};

/// Verifies NULL in every row.
pub(in crate::mask) fn null(column: &Column) -> Result<(), RefusalReason> {
    if column.not_null {
        return Err(RefusalReason::NotNull);
    }
    for unique in &column.unique {
        let is_key = unique.keys.iter().any(|key| mentions(key, &column.name));
        let nulls_are_distinct = is_key && !unique.nulls_not_distinct && !unique.exclusion;
        if unique.nulls_not_distinct && is_key {
            return Err(RefusalReason::NotUnique { index: unique.name.clone() });
        }
        if let Some(predicate) = unique.predicate.as_ref().filter(|text| has_name(text, &column.name)) {
            // The index may come to contain further rows.
            if !nulls_are_distinct {
                return Err(RefusalReason::Index { index: unique.name.clone(), expression: predicate.clone() });
            }
        }
    }
    // A check that mentions only this column is not false for NULL, unless it tests for NULL.
    let refused = column.checks.iter().filter(|check| !check.of_elements).find(|check| {
        let definition = check.definition.to_uppercase();
        let mentions_others =
            column.siblings.keys().any(|name| *name != column.name && has_name(&check.definition, name));
        mentions_others || definition.contains("NULL") || definition.contains("COALESCE")
    });
    refused.map_or(Ok(()), |check| Err(unproved(check)))
}

/// Verifies the outputs of a mask as elements of an array.
pub(in crate::mask) fn elements(column: &Column, output: &MaskOutput) -> Result<(), RefusalReason> {
    checks(column, output, true)
}

/// Verifies the outputs of a mask.
pub(in crate::mask) fn values(column: &Column, output: &MaskOutput) -> Result<(), RefusalReason> {
    if let (Some(max_chars), MaxLength::Chars(needed)) = (column.longest, output.max_chars)
        && needed > max_chars
    {
        return Err(RefusalReason::TooLong { needed, max_chars });
    }
    column.unique.iter().try_for_each(|unique| unique::keeps(column, output, unique))?;
    checks(column, output, false)
}

fn checks(column: &Column, output: &MaskOutput, of_elements: bool) -> Result<(), RefusalReason> {
    let mut relevant = column.checks.iter().filter(|check| check.of_elements == of_elements);
    relevant.find(|check| !check::keeps(column, output, check)).map_or(Ok(()), |check| Err(unproved(check)))
}

fn unproved(check: &Check) -> RefusalReason {
    RefusalReason::Check { constraint: check.name.clone(), definition: check.definition.clone() }
}
