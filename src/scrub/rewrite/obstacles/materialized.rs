//! Materialized views over a masked column. They cannot be replaced, so they are dropped and recreated with everything attached
//! to them, and refreshed from the masked tables if they were populated.

use std::collections::BTreeSet;

use super::super::attributes;
use super::affected::{AffectedColumns, DEPENDING};
use super::grants;
use super::obstacle::{Deferred, Obstacle, Round};
use super::sql::{acting_as, bare, comment};
use crate::pg::{Result, Session, literal};
use crate::pg::{display_name, qualified_name};

/// Returns the materialized views over masked columns and over other such views, and adds them to the affected columns. Newer
/// ones come first: a view can only read older ones.
pub(super) async fn find(session: &Session, affected: &mut AffectedColumns) -> Result<Vec<Obstacle>> {
    let sql = format!(
        "SELECT v.oid, pg_catalog.array_agg(DISTINCT hit.relation) FROM {DEPENDING} \
         JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid \
             AND w.ev_class <> hit.relation \
         JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND v.relkind = 'm' GROUP BY v.oid ORDER BY v.oid"
    );
    let mut known = BTreeSet::new();
    loop {
        let before = known.len();
        for row in affected.query(session, &sql).await? {
            let view: u32 = row.get(0);
            if known.insert(view) {
                affected.add(view, &row.get::<_, Vec<u32>>(1));
            }
        }
        if known.len() == before {
            break;
        }
    }
    let mut found = Vec::new();
    for view in known.into_iter().rev() {
        found.push(obstacle(session, affected, view).await?);
    }
    Ok(found)
}

async fn obstacle(session: &Session, affected: &AffectedColumns, view: u32) -> Result<Obstacle> {
    let row = session
        .query_one(
            "SELECT n.nspname::text, c.relname::text, r.rolname::text, pg_catalog.pg_get_viewdef(c.oid), c.relispopulated, \
                 pg_catalog.format(' USING %I', a.amname) \
                 || COALESCE((SELECT ' WITH (' || pg_catalog.string_agg(pg_catalog.format('%s=%L', \
                     CASE WHEN o.toast THEN 'toast.' ELSE '' END || pg_catalog.quote_ident(o.option_name), o.option_value), ', ') || ')' \
                     FROM (SELECT false AS toast, option_name, option_value FROM pg_catalog.pg_options_to_table(c.reloptions) \
                           UNION ALL SELECT true, option_name, option_value FROM pg_catalog.pg_class t \
                           CROSS JOIN LATERAL pg_catalog.pg_options_to_table(t.reloptions) WHERE t.oid = c.reltoastrelid) o), '') \
                 || COALESCE((SELECT pg_catalog.format(' TABLESPACE %I', s.spcname) FROM pg_catalog.pg_tablespace s \
                              WHERE s.oid = c.reltablespace), ''), \
                 pg_catalog.obj_description(c.oid, 'pg_class'), \
                 (SELECT pg_catalog.string_agg('; ' || def, '' ORDER BY oid) FROM ( \
                     SELECT i.indexrelid AS oid, pg_catalog.pg_get_indexdef(i.indexrelid) AS def FROM pg_catalog.pg_index i \
                     WHERE i.indrelid = c.oid \
                     UNION ALL SELECT s.oid, pg_catalog.pg_get_statisticsobjdef(s.oid) FROM pg_catalog.pg_statistic_ext s \
                     WHERE s.stxrelid = c.oid) made) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             JOIN pg_catalog.pg_am a ON a.oid = c.relam WHERE c.oid = $1",
            &[&view],
        )
        .await?;
    let (sql, name, owner) = (qualified_name(row.get(0), row.get(1)), display_name(row.get(0), row.get(1)), row.get(2));
    let mut restore = format!(
        "CREATE MATERIALIZED VIEW {sql}{} AS {} WITH NO DATA{}",
        row.get::<_, &str>(5),
        bare(row.get(3)),
        row.get::<_, Option<&str>>(7).unwrap_or_default()
    );
    restore.push_str(&comment(&format!("MATERIALIZED VIEW {sql}"), row.get(6)));
    for attribute in attributes::capture(session, &[view]).await? {
        restore.push_str(&format!("; {}", attribute.set));
    }
    restore.push_str(&grants::statements(session, view, &sql, owner).await?);
    restore.push_str(&labels(session, view, &sql).await?);
    // Functions that the view calls may need the database's own search path, and row security applies as for every other role.
    let refresh =
        format!("SET LOCAL search_path TO DEFAULT; SET LOCAL row_security TO DEFAULT; REFRESH MATERIALIZED VIEW {sql}");
    Ok(Obstacle {
        name: format!("materialized view {name}"),
        relations: affected.origins_of(&[view]),
        owners: [owner.to_owned()].into(),
        remove: format!("DROP MATERIALIZED VIEW {sql}"),
        restore: acting_as(owner, &restore),
        deferred: row.get::<_, bool>(4).then(|| Deferred { round: Round::Refresh, lane: sql.clone(), sql: refresh }),
        ..Obstacle::default()
    })
}

/// Returns the statements for security labels.
async fn labels(session: &Session, view: u32, sql: &str) -> Result<String> {
    let rows = session
        .query(
            "SELECT pg_catalog.quote_ident(l.provider), l.label, \
                 (SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a \
                  WHERE a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0) \
             FROM pg_catalog.pg_seclabel l \
             WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = $1",
            &[&view],
        )
        .await?;
    let statement = |row: &tokio_postgres::Row| {
        let on = match row.get::<_, Option<&str>>(2) {
            Some(column) => format!("COLUMN {sql}.{column}"),
            None => format!("MATERIALIZED VIEW {sql}"),
        };
        format!("; SECURITY LABEL FOR {} ON {on} IS {}", row.get::<_, &str>(0), literal(row.get(1)))
    };
    Ok(rows.iter().map(statement).collect())
}
