//! What `devdb masks` shows: every mask with what it makes, keeps and costs.

mod texts;
mod values;
mod whole;

use std::fmt::Write as _;

use serde::Serialize;

/// A mask as it is listed.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// How it is written.
    pub mask: &'static str,
    /// What it makes, lower case.
    pub makes: &'static str,
    /// Types of columns that it takes.
    pub takes: &'static str,
    /// What it keeps of a value, beside NULL and the empty string.
    pub keeps: &'static str,
    /// Whether different values stay different, so that it may be used for a unique column.
    pub unique: bool,
    /// Whether the same value becomes the same in every table.
    pub consistent: bool,
    /// What it costs for a row.
    pub cost: Cost,
    /// A value.
    pub from: &'static str,
    /// What becomes of it under the key `an example key`.
    pub to: &'static str,
}

/// What a mask costs for a row, beside rewriting the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// A constant, or next to nothing.
    Free,
    /// Under 2 µs: lookup hashes.
    Low,
    /// About 5 µs: a keyed hash (HMAC-SHA256), or a permutation.
    Medium,
    /// 10 µs and more: regular expressions, or several hashes.
    High,
}

impl Cost {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Cost::Free => "free",
            Cost::Low => "low",
            Cost::Medium => "medium",
            Cost::High => "high",
        }
    }
}

/// All masks, in the order in which a reader looks for them.
pub fn list() -> Vec<Entry> {
    [texts::list(), values::list(), whole::list()].concat()
}

/// Different values stay different, the same value becomes the same in every table.
const DISTINCT: (bool, bool) = (true, true);
/// The same value becomes the same in every table; different ones may as well.
const ALIKE: (bool, bool) = (false, true);
/// Neither.
const NEITHER: (bool, bool) = (false, false);

fn entry(
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

/// The list as a table for people.
pub fn table() -> String {
    let mut text = String::new();
    for entry in list() {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let _ = write!(
            text,
            "{}\n    makes {}\n    takes {}; keeps {}\n    unique: {}, the same in every table: {}, cost: {}\n    {} -> {}\n",
            entry.mask,
            entry.makes,
            entry.takes,
            entry.keeps,
            yes(entry.unique),
            yes(entry.consistent),
            entry.cost.word(),
            entry.from,
            entry.to
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Rule;

    #[test]
    fn every_entry_is_a_mask_as_written() {
        for entry in list() {
            let written = serde_yaml::from_str(entry.mask).unwrap_or_else(|error| panic!("{}: {error}", entry.mask));
            let rule = Rule::meant(&written).unwrap();
            assert!(entry.mask.starts_with(rule.name()), "{}", entry.mask);
        }
    }
}
