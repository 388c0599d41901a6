//! The formats under the names by which templates call them.

use askama::{Result, Values, filter_fn};

use super::format;

/// `1,234`.
#[filter_fn]
pub fn count(number: &u64, _: &dyn Values) -> Result<String> {
    Ok(format::count(*number))
}

/// `1,234 rows`.
#[filter_fn]
pub fn counted(number: &u64, _: &dyn Values, thing: &str) -> Result<String> {
    Ok(format::counted(*number, thing))
}

/// `74.2 MB`.
#[filter_fn]
pub fn bytes(number: &u64, _: &dyn Values) -> Result<String> {
    Ok(format::bytes(*number))
}

/// `3 m 05 s`.
#[filter_fn]
pub fn seconds(time: &f64, _: &dyn Values) -> Result<String> {
    Ok(crate::report::seconds(*time))
}
