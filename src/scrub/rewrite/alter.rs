//! The fast way: one `ALTER TABLE` for all columns of a table. `USING` sees the old values of the row.

use super::attributes::Before;
use super::index_names::IndexNames;
use super::introspect::Table;
use super::plan::Unit;
use super::redacted_exec;
use crate::pg::{self, Session, identifier};

/// Rewrites a unit inside the open transaction.
///
/// A partitioned table is altered at its root, which rewrites its partitions one after the other in one
/// transaction. Each on its own would need them detached (and their indexes, keys and constraints
/// attached again), for a gain only where one table is larger than all others together.
pub(super) async fn rewrite(session: &Session, unit: &Unit) -> pg::Result<()> {
    let relations: Vec<u32> =
        unit.tables.iter().flat_map(|table| &table.relations).map(|relation| relation.oid).collect();
    let marks = Before::read(session, &relations).await?;
    let names = IndexNames::read(session, &relations).await?;
    // Children come first: what they have of their own is masked from old values. What they inherit is
    // masked with their parent, by the same expression.
    for table in &unit.tables {
        if let Some(sql) = statement(session, table, unit).await? {
            redacted_exec::run(session, &sql).await?;
        }
    }
    names.restore(session, &relations).await?;
    marks.restore(session, &relations).await
}

async fn statement(session: &Session, table: &Table, unit: &Unit) -> pg::Result<Option<String>> {
    let storage = storage(session, table).await?;
    let parents = unit.tables.iter().filter(|other| other.children.contains(&table.oid));
    let inherited: Vec<&str> =
        parents.flat_map(|parent| &parent.mask.columns).map(|column| column.name.as_str()).collect();
    let mut parts = Vec::new();
    for (column, kind) in table.mask.columns.iter().zip(&table.types) {
        if inherited.contains(&column.name.as_str()) {
            continue;
        }
        let name = identifier(&column.name);
        parts.push(format!("ALTER COLUMN {name} TYPE {kind} USING ({})", column.expression.sql));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    parts.extend(storage);
    Ok(Some(format!("ALTER TABLE {} {}", table.sql, parts.join(", "))))
}

/// `TYPE` gives a column its type's own storage. Set in the same statement, the new values are stored
/// as the old ones were.
async fn storage(session: &Session, table: &Table) -> pg::Result<Vec<String>> {
    let names: Vec<&str> = table.mask.columns.iter().map(|column| column.name.as_str()).collect();
    let rows = session
        .query(
            "SELECT a.attname::text, CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' \
                 WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END, \
                 CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[]) AND NOT a.attisdropped",
            &[&table.oid, &names],
        )
        .await?;
    let mut parts = Vec::new();
    for row in &rows {
        let name = identifier(row.get(0));
        parts.extend(row.get::<_, Option<&str>>(1).map(|storage| format!("ALTER COLUMN {name} SET STORAGE {storage}")));
        parts.extend(row.get::<_, Option<&str>>(2).map(|with| format!("ALTER COLUMN {name} SET COMPRESSION {with}")));
    }
    Ok(parts)
}
