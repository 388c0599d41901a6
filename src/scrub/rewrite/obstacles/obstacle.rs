//! An obstacle: an object that blocks the rewrite of a table.

use std::collections::BTreeSet;

/// An object that blocks the rewrite of a table, with the statements that remove and recreate it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Obstacle {
    /// Kind and name; identifies it.
    pub name: String,
    /// Relations whose rewrite it blocks.
    pub relations: BTreeSet<u32>,
    /// Roles whose privileges removing and recreating it needs.
    pub owners: BTreeSet<String>,
    /// Statement that removes it.
    pub remove: String,
    /// Statement that recreates it; run in the opposite order of removal.
    pub restore: String,
    /// Statement that takes time or needs the new values; run after all obstacles are recreated.
    pub deferred: Option<Deferred>,
    /// Why it cannot be removed.
    pub irremovable: Option<String>,
    /// Whether it blocks every method.
    pub required: bool,
}

impl Obstacle {
    /// Returns its kind: `foreign key`, `view`, …
    pub fn kind(&self) -> &'static str {
        const KINDS: [&str; 10] = [
            "event trigger",
            "foreign key",
            "function",
            "invalid index",
            "materialized view",
            "policy",
            "publication",
            "rule",
            "trigger",
            "view",
        ];
        KINDS.into_iter().find(|kind| self.name.starts_with(kind)).unwrap_or("other")
    }
}

/// A statement that runs after all obstacles are recreated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Deferred {
    /// Round in which it runs.
    pub round: Round,
    /// Object that it locks; statements of one lane do not run in parallel.
    pub lane: String,
    /// SQL.
    pub sql: String,
}

/// Rounds of deferred statements, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Round {
    /// Adds a part of the schema, which validates it.
    Add = 1,
    /// Validates rows, for several tables in parallel.
    Validate = 2,
    /// Refreshes a materialized view.
    Refresh = 3,
}
