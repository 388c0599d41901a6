//! Entry of the reference.

use serde::Serialize;

/// A mask with its properties.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Configuration of the mask.
    pub mask: &'static str,
    /// Result, lower case.
    pub makes: &'static str,
    /// Accepted column types.
    pub takes: &'static str,
    /// What is kept of a value, besides NULL and the empty string.
    pub keeps: &'static str,
    /// Whether different values stay different, so that a unique column may have the mask.
    pub unique: bool,
    /// Whether the same value has the same result in every table.
    pub consistent: bool,
    /// Cost per row.
    pub cost: Cost,
    /// Example value.
    pub from: &'static str,
    /// Result for the example under the key `an example key!!`.
    pub to: &'static str,
}

/// Cost of a mask per row, without rewriting the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// A constant, or nearly nothing.
    Free,
    /// Under 2 µs: lookup hashes.
    Low,
    /// About 5 µs: a keyed hash (HMAC-SHA256), or a permutation.
    Medium,
    /// 10 µs or more: regular expressions, or several hashes.
    High,
}

impl Cost {
    /// Name, lower case.
    pub fn name(self) -> &'static str {
        match self {
            Cost::Free => "free",
            Cost::Low => "low",
            Cost::Medium => "medium",
            Cost::High => "high",
        }
    }
}

/// Different values stay different, and the same value has the same result in every table.
pub(super) const DISTINCT: (bool, bool) = (true, true);
/// The same value has the same result in every table; different values may have it too.
pub(super) const CONSISTENT: (bool, bool) = (false, true);
/// Neither.
pub(super) const NEITHER: (bool, bool) = (false, false);

pub(super) fn entry(
    mask: &'static str,
    makes: &'static str,
    takes: &'static str,
    keeps: &'static str,
    (unique, consistent): (bool, bool),
    cost: Cost,
    (from, to): (&'static str, &'static str),
) -> Entry {
    Entry { mask, makes, takes, keeps, unique, consistent, cost, from, to }
}
