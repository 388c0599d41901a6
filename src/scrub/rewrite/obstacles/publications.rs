//! Publications with a column list or a row filter on a masked column (PostgreSQL 15 and later).

use super::affected::{AffectedColumns, DEPENDING};
use super::obstacle::Obstacle;
use crate::pg::{Result, Session, identifier};
use crate::pg::{display_name, qualified_name};

pub(super) async fn find(session: &Session, affected: &AffectedColumns) -> Result<Vec<Obstacle>> {
    if session.major() < 15 {
        return Ok(Vec::new());
    }
    // A column list depends on each of its columns, a row filter on those that it names.
    let sql = format!(
        "SELECT pg_catalog.array_agg(DISTINCT hit.relation), p.pubname::text, r.rolname::text, n.nspname::text, c.relname::text, \
             tr.rolname::text, \
             (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
              WHERE a.attrelid = pr.prrelid AND a.attnum = ANY (pr.prattrs)), \
             pg_catalog.pg_get_expr(pr.prqual, pr.prrelid) \
         FROM {DEPENDING} \
         JOIN pg_catalog.pg_publication_rel pr ON d.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass AND pr.oid = d.objid \
         JOIN pg_catalog.pg_publication p ON p.oid = pr.prpubid \
         JOIN pg_catalog.pg_roles r ON r.oid = p.pubowner \
         JOIN pg_catalog.pg_class c ON c.oid = pr.prrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_roles tr ON tr.oid = c.relowner \
         WHERE pr.prattrs IS NOT NULL OR pr.prqual IS NOT NULL \
         GROUP BY pr.oid, pr.prrelid, pr.prattrs, pr.prqual, p.pubname, r.rolname, n.nspname, c.relname, tr.rolname \
         ORDER BY pr.oid"
    );
    let rows = affected.query(session, &sql).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let (publication, table) = (identifier(row.get(1)), qualified_name(row.get(3), row.get(4)));
            let columns = row.get::<_, Option<&str>>(6).map(|list| format!(" ({list})")).unwrap_or_default();
            let filter = row.get::<_, Option<&str>>(7).map(|filter| format!(" WHERE ({filter})")).unwrap_or_default();
            Obstacle {
                name: format!("publication {} of {}", row.get::<_, &str>(1), display_name(row.get(3), row.get(4))),
                relations: affected.origins_of(&row.get::<_, Vec<u32>>(0)),
                owners: [row.get(2), row.get(5)].into(),
                remove: format!("ALTER PUBLICATION {publication} DROP TABLE ONLY {table}"),
                restore: format!("ALTER PUBLICATION {publication} ADD TABLE ONLY {table}{columns}{filter}"),
                ..Obstacle::default()
            }
        })
        .collect())
}
