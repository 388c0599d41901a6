//! Views over a masked column. Their query is replaced by one that reads no table and returns the same columns, so that views over
//! views and other dependents are not affected.

use super::affected::{AffectedColumns, DEPENDING};
use super::obstacle::Obstacle;
use super::sql::bare;
use crate::pg::{Result, Session};
use crate::pg::{display_name, qualified_name};

pub(super) async fn find(session: &Session, affected: &AffectedColumns) -> Result<Vec<Obstacle>> {
    let sql = format!(
        "SELECT pg_catalog.array_agg(DISTINCT hit.relation), n.nspname::text, v.relname::text, r.rolname::text, \
             pg_catalog.pg_get_viewdef(v.oid), \
             (SELECT pg_catalog.string_agg(pg_catalog.format('%I=%L', o.option_name, o.option_value), ', ' ORDER BY o.ordinality) \
              FROM pg_catalog.pg_options_to_table(v.reloptions) WITH ORDINALITY o), \
             (SELECT pg_catalog.string_agg(pg_catalog.format('CAST(NULL AS %s)%s AS %I', pg_catalog.format_type(a.atttypid, a.atttypmod), \
                  (SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co \
                   JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation), \
                  a.attname), ', ' ORDER BY a.attnum) \
              FROM pg_catalog.pg_attribute a WHERE a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped) \
         FROM {DEPENDING} \
         JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid \
             AND w.rulename = '_RETURN' \
         JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND v.relkind = 'v' \
         JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace \
         JOIN pg_catalog.pg_roles r ON r.oid = v.relowner \
         GROUP BY v.oid, n.nspname, v.relname, r.rolname ORDER BY v.oid"
    );
    let rows = affected.query(session, &sql).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let view = qualified_name(row.get(1), row.get(2));
            let with = row.get::<_, Option<&str>>(5).map(|options| format!(" WITH ({options})")).unwrap_or_default();
            let columns = row.get::<_, Option<&str>>(6).unwrap_or_default();
            Obstacle {
                name: format!("view {}", display_name(row.get(1), row.get(2))),
                relations: affected.origins_of(&row.get::<_, Vec<u32>>(0)),
                owners: [row.get(3)].into(),
                remove: format!("CREATE OR REPLACE VIEW {view} AS SELECT {columns}"),
                restore: format!("CREATE OR REPLACE VIEW {view}{with} AS {}", bare(row.get(4))),
                ..Obstacle::default()
            }
        })
        .collect())
}
