//! Invalid indexes of a failed `CREATE INDEX CONCURRENTLY`. No query uses them and no dump contains them, but a rewrite would
//! complete them, or fail for the original reason; and they hold original values. They are dropped and not recreated.

use super::obstacle::Obstacle;
use crate::pg::{Result, Session};
use crate::pg::{display_name, qualified_name};

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
            name: format!("invalid index {} (not recreated)", display_name(row.get(1), row.get(2))),
            relations: [row.get(0)].into(),
            owners: [row.get(3)].into(),
            remove: format!("DROP INDEX {}", qualified_name(row.get(1), row.get(2))),
            required: true,
            ..Obstacle::default()
        })
        .collect())
}
