//! Before anything is read: may the role read all that may be needed?

use super::error::{Error, Result};
use super::graph::{Graph, Table, quoted};
use crate::config::{Extent, TablePath};
use crate::pg::{Session, identifier};

/// Refuses when the role may not read a table, or does not see all of its rows. Either would make a sample that
/// looks whole and is not.
pub(super) async fn check(session: &Session, graph: &Graph) -> Result<()> {
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, pg_catalog.has_schema_privilege(n.oid, 'USAGE'), \
                    pg_catalog.has_table_privilege(c.oid, 'SELECT') OR COALESCE(( \
                        SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) \
                        FROM pg_catalog.pg_attribute a \
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), false), \
                    pg_catalog.row_security_active(c.oid), current_user::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') ORDER BY n.nspname, c.relname",
            &[],
        )
        .await?;
    let (mut closed, mut schemas, mut hidden, mut reader) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    for row in rows {
        reader = row.get(5);
        let path = TablePath { schema: row.get(0), table: row.get(1) };
        let is_it = |table: &&Table| {
            table.path == path || (table.is_by_place() && table.leaves.iter().any(|leaf| leaf.path == path))
        };
        // Of a table without rows in the sample the schema is read all the same, and pg_dump locks what it reads.
        let Some(table) = graph.tables.iter().find(is_it) else { continue };
        if !row.get::<_, bool>(2) && !schemas.contains(&path.schema) {
            schemas.push(path.schema.clone());
        }
        if !row.get::<_, bool>(3) || !row.get::<_, bool>(2) {
            closed.push((path, row.get::<_, bool>(3)));
        } else if row.get(4) && table.extent != Some(Extent::None) {
            hidden.push(path.to_string());
        }
    }
    if !closed.is_empty() {
        let role = identifier(&reader);
        let usage = schemas.iter().map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(schema)));
        let select = closed.iter().filter(|(_, may)| !may);
        let select = select.map(|(path, _)| format!("GRANT SELECT ON {} TO {role}", quoted(path)));
        let grants = usage.chain(select).collect();
        return Err(Error::Unreadable { role: reader, tables: closed.len(), grants });
    }
    if !hidden.is_empty() {
        return Err(Error::Hidden { role: reader, tables: hidden.join(", ") });
    }
    Ok(())
}

/// The statements that give a role all that it needs, and no more.
pub(super) fn rights(database: &str, role: &str, graph: &Graph) -> Vec<String> {
    let (database, role) = (identifier(database), identifier(role));
    let mut schemas: Vec<&str> = graph.tables.iter().map(|table| table.path.schema.as_str()).collect();
    schemas.dedup();
    let usage = schemas.into_iter().map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(schema)));
    let select = graph.tables.iter().flat_map(|table| {
        // Rows of a table without a key are found by their place in a partition.
        let leaves = table.leaves.iter().filter(|_| table.is_by_place()).map(|leaf| &leaf.path);
        let all = std::iter::once(&table.path).chain(leaves.filter(|leaf| **leaf != table.path));
        all.map(|path| format!("GRANT SELECT ON {} TO {role}", quoted(path))).collect::<Vec<_>>()
    });
    std::iter::once(format!("GRANT CONNECT ON DATABASE {database} TO {role}")).chain(usage).chain(select).collect()
}
