//! Rewrite rules that name a masked column. They are replaced in place, which keeps their comment and whether they are enabled.

use super::affected::{AffectedColumns, DEPENDING};
use super::obstacle::Obstacle;
use super::sql::bare;
use crate::pg::{Result, Session, identifier};
use crate::pg::{display_name, qualified_name};

pub(super) async fn find(session: &Session, affected: &AffectedColumns) -> Result<Vec<Obstacle>> {
    let sql = format!(
        "SELECT pg_catalog.array_agg(DISTINCT hit.relation), n.nspname::text, t.relname::text, r.rolname::text, \
             w.rulename::text, pg_catalog.pg_get_ruledef(w.oid), w.ev_type::text \
         FROM {DEPENDING} \
         JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid \
             AND w.rulename <> '_RETURN' \
         JOIN pg_catalog.pg_class t ON t.oid = w.ev_class \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_catalog.pg_roles r ON r.oid = t.relowner \
         GROUP BY w.oid, n.nspname, t.relname, r.rolname, w.rulename, w.ev_type ORDER BY w.oid"
    );
    let rows = affected.query(session, &sql).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let rule = identifier(row.get(4));
            let definition: &str = row.get(5);
            let event = match row.get(6) {
                "2" => "UPDATE",
                "3" => "INSERT",
                _ => "DELETE",
            };
            Obstacle {
                name: format!("rule {} on {}", row.get::<_, &str>(4), display_name(row.get(1), row.get(2))),
                relations: affected.origins_of(&row.get::<_, Vec<u32>>(0)),
                owners: [row.get(3)].into(),
                remove: format!(
                    "CREATE OR REPLACE RULE {rule} AS ON {event} TO {} DO INSTEAD NOTHING",
                    qualified_name(row.get(1), row.get(2))
                ),
                restore: bare(definition).replacen("CREATE RULE", "CREATE OR REPLACE RULE", 1),
                ..Obstacle::default()
            }
        })
        .collect())
}
