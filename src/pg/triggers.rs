//! Disables the triggers of tables.

use super::{Result, Session, identifier, qualified_name};

/// Returns statements that disable the user triggers of tables, which notify, log and queue, and statements that
/// restore each of them: `ENABLE TRIGGER USER` would also enable those that were disabled.
pub(crate) async fn trigger_statements(session: &Session, tables: &[u32]) -> Result<(String, String)> {
    let rows = session
        .query(
            "SELECT DISTINCT n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled = 'A' \
             FROM pg_catalog.unnest($1::oid[]) AS root(oid) \
             CROSS JOIN LATERAL (SELECT root.oid AS relid UNION \
                 SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(root.oid::regclass) p) AS part \
             JOIN pg_catalog.pg_trigger t ON t.tgrelid = part.relid \
             JOIN pg_catalog.pg_class c ON c.oid = part.relid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') ORDER BY 1, 2, 3",
            &[&tables],
        )
        .await?;
    let (mut before, mut after) = (String::new(), String::new());
    for row in &rows {
        let table = qualified_name(row.get(0), row.get(1));
        let (trigger, always) = (identifier(row.get(2)), if row.get(3) { "ALWAYS " } else { "" });
        before.push_str(&format!("ALTER TABLE {table} DISABLE TRIGGER {trigger}; "));
        after.push_str(&format!("; ALTER TABLE {table} ENABLE {always}TRIGGER {trigger}"));
    }
    Ok((before, after))
}
