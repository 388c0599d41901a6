//! A label of the enum, chosen by another column of the row, or by all of them.
//!
//! By the value itself every row of a label would get the same other label: four labels are four
//! substitutions, and the commonest gives them away. A true shuffle, the column's own labels dealt out
//! anew, cannot be said of one row: it would need the whole table for each of them.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, concat, pick, text};
use super::type_kind::TypeKind;

pub(super) fn make(by: Option<&str>, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    if site.kind != TypeKind::Enum {
        return Err(site.wrong_type("an enum"));
    }
    let by = match by {
        Some(by) => site.by(by)?,
        None => row(site)?,
    };
    let labels = &site.column.base.labels;
    let chosen = site.key.class("enum").choice(&by, &site.column.base.name, labels.len());
    Ok(MaskOutput::value(pick(labels, &chosen), Distinct::No))
}

/// All other columns that hold integers, text or UUIDs.
fn row(site: &MaskInput<'_>) -> Result<String, Why> {
    let others = site.column.siblings.keys().filter(|name| **name != site.column.name);
    let others: Vec<String> = others.filter_map(|name| site.by(name).ok()).map(|value| bytewise(&value)).collect();
    let separator = text("|");
    let parts: Vec<&str> = others.iter().flat_map(|other| [other.as_str(), &separator]).collect();
    if parts.is_empty() { Err(Why::Alone) } else { Ok(concat(&parts)) }
}
