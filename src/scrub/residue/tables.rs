//! Vacuums and analyzes tables.

use crate::pg::as_owner::{AssumedRole, run_as_owner};
use crate::pg::{Result, Session};
use crate::pg::{display_name, qualified_name};

/// A table, partitioned table or materialized view that is not a partition.
pub(super) struct Table {
    sql: String,
    pub(super) shown: String,
    owner: Option<String>,
    /// Whether the session's role may vacuum it. This must be known before: a `VACUUM` without the privilege succeeds with a
    /// warning.
    may_vacuum: bool,
}

/// Returns the tables of the session's database, partitions only through their root.
pub(super) async fn tables(session: &Session) -> Result<Vec<Table>> {
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, r.rolname::text, \
                 COALESCE(pg_catalog.pg_has_role(c.relowner, 'USAGE'), false) \
                     OR (SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d \
                         WHERE d.datname = pg_catalog.current_database()) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't' \
               AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Table {
            sql: qualified_name(row.get(0), row.get(1)),
            shown: display_name(row.get(0), row.get(1)),
            owner: row.get(2),
            may_vacuum: row.get(3),
        })
        .collect())
}

/// Vacuums and analyzes one table; of a partitioned one the partitions too, and the root's statistics over all of them.
pub(super) async fn vacuum(session: &Session, table: &Table) -> Result<()> {
    let sql = format!("VACUUM (ANALYZE, INDEX_CLEANUP ON) {}", table.sql);
    match table.owner.as_deref() {
        Some(owner) if !table.may_vacuum => {
            let assumed = AssumedRole::assume(session, owner).await?;
            let result = session.run(&sql).await;
            assumed.release(session).await?;
            result.map(drop)
        }
        // The database's owner may, unless it has no USAGE on the table's schema.
        owner => run_as_owner(session, owner, &sql).await.map(drop),
    }
}
