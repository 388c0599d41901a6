//! Before anything is read: may the role read all that may be needed?

use super::error::{Result, SampleError};
use super::graph::{Graph, Table, quoted};
use crate::config::{Extent, TablePath};
use crate::pg::catalog::USER_SCHEMAS;
use crate::pg::{Session, identifier};

/// A table or a partition, and what the role may do with it.
struct Relation {
    path: TablePath,
    may_use_schema: bool,
    may_select: bool,
    is_hidden: bool,
}

/// Every table and partition that is read, or that `pg_dump` locks while it reads the schema: it locks all of
/// them, those without rows in the sample too.
async fn relations(session: &Session, graph: &Graph) -> Result<Vec<Relation>> {
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, pg_catalog.has_schema_privilege(n.oid, 'USAGE'), \
                        pg_catalog.has_table_privilege(c.oid, 'SELECT') OR COALESCE(( \
                            SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) \
                            FROM pg_catalog.pg_attribute a \
                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), false), \
                        pg_catalog.row_security_active(c.oid), \
                        EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                                AND d.objid = c.oid AND d.deptype = 'e') \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p') AND {USER_SCHEMAS} ORDER BY n.nspname, c.relname"
            ),
            &[],
        )
        .await?;
    let mut relations = Vec::new();
    for row in rows {
        let path = TablePath { schema: row.get(0), table: row.get(1) };
        let is_it = |table: &&Table| {
            table.path == path || (table.is_by_place() && table.leaves.iter().any(|leaf| leaf.path == path))
        };
        let table = graph.tables.iter().find(is_it);
        // What an extension brought is part of no dump.
        if table.is_none() && row.get(5) {
            continue;
        }
        let is_read = table.is_some_and(|table| table.extent != Some(Extent::None));
        relations.push(Relation {
            path,
            may_use_schema: row.get(2),
            may_select: row.get(3),
            is_hidden: is_read && row.get(4),
        });
    }
    Ok(relations)
}

/// Refuses when the role may not read a table, or does not see all of its rows. Either would make a sample that
/// looks whole and is not.
pub(super) async fn check(session: &Session, graph: &Graph) -> Result<()> {
    let relations = relations(session, graph).await?;
    let role: String = session.query_one("SELECT current_user::text", &[]).await?.get(0);
    let closed: Vec<&Relation> = relations.iter().filter(|one| !one.may_select || !one.may_use_schema).collect();
    if !closed.is_empty() {
        let tables = closed.len();
        return Err(SampleError::MissingPrivileges { grants: grants(&role, &closed, false), role, tables });
    }
    let hidden: Vec<String> = relations.iter().filter(|one| one.is_hidden).map(|one| one.path.to_string()).collect();
    if !hidden.is_empty() {
        return Err(SampleError::HiddenRows { role, tables: hidden.join(", ") });
    }
    Ok(())
}

/// The statements that give a role all that it needs, and no more.
pub(super) async fn required_grants(session: &Session, role: &str, graph: &Graph) -> Result<Vec<String>> {
    let relations = relations(session, graph).await?;
    let all: Vec<&Relation> = relations.iter().collect();
    let connect = format!("GRANT CONNECT ON DATABASE {} TO {}", identifier(session.database()), identifier(role));
    Ok(std::iter::once(connect).chain(grants(role, &all, true)).collect())
}

/// Schemas first. `all` gives what the role has already, too.
fn grants(role: &str, relations: &[&Relation], all: bool) -> Vec<String> {
    let role = identifier(role);
    let schemas = relations.iter().filter(|one| all || !one.may_use_schema);
    let mut schemas: Vec<&str> = schemas.map(|one| one.path.schema.as_str()).collect();
    schemas.dedup();
    let usage = schemas.into_iter().map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(schema)));
    let select = relations.iter().filter(|one| all || !one.may_select);
    let select = select.map(|one| format!("GRANT SELECT ON {} TO {role}", quoted(&one.path)));
    usage.chain(select).collect()
}
