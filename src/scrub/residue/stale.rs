//! Reads back where original values may still be.

use super::{statistics, views};
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::{Result, Session};

/// A place where original values may still be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// Table, with columns where only those are affected.
    pub place: String,
    /// Reason.
    pub why: String,
}

/// Returns where original values may still be, from the server's counters: a table is clean if it was analyzed in this
/// clone, not changed since, and has no dead rows. Sessions that changed rows must have ended before: an idle one may not
/// have sent its counters yet.
pub async fn stale(session: &Session) -> Result<Vec<Stale>> {
    apply_strict_settings(session).await?;
    let mut found: Vec<Stale> = statistics::stale_tables(session)
        .await?
        .into_iter()
        .map(|table| Stale { place: table.place, why: table.why })
        .collect();
    for place in views::not_refreshable(session).await? {
        let why = "it may hold original rows, and the master user may not refresh it: refresh or drop it as its owner";
        found.push(Stale { place, why: why.into() });
    }
    for frozen in statistics::frozen(session).await? {
        found.push(Stale {
            place: frozen.display_name(),
            why: "the planner's statistics quote original values, which ANALYZE does not replace: there is no row to analyze"
                .into(),
        });
    }
    reset_settings(session).await?;
    found.sort();
    Ok(found)
}
