//! What stands in the way of altering a column, each kind in a file of its own: found in the catalog,
//! with the statements that take it down and those that put it back exactly.
//!
//! What can be replaced is not dropped: a view whose query is replaced by one over no table keeps its
//! owner, grants, comments, triggers and all that is built on it. Only foreign keys, triggers,
//! publications' tables and materialized views have to go for a while.

mod event_triggers;
mod foreign_keys;
mod functions;
mod grants;
mod invalid_indexes;
mod materialized;
mod policies;
mod publications;
mod rules;
mod triggers;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use super::Result;
use crate::pg::{self, Session, identifier};

/// One thing in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Obstacle {
    /// What it is, for people; identifies it.
    pub what: String,
    /// The relations that it stands in the way of.
    pub touches: BTreeSet<u32>,
    /// Roles whose rights it takes.
    pub owners: BTreeSet<String>,
    /// Takes it down.
    pub down: String,
    /// Puts it back. In the opposite order of taking down.
    pub back: String,
    /// What takes time or needs the new values, after everything was put back.
    pub late: Option<Late>,
    /// Why it cannot be taken down.
    pub stuck: Option<String>,
    /// Whether it is in the way of every method.
    pub required: bool,
}

impl Obstacle {
    /// The words before its name: `foreign key`, `view`, …
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
        KINDS.into_iter().find(|kind| self.what.starts_with(kind)).unwrap_or("other")
    }
}

/// What is done when the rest is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Late {
    /// When.
    pub round: Round,
    /// What is locked by it: those of one lane are not run at the same time.
    pub lane: String,
    /// The statement.
    pub sql: String,
}

/// The order of what is done late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Round {
    /// A part of the schema that is checked when it is made.
    Add = 1,
    /// A check of rows, several at the same time.
    Validate = 2,
    /// A materialized view that is filled.
    Refresh = 3,
}

/// The columns that will be altered, and those of materialized views that will be dropped for it.
struct Hits {
    relations: Vec<u32>,
    /// None for all columns.
    positions: Vec<Option<i16>>,
    /// The altered relations behind each.
    origins: BTreeMap<u32, BTreeSet<u32>>,
}

/// Joins what depends on the hits: `d` is the row of `pg_depend`.
const DEPENDING: &str = "unnest($1::oid[], $2::int2[]) AS hit(relation, position) \
     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         AND d.refobjid = hit.relation AND (hit.position IS NULL OR d.refobjsubid = hit.position)";

impl Hits {
    fn new(altered: &[(u32, i16)]) -> Self {
        let origins = altered.iter().map(|(relation, _)| (*relation, BTreeSet::from([*relation]))).collect();
        let (relations, positions) = altered.iter().map(|(relation, position)| (*relation, Some(*position))).unzip();
        Self { relations, positions, origins }
    }

    fn add(&mut self, relation: u32, through: &[u32]) {
        self.relations.push(relation);
        self.positions.push(None);
        let origins = self.behind(through);
        self.origins.insert(relation, origins);
    }

    fn behind(&self, relations: &[u32]) -> BTreeSet<u32> {
        relations.iter().filter_map(|relation| self.origins.get(relation)).flatten().copied().collect()
    }

    /// Rows of a query that begins with the relations hit.
    async fn ask(&self, session: &Session, sql: &str) -> pg::Result<Vec<tokio_postgres::Row>> {
        session.query(sql, &[&self.relations, &self.positions]).await
    }
}

/// Everything in the way of altering these columns, and of filling these relations anew, in the order in
/// which it is taken down.
pub(super) async fn find(session: &Session, altered: &[(u32, i16)], refilled: &[u32]) -> Result<Vec<Obstacle>> {
    let mut found = event_triggers::find(session).await?;
    let mut hits = Hits::new(altered);
    let materialized = materialized::find(session, &mut hits).await?;
    found.extend(publications::find(session, &hits).await?);
    found.extend(policies::find(session, &hits).await?);
    found.extend(triggers::find(session, &hits).await?);
    found.extend(functions::find(session, &hits).await?);
    found.extend(rules::find(session, &hits).await?);
    found.extend(views::find(session, &hits).await?);
    found.extend(materialized);
    found.extend(foreign_keys::find(session, altered, refilled).await?);
    let rewritten: BTreeSet<u32> =
        altered.iter().map(|(relation, _)| *relation).chain(refilled.iter().copied()).collect();
    found.extend(invalid_indexes::find(session, &rewritten.into_iter().collect::<Vec<_>>()).await?);
    Ok(found)
}

/// `COMMENT ON …`, when there is one.
fn comment(on: &str, text: Option<&str>) -> String {
    text.map(|text| format!("; COMMENT ON {on} IS {}", pg::literal(text))).unwrap_or_default()
}

/// Runs as a role for the rest of the transaction's statement list.
fn acting_as(role: &str, sql: &str) -> String {
    format!("SET LOCAL ROLE {}; {sql}; SET LOCAL ROLE NONE", identifier(role))
}

/// A definition without the semicolon that the server ends it with.
fn bare(definition: &str) -> &str {
    definition.trim_end().trim_end_matches(';')
}
