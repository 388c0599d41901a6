//! Row-level security that is forced on the owners of tables.

use super::{Result, Session, qualified_name};

/// Begins a transaction in which no policy hides the rows of an owner's tables from the session, which has the owner's
/// rights: without them, and on tables that the session sees completely, nothing is altered. `table` restricts it to one
/// table, by schema and name. The caller reads and rolls back; the tables are locked until then.
pub(crate) async fn begin_unforced(session: &Session, owner: &str, table: Option<(&str, &str)>) -> Result<()> {
    let (schema, name) = table.unzip();
    session.run("BEGIN").await?;
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind IN ('r', 'p') AND c.relforcerowsecurity AND pg_catalog.row_security_active(c.oid) \
               AND pg_catalog.pg_has_role(r.oid, 'USAGE') AND r.rolname = $1::text::name \
               AND ($2::text IS NULL OR n.nspname::text = $2 AND c.relname::text = $3::text) ORDER BY 1, 2",
            &[&owner, &schema, &name],
        )
        .await?;
    for row in &rows {
        let table = qualified_name(row.get(0), row.get(1));
        session.run(&format!("ALTER TABLE ONLY {table} NO FORCE ROW LEVEL SECURITY")).await?;
    }
    Ok(())
}
