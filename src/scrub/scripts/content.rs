//! Content of all tables, as a count and a hash for each. For `--check-idempotent`.

use std::collections::{BTreeMap, BTreeSet};

use crate::pg::{Result, Session, identifier};

/// Count and hash of the rows, by table name.
pub(super) type Content = BTreeMap<String, String>;

/// Reads every row of every table that the session may read, except in `devdb_meta`. Tables with an active row policy are
/// skipped: scripts run with `row_security = off` and cannot change them either.
pub(super) async fn content(session: &Session) -> Result<Content> {
    let tables = session
        .query(
            "SELECT n.nspname::text, c.relname::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'r' AND c.relpersistence <> 't' \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'devdb_meta') \
             AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
             AND pg_catalog.has_table_privilege(c.oid, 'SELECT') \
             AND NOT pg_catalog.row_security_active(c.oid)",
            &[],
        )
        .await?;
    let mut content = Content::new();
    for row in &tables {
        let (schema, table): (&str, &str) = (row.get(0), row.get(1));
        // The whole row by `.*`: a column may have the name of the alias.
        let sql = format!(
            "SELECT pg_catalog.count(*) || ' ' || \
             coalesce(pg_catalog.sum(pg_catalog.hashtextextended((row_of.*)::text, 0)::numeric), 0) \
             FROM ONLY {}.{} AS row_of",
            identifier(schema),
            identifier(table)
        );
        content.insert(format!("{schema}.{table}"), session.query_one(&sql, &[]).await?.get(0));
    }
    Ok(content)
}

/// Returns the tables whose content differs.
pub(super) fn difference(before: &Content, after: &Content) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}
