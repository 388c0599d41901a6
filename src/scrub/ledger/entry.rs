//! Entries: the reason for a place, and the number of places by reason.

use std::collections::BTreeMap;
use std::fmt;

use crate::pg::{Result, Session};
use crate::units::counted;

/// Why a column's stored values hold no original that has to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A mask replaced the whole value.
    Masked,
    /// A mask replaced parts of the value, such as paths of a document; the rest was kept.
    PartlyMasked,
    /// Scripts replace the values; the leak check searches for the originals.
    Scripted,
    /// Kept by an entry of the configuration.
    Kept,
    /// Computed by the server from other columns of the row.
    Computed,
    /// Rows of a materialized view, computed by its query after the masks.
    Refreshed,
    /// No row is stored: the relation was created after the masks, such as a partition of a masked table.
    Empty,
}

impl Reason {
    /// Every reason, in the order of reports.
    pub const ALL: [Reason; 7] = [
        Reason::Masked,
        Reason::PartlyMasked,
        Reason::Scripted,
        Reason::Kept,
        Reason::Computed,
        Reason::Refreshed,
        Reason::Empty,
    ];

    /// Name in `devdb_meta.ledger` and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Masked => "masked",
            Reason::PartlyMasked => "partly masked",
            Reason::Scripted => "scripted",
            Reason::Kept => "kept",
            Reason::Computed => "computed",
            Reason::Refreshed => "refreshed",
            Reason::Empty => "empty",
        }
    }
}

/// Number of entries by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary(pub BTreeMap<Reason, u64>);

impl Summary {
    /// Reads it from the database.
    ///
    /// # Errors
    /// Server errors.
    pub(super) async fn read(session: &Session) -> Result<Summary> {
        let sql = "SELECT reason, pg_catalog.count(*) FROM devdb_meta.ledger GROUP BY reason";
        let mut summary = Summary::default();
        for row in session.query(sql, &[]).await? {
            let name: &str = row.get(0);
            let reason = Reason::ALL.into_iter().find(|reason| reason.as_str() == name);
            let count = u64::try_from(row.get::<_, i64>(1)).unwrap_or(0);
            summary.0.extend(reason.map(|reason| (reason, count)));
        }
        Ok(summary)
    }

    /// Number of all entries.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// `212 columns: 18 masked, 3 partly masked, 191 kept`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.total(), "column"))?;
        for (index, (reason, count)) in self.0.iter().enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            write!(f, "{before}{count} {}", reason.as_str())?;
        }
        Ok(())
    }
}

/// Creates the ledger if it does not exist, in a `devdb_meta` that belongs to this generation.
///
/// # Errors
/// Server errors.
pub(in crate::scrub) async fn prepare(session: &Session) -> Result<()> {
    session
        .run(
            "CREATE TABLE IF NOT EXISTS devdb_meta.ledger (
                 relation oid, attribute smallint, reason text NOT NULL, detail text NOT NULL, rows bigint,
                 PRIMARY KEY (relation, attribute))",
        )
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_by_reason() {
        let summary = Summary([(Reason::Kept, 2), (Reason::Masked, 1)].into());
        assert_eq!(summary.to_string(), "3 columns: 1 masked, 2 kept");
        assert_eq!(Summary::default().to_string(), "0 columns");
    }
}
