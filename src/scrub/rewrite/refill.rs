//! The way that always works: masked rows are copied aside, the table is truncated and filled from the
//! copy. Slower than `ALTER`, for indexes grow row by row and rows are written twice.

use super::hidden;
use super::look::Table;
use super::plan::Unit;
use crate::pg::{self, Session, identifier};
use crate::scrub::acting::{qualified, without_triggers};

/// Rewrites a unit inside the open transaction.
pub(super) async fn rewrite(session: &Session, unit: &Unit) -> pg::Result<()> {
    for table in &unit.tables {
        // A foreign table would be truncated with its root, on its own server.
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

async fn refill(session: &Session, table: &Table, relation: u32, sql: &str, only: &str) -> pg::Result<()> {
    let (quiet, usual) = silence(session, table).await?;
    let (names, values) = columns(session, table, relation).await?;
    let copy = qualified("devdb_meta", &format!("rewrite_{relation}"));
    // A deferred check would still be pending when triggers are enabled again, which is refused then.
    session.run(&format!("SET CONSTRAINTS ALL IMMEDIATE; {quiet}")).await?;
    hidden::run(session, &format!("CREATE UNLOGGED TABLE {copy} AS SELECT {values} FROM {only}{sql}")).await?;
    session
        .run(&format!(
            "TRUNCATE {only}{sql}; INSERT INTO {sql} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {copy}; \
             DROP TABLE {copy}; {usual}"
        ))
        .await
        .map(drop)
}

/// All columns with values of their own, and the same with masks in the place of masked ones.
async fn columns(session: &Session, table: &Table, relation: u32) -> pg::Result<(String, String)> {
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

/// Statements that keep triggers, rules and row-level security from having a part in it, and those that
/// bring back each as it was.
async fn silence(session: &Session, table: &Table) -> pg::Result<(String, String)> {
    let (mut quiet, mut usual) = without_triggers(session, &[table.oid]).await?;
    let relations: Vec<u32> = table.relations.iter().map(|relation| relation.oid).collect();
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, w.rulename::text, CASE w.ev_enabled WHEN 'A' THEN 'ENABLE ALWAYS' \
                 WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END \
             FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = ANY ($1) AND w.ev_enabled <> 'D' \
             UNION ALL \
             SELECT n.nspname::text, c.relname::text, NULL, NULL FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = ANY ($1) AND c.relforcerowsecurity",
            &[&relations],
        )
        .await?;
    for row in &rows {
        let of = qualified(row.get(0), row.get(1));
        match (row.get::<_, Option<&str>>(2), row.get::<_, Option<&str>>(3)) {
            (Some(rule), Some(enable)) => {
                let rule = identifier(rule);
                quiet.push_str(&format!("ALTER TABLE {of} DISABLE RULE {rule}; "));
                usual.push_str(&format!("; ALTER TABLE {of} {enable} RULE {rule}"));
            }
            _ => {
                quiet.push_str(&format!("ALTER TABLE {of} NO FORCE ROW LEVEL SECURITY; "));
                usual.push_str(&format!("; ALTER TABLE {of} FORCE ROW LEVEL SECURITY"));
            }
        }
    }
    Ok((quiet, usual))
}
