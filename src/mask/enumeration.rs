//! Label of an enum, chosen by another column of the row, or by all of them.
//!
//! If the value itself decided, every row with one label would get the same other label: four labels are four
//! substitutions, and the most common label reveals them. A true shuffle of the column's labels cannot be expressed
//! for a single row: it would need the whole table for each of them.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, concat, pick, text};
use super::type_kind::TypeKind;

pub(super) fn make(by: Option<&str>, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    if input.kind != TypeKind::Enum {
        return Err(input.type_mismatch("an enum"));
    }
    let by = match by {
        Some(by) => input.sibling_text(by)?,
        None => all_siblings(input)?,
    };
    let labels = &input.column.base.labels;
    let chosen = input.key.class("enum").choice(&by, &input.column.base.name, labels.len());
    Ok(MaskOutput::value(pick(labels, &chosen), Distinct::No))
}

/// SQL of all other columns that hold integers, text or UUIDs.
fn all_siblings(input: &MaskInput<'_>) -> Result<String, RefusalReason> {
    let others = input.column.siblings.keys().filter(|name| **name != input.column.name);
    let others: Vec<String> =
        others.filter_map(|name| input.sibling_text(name).ok()).map(|value| bytewise(&value)).collect();
    let separator = text("|");
    let parts: Vec<&str> = others.iter().flat_map(|other| [other.as_str(), &separator]).collect();
    if parts.is_empty() { Err(RefusalReason::NoSibling) } else { Ok(concat(&parts)) }
}
