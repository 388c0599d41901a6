//! Indexes that a broken `CREATE INDEX CONCURRENTLY` left. No query uses them and no dump has them, but
//! a rewrite would complete them, or fail on what broke them; and they hold original values. They are
//! dropped for good.

use super::Obstacle;
use crate::pg::{Result, Session, display_name, qualified_name};

pub(super) async fn find(session: &Session, relations: &[u32]) -> Result<Vec<Obstacle>> {
    let rows = session
        .query(
            "SELECT i.indrelid, n.nspname::text, c.relname::text, r.rolname::text FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i' \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE i.indrelid = ANY ($1) AND NOT i.indisvalid ORDER BY i.indexrelid",
            &[&relations],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Obstacle {
            what: format!("invalid index {} (not put back)", display_name(row.get(1), row.get(2))),
            touches: [row.get(0)].into(),
            owners: [row.get(3)].into(),
            down: format!("DROP INDEX {}", qualified_name(row.get(1), row.get(2))),
            required: true,
            ..Obstacle::default()
        })
        .collect())
}
