//! Reads columns with their types and constraints.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::Row;

use super::USER_SCHEMAS;
use super::column::{Check, Column, Type};
use super::constraints::{Checks, ColumnId, checks, unique};
use super::types::Types;
use crate::pg::{Result, Session};

/// Reads the columns of all tables, in the order of schema, table and position. Leaves out system schemas.
///
/// # Errors
/// Server errors.
pub async fn columns(session: &Session) -> Result<Vec<Column>> {
    let types = Types::read(session).await?;
    let mut checks = checks(session).await?;
    let mut unique = unique(session).await?;
    let mut found = Vec::new();
    for row in query(session).await? {
        let relation: u32 = row.get(3);
        let id: ColumnId = (relation, row.get(4));
        let own_checks = checks.columns.remove(&id).unwrap_or_default();
        let of_type: bool = row.get(11);
        let mut column = column(&row, &types, own_checks, &checks);
        column.unique = unique.remove(&id).unwrap_or_default();
        found.push((relation, of_type, column));
    }
    let mut siblings: BTreeMap<u32, BTreeMap<String, Type>> = BTreeMap::new();
    let mut attributes: BTreeMap<u32, Vec<Column>> = BTreeMap::new();
    for (relation, _, column) in &found {
        siblings.entry(*relation).or_default().insert(column.name.clone(), column.base.clone());
        attributes.entry(*relation).or_default().push(column.clone());
    }
    let siblings: BTreeMap<u32, Arc<_>> = siblings.into_iter().map(|(table, all)| (table, Arc::new(all))).collect();
    let of_tables = found.into_iter().filter(|(_, of_type, _)| !of_type);
    Ok(of_tables
        .map(|(table, _, column)| {
            let siblings = siblings.get(&table).cloned().unwrap_or_default();
            Column { siblings, base: types.with_attributes(column.base, &attributes), ..column }
        })
        .collect())
}

/// Columns of tables, and attributes of composite types (last field).
async fn query(session: &Session) -> Result<Vec<Row>> {
    session
        .query(
            &format!("SELECT n.nspname::text, c.relname::text, a.attname::text, a.attrelid::oid, a.attnum::int4, a.atttypid::oid, a.atttypmod, \
                    a.attnotnull, a.attgenerated::text, a.attidentity::text, \
                    pg_catalog.format_type(a.atttypid, a.atttypmod), c.relkind = 'c' \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND {USER_SCHEMAS} \
             ORDER BY n.nspname, c.relname, a.attnum"),
            &[],
        )
        .await
}

/// One column, without its unique indexes and siblings.
fn column(row: &Row, types: &Types, mut checks: Vec<Check>, all: &Checks) -> Column {
    let (declared_oid, declared_typmod): (u32, i32) = (row.get(5), row.get(6));
    let (mut oid, mut typmod, mut not_null) = (declared_oid, declared_typmod, row.get::<_, bool>(7));
    let mut array = false;
    // The checks of a domain below an array apply to each element.
    while let Some(below) = types.below(oid) {
        if let Some(typmod_below) = below.domain {
            let of_domain = all.domains.get(&oid).into_iter().flatten();
            checks.extend(of_domain.map(|check| Check { of_elements: array, ..check.clone() }));
            not_null |= below.not_null;
            typmod = typmod_below;
        } else if array {
            break;
        } else {
            array = true;
        }
        oid = below.oid;
    }
    let base = types.base(oid);
    let bounded = base.schema == "pg_catalog" && ["varchar", "bpchar"].contains(&base.name.as_str());
    Column {
        schema: row.get(0),
        table: row.get(1),
        name: row.get(2),
        declared: types.declared(declared_oid, declared_typmod, row.get(10)),
        longest: usize::try_from(typmod - 4).ok().filter(|_| bounded && typmod >= 4),
        base,
        array,
        modifier: typmod,
        not_null,
        generated: !row.get::<_, String>(8).is_empty(),
        identity: !row.get::<_, String>(9).is_empty(),
        unique: Vec::new(),
        checks,
        siblings: Arc::default(),
    }
}
