//! A postal code of five digits that is not in use: Korea has none above 63644, the United States none
//! below 00501.

use crate::config::mask::Country;

use super::key::padded;
use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::op;

const LENGTH: usize = 5;

pub(super) fn make(country: Country, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    site.must_fit(LENGTH)?;
    let (first, count) = match country {
        Country::Kr => (64_000, 36_000),
        Country::Us => (1, 500),
    };
    let chosen = site.key.class("postal_code").choice(&site.text(), "code", count);
    let sql = padded(&op(&first.to_string(), "+", &chosen), LENGTH);
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, LENGTH, LENGTH, Distinct::No).written("[0-9]{5}") })
}
