//! Template filters for quantities.

use askama::{Result, Values, filter_fn};

use crate::units;

/// `1,234`.
#[filter_fn]
pub fn count(number: &u64, _: &dyn Values) -> Result<String> {
    Ok(units::grouped(*number))
}

/// `1,234 rows`.
#[filter_fn]
pub fn counted(number: &u64, _: &dyn Values, thing: &str) -> Result<String> {
    Ok(units::counted(*number, thing))
}

/// `74.2 MB`.
#[filter_fn]
pub fn bytes(number: &u64, _: &dyn Values) -> Result<String> {
    Ok(units::size(*number))
}

/// `3 m 05 s`.
#[filter_fn]
pub fn seconds(time: &f64, _: &dyn Values) -> Result<String> {
    Ok(units::seconds(*time))
}
