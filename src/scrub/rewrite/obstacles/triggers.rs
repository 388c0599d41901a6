//! Triggers with `UPDATE OF` or `WHEN` on a masked column. Those of partitions are dropped and created with their parent trigger.

use super::affected::{AffectedColumns, DEPENDING};
use super::obstacle::Obstacle;
use super::sql::comment;
use crate::pg::{Result, Session, identifier};
use crate::pg::{display_name, qualified_name};

pub(super) async fn find(session: &Session, affected: &AffectedColumns) -> Result<Vec<Obstacle>> {
    // A trigger cloned to a partition names the partition's column; the topmost trigger is dropped.
    let sql = format!(
        "WITH RECURSIVE hit_trigger(relation, trigger) AS ( \
             SELECT hit.relation, d.objid FROM {DEPENDING} WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass \
             UNION \
             SELECT h.relation, t.tgparentid FROM hit_trigger h JOIN pg_catalog.pg_trigger t ON t.oid = h.trigger \
             WHERE t.tgparentid <> 0) \
         SELECT pg_catalog.array_agg(DISTINCT h.relation), n.nspname::text, c.relname::text, r.rolname::text, t.tgname::text, \
             pg_catalog.pg_get_triggerdef(t.oid), pg_catalog.obj_description(t.oid, 'pg_trigger'), t.oid \
         FROM hit_trigger h JOIN pg_catalog.pg_trigger t ON t.oid = h.trigger AND NOT t.tgisinternal AND t.tgparentid = 0 \
         JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
         GROUP BY t.oid, n.nspname, c.relname, r.rolname, t.tgname ORDER BY t.oid"
    );
    let mut found = Vec::new();
    for row in affected.query(session, &sql).await? {
        let table = qualified_name(row.get(1), row.get(2));
        let trigger = identifier(row.get(4));
        let mut restore = row.get::<_, &str>(5).to_owned();
        restore.push_str(&comment(&format!("TRIGGER {trigger} ON {table}"), row.get(6)));
        restore.push_str(&states(session, row.get(7)).await?);
        found.push(Obstacle {
            name: format!("trigger {} on {}", row.get::<_, &str>(4), display_name(row.get(1), row.get(2))),
            relations: affected.origins_of(&row.get::<_, Vec<u32>>(0)),
            owners: [row.get(3)].into(),
            remove: format!("DROP TRIGGER {trigger} ON {table}"),
            restore,
            ..Obstacle::default()
        });
    }
    Ok(found)
}

/// Returns the statements that restore whether the trigger and its clones are enabled; new triggers are.
async fn states(session: &Session, trigger: u32) -> Result<String> {
    let rows = session
        .query(
            "WITH RECURSIVE family(oid, depth) AS ( \
                 SELECT $1::oid, 0 UNION ALL \
                 SELECT t.oid, f.depth + 1 FROM family f JOIN pg_catalog.pg_trigger t ON t.tgparentid = f.oid) \
             SELECT n.nspname::text, c.relname::text, t.tgname::text, \
                 CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END \
             FROM family f JOIN pg_catalog.pg_trigger t ON t.oid = f.oid \
             JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE EXISTS (SELECT FROM family f2 JOIN pg_catalog.pg_trigger t2 ON t2.oid = f2.oid WHERE t2.tgenabled <> 'O') \
             ORDER BY f.depth, 1, 2",
            &[&trigger],
        )
        .await?;
    let statement = |row: &tokio_postgres::Row| {
        let (table, trigger) = (qualified_name(row.get(0), row.get(1)), identifier(row.get(2)));
        format!("; ALTER TABLE ONLY {table} {} TRIGGER {trigger}", row.get::<_, &str>(3))
    };
    Ok(rows.iter().map(statement).collect())
}
