//! The privileges of the role on everything that a sample may read.

use super::error::{Result, SampleError};
use super::graph::{Graph, GraphTable, quoted};
use crate::config::{Extent, TablePath};
use crate::pg::catalog::USER_SCHEMAS;
use crate::pg::{Session, identifier};

/// A table or a partition, and the role's privileges on it.
struct RelationPrivileges {
    path: TablePath,
    may_use_schema: bool,
    may_select: bool,
    /// Whether row-level security hides rows that the sample reads.
    hides_rows: bool,
}

/// Returns every table and partition that is read, or that `pg_dump` locks while it reads the schema, which are all of
/// them, including those without rows in the sample.
async fn relations(session: &Session, graph: &Graph) -> Result<Vec<RelationPrivileges>> {
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
        let contains = |table: &&GraphTable| {
            table.path == path || (table.has_no_key() && table.leaves.iter().any(|leaf| leaf.path == path))
        };
        let table = graph.tables.iter().find(contains);
        // No dump contains the tables of an extension.
        if table.is_none() && row.get(5) {
            continue;
        }
        let is_read = table.is_some_and(|table| table.extent != Some(Extent::None));
        relations.push(RelationPrivileges {
            path,
            may_use_schema: row.get(2),
            may_select: row.get(3),
            hides_rows: is_read && row.get(4),
        });
    }
    Ok(relations)
}

/// Fails if the role cannot read a table, or not all of its rows. Either would make an incomplete sample that looks
/// complete.
pub(super) async fn check(session: &Session, graph: &Graph) -> Result<()> {
    let relations = relations(session, graph).await?;
    let role: String = session.query_one("SELECT current_user::text", &[]).await?.get(0);
    let unreadable: Vec<&RelationPrivileges> =
        relations.iter().filter(|relation| !relation.may_select || !relation.may_use_schema).collect();
    if !unreadable.is_empty() {
        let tables = unreadable.len();
        return Err(SampleError::MissingPrivileges { grants: grants(&role, &unreadable, false), role, tables });
    }
    let hidden = relations.iter().filter(|relation| relation.hides_rows).map(|relation| relation.path.to_string());
    let hidden: Vec<String> = hidden.collect();
    if !hidden.is_empty() {
        return Err(SampleError::HiddenRows { role, tables: hidden.join(", ") });
    }
    Ok(())
}

/// Returns the statements that grant a role exactly what it needs.
pub(super) async fn required_grants(session: &Session, role: &str, graph: &Graph) -> Result<Vec<String>> {
    let relations = relations(session, graph).await?;
    let all: Vec<&RelationPrivileges> = relations.iter().collect();
    let connect = format!("GRANT CONNECT ON DATABASE {} TO {}", identifier(session.database()), identifier(role));
    Ok(std::iter::once(connect).chain(grants(role, &all, true)).collect())
}

/// Returns the grants, schemas first. With `all`, also those that the role already has.
fn grants(role: &str, relations: &[&RelationPrivileges], all: bool) -> Vec<String> {
    let role = identifier(role);
    let schemas = relations.iter().filter(|relation| all || !relation.may_use_schema);
    let mut schemas: Vec<&str> = schemas.map(|relation| relation.path.schema.as_str()).collect();
    schemas.dedup();
    let usage = schemas.into_iter().map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(schema)));
    let select = relations.iter().filter(|relation| all || !relation.may_select);
    let select = select.map(|relation| format!("GRANT SELECT ON {} TO {role}", quoted(&relation.path)));
    usage.chain(select).collect()
}
