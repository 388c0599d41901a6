//! Unassigned postal code of five digits: Korea has none above 63644, the United States none below 00501.

use crate::config::mask::Country;

use super::key::zero_padded;
use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::op;

const LENGTH: usize = 5;

pub(super) fn make(country: Country, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    input.ensure_fits(LENGTH)?;
    let (first, count) = match country {
        Country::Kr => (64_000, 36_000),
        Country::Us => (1, 500),
    };
    let chosen = input.key.class("postal_code").choice(&input.text(), "code", count);
    let sql = zero_padded(&op(&first.to_string(), "+", &chosen), LENGTH);
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, LENGTH, LENGTH, Distinct::No).with_pattern("[0-9]{5}") })
}
