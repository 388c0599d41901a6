//! How a table gets its new values.

use std::fmt;

/// Method by which a table gets its new values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `ALTER TABLE … TYPE … USING …`: one pass over the heap, then one build of every index.
    Alter,
    /// The same, with obstacles removed before and recreated after.
    AlterWithoutObstacles,
    /// Masked rows are copied into a work table, then the table is truncated and filled from the copy, in one transaction.
    /// Compared with an `UPDATE`: unique values never collide half-way, rows move to the partition they now belong to, and
    /// no dead rows need a `VACUUM FULL`, which could not run in the same transaction.
    Refill,
    /// No value to mask.
    Nothing,
}

impl Method {
    pub(super) const ALL: [Method; 4] = [Method::Alter, Method::AlterWithoutObstacles, Method::Refill, Method::Nothing];

    /// Returns its name in reports and in `devdb_meta`.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Alter => "alter",
            // A value of the JSON events (schema 1) and of the progress stored in the clone: it does not follow the terms.
            Method::AlterWithoutObstacles => "alter, obstacles put back",
            Method::Refill => "refill",
            Method::Nothing => "nothing to mask",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
