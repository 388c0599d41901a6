//! The columns whose change is blocked by obstacles, and queries for what depends on them.

use std::collections::{BTreeMap, BTreeSet};

use crate::pg::{self, Session};

/// Columns that are altered, and those of materialized views that are dropped for it.
pub(super) struct AffectedColumns {
    relations: Vec<u32>,
    /// Attribute number, or `None` for all columns of the relation.
    positions: Vec<Option<i16>>,
    /// Altered relations, by affected relation.
    origins: BTreeMap<u32, BTreeSet<u32>>,
}

/// `FROM` items that join what depends on affected columns: `hit` is the column, `d` the row of `pg_depend`.
pub(super) const DEPENDING: &str = "unnest($1::oid[], $2::int2[]) AS hit(relation, position) \
     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         AND d.refobjid = hit.relation AND (hit.position IS NULL OR d.refobjsubid = hit.position)";

impl AffectedColumns {
    /// Returns the altered columns.
    pub(super) fn new(altered: &[(u32, i16)]) -> Self {
        let origins = altered.iter().map(|(relation, _)| (*relation, BTreeSet::from([*relation]))).collect();
        let (relations, positions) = altered.iter().map(|(relation, position)| (*relation, Some(*position))).unzip();
        Self { relations, positions, origins }
    }

    /// Adds all columns of a relation that reads `through`.
    pub(super) fn add(&mut self, relation: u32, through: &[u32]) {
        self.relations.push(relation);
        self.positions.push(None);
        let origins = self.origins_of(through);
        self.origins.insert(relation, origins);
    }

    /// Returns the altered relations that affect `relations`.
    pub(super) fn origins_of(&self, relations: &[u32]) -> BTreeSet<u32> {
        relations.iter().filter_map(|relation| self.origins.get(relation)).flatten().copied().collect()
    }

    /// Returns the rows of a query over [`DEPENDING`].
    pub(super) async fn query(&self, session: &Session, sql: &str) -> pg::Result<Vec<tokio_postgres::Row>> {
        session.query(sql, &[&self.relations, &self.positions]).await
    }
}
