//! A label of the enum, chosen by another column of the row.
//!
//! By the value itself every row of a label would get the same other label: four labels are four
//! substitutions, and the commonest gives them away.

use super::made::{Distinct, Kind, Made, Site};
use super::refusal::Why;
use super::sql::pick;

pub(super) fn make(by: &str, site: &Site<'_>) -> Result<Made, Why> {
    if site.kind != Kind::Enum {
        return Err(site.wrong_type("an enum"));
    }
    let labels = &site.column.base.labels;
    let chosen = site.key.class("enum").choice(&site.by(by)?, &site.column.base.name, labels.len());
    Ok(Made::value(pick(labels, &chosen), Distinct::No))
}
