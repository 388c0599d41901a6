//! All entries, and their rendering.

use std::fmt::Write as _;

use super::entry::Entry;
use super::{containers, texts, values};

/// All entries, in the order in which a reader looks for them.
pub fn entries() -> Vec<Entry> {
    [texts::entries(), values::entries(), containers::entries()].concat()
}

/// The entries as text for terminals.
pub fn table() -> String {
    let mut text = String::new();
    for entry in entries() {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let _ = write!(
            text,
            "{}\n    result:  {}\n    accepts: {}\n    keeps:   {}\n    unique: {}, same in every table: {}, cost: {}\n    {} -> {}\n",
            entry.mask,
            entry.makes,
            entry.takes,
            entry.keeps,
            yes(entry.unique),
            yes(entry.consistent),
            entry.cost.name(),
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
    fn every_entry_is_a_valid_mask() {
        for entry in entries() {
            let mask = serde_yaml::from_str(entry.mask).unwrap_or_else(|error| panic!("{}: {error}", entry.mask));
            let rule = Rule::resolve(&mask).unwrap();
            assert!(entry.mask.starts_with(rule.name()), "{}", entry.mask);
        }
    }
}
