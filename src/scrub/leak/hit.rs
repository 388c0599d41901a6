//! What a search found, and how much it looked at.

use std::collections::BTreeMap;

use super::store::Column;
use super::{Hit, Survivor};
use crate::config::ColumnPath;

/// Counts of one worker; those of all are added up.
#[derive(Default)]
pub(super) struct Tally {
    /// Rows by place, column and index of the original column.
    pub hits: BTreeMap<(String, String, u32), u64>,
    pub rows: u64,
    pub values: u64,
    pub bytes: u64,
}

impl Tally {
    /// Notes what was found in one value, which stands in so many rows.
    pub(super) fn found(&mut self, place: &str, column: &str, originals: &[u32], rows: u64) {
        for of in originals {
            *self.hits.entry((place.to_owned(), column.to_owned(), *of)).or_default() += rows;
        }
    }

    pub(super) fn add(&mut self, other: Tally) {
        for (key, rows) in other.hits {
            *self.hits.entry(key).or_default() += rows;
        }
        self.rows += other.rows;
        self.values += other.values;
        self.bytes += other.bytes;
    }
}

/// Whether a survivor's entry means a place: in its very words, or as a path of columns. What may stay in a
/// column may stay in its statistics.
fn names(entry: &str, place: &str) -> bool {
    let column = place.strip_prefix("pg_stats of ").unwrap_or(place);
    entry == place || ColumnPath::parse(entry).is_ok_and(|path| path.matches_plain(column))
}

/// The hits, each with the reason given for it to stay, if there is one. `roots` leads from a partition
/// to the table that it is of.
pub(super) fn hits(
    tally: &Tally,
    columns: &[Column],
    survivors: &[Survivor],
    roots: &BTreeMap<String, String>,
) -> Vec<Hit> {
    let hit = |((place, column, of), rows): (&(String, String, u32), &u64)| {
        let original = columns.get(*of as usize)?;
        let path = |place: &str| if column.is_empty() { place.to_owned() } else { format!("{place}.{column}") };
        let (here, of) = (path(place), original.path());
        let root = roots.get(place).map(|root| path(root));
        let survivor = survivors.iter().find(|survivor| {
            let there = names(&survivor.place, &here) || root.as_ref().is_some_and(|root| names(&survivor.place, root));
            there && survivor.of.as_ref().is_none_or(|only| names(only, &of))
        });
        Some(Hit {
            place: place.clone(),
            column: column.clone(),
            rows: *rows,
            rule: original.rule.clone(),
            of,
            survivor: survivor.map(|survivor| survivor.reason.clone()),
        })
    };
    tally.hits.iter().filter_map(hit).collect()
}
