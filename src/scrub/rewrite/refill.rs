//! The method that always works: masked rows are copied into a work table, and the table is truncated and filled from it. Slower
//! than `ALTER`, because indexes grow row by row and rows are written twice.

use super::introspect::MaskedTable;
use super::redacted_exec;
use super::unit::Unit;
use crate::pg::qualified_name;
use crate::pg::{self, Session, identifier};

/// Rewrites a unit inside the open transaction.
pub(super) async fn rewrite(session: &Session, unit: &Unit) -> pg::Result<()> {
    for table in &unit.tables {
        // TRUNCATE of the root would truncate a foreign partition on its own server.
        if table.relations.iter().any(|relation| relation.kind == 'f') {
            for leaf in table.relations.iter().filter(|relation| relation.kind == 'r') {
                refill(session, table, leaf.oid, &leaf.sql, "ONLY ").await?;
            }
        } else {
            refill(session, table, table.oid, &table.sql, table.only()).await?;
        }
    }
    Ok(())
}

async fn refill(session: &Session, table: &MaskedTable, relation: u32, sql: &str, only: &str) -> pg::Result<()> {
    let (disable, enable) = side_effects(session, table).await?;
    let (names, values) = columns(session, table, relation).await?;
    let copy = qualified_name("devdb_meta", &format!("rewrite_{relation}"));
    // Triggers cannot be enabled again while checks of deferred constraints are pending.
    session.run(&format!("SET CONSTRAINTS ALL IMMEDIATE; {disable}")).await?;
    redacted_exec::run(session, &format!("CREATE UNLOGGED TABLE {copy} AS SELECT {values} FROM {only}{sql}")).await?;
    session
        .run(&format!(
            "TRUNCATE {only}{sql}; INSERT INTO {sql} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {copy}; \
             DROP TABLE {copy}; {enable}"
        ))
        .await
        .map(drop)
}

/// Returns the names of all stored columns, and their values with masks in place of masked columns.
pub(super) async fn columns(session: &Session, table: &MaskedTable, relation: u32) -> pg::Result<(String, String)> {
    let rows = session
        .query(
            "SELECT attname::text FROM pg_catalog.pg_attribute \
             WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            &[&relation],
        )
        .await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for row in &rows {
        let name: &str = row.get(0);
        let masked = table.mask.columns.iter().find(|column| column.name == name);
        values.push(match masked {
            Some(column) => format!("({}) AS {}", column.expression.sql, identifier(name)),
            None => identifier(name),
        });
        names.push(identifier(name));
    }
    Ok((names.join(", "), values.join(", ")))
}

/// Returns the statements that disable triggers, rules and forced row-level security, and those that restore each state.
async fn side_effects(session: &Session, table: &MaskedTable) -> pg::Result<(String, String)> {
    let relations: Vec<u32> = table.relations.iter().map(|relation| relation.oid).collect();
    // A statement on a root applies to its partitions too, so roots come first and each partition's own state after, including
    // disabled ones. Triggers of foreign keys are removed with the keys.
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, o.disable, o.enable \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL ( \
                 SELECT pg_catalog.format('DISABLE TRIGGER %I', t.tgname) AS disable, \
                     pg_catalog.format(CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' \
                         ELSE 'ENABLE' END || ' TRIGGER %I', t.tgname) AS enable \
                 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND (NOT t.tgisinternal OR (t.tgparentid <> 0 AND NOT EXISTS ( \
                     SELECT FROM pg_catalog.pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype = 'f'))) \
                 UNION ALL \
                 SELECT pg_catalog.format('DISABLE RULE %I', w.rulename), \
                     pg_catalog.format(CASE w.ev_enabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END \
                         || ' RULE %I', w.rulename) \
                 FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_enabled <> 'D' \
                 UNION ALL \
                 SELECT 'NO FORCE ROW LEVEL SECURITY', 'FORCE ROW LEVEL SECURITY' WHERE c.relforcerowsecurity) o \
             LEFT JOIN LATERAL (SELECT pg_catalog.count(*) AS depth FROM pg_catalog.pg_partition_ancestors(c.oid::regclass)) up ON true \
             WHERE c.oid = ANY ($1) ORDER BY up.depth, 1, 2, 3",
            &[&relations],
        )
        .await?;
    let (mut disable, mut enable) = (String::new(), String::new());
    for row in &rows {
        let table = qualified_name(row.get(0), row.get(1));
        disable.push_str(&format!("ALTER TABLE ONLY {table} {}; ", row.get::<_, &str>(2)));
        enable.push_str(&format!("; ALTER TABLE ONLY {table} {}", row.get::<_, &str>(3)));
    }
    Ok((disable, enable))
}
