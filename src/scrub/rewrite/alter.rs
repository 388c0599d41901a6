//! The fast method: one `ALTER TABLE` for all columns of a table. `USING` sees the old values of the row.

use super::attributes::Attributes;
use super::index_names::IndexNames;
use super::introspect::MaskedTable;
use super::redacted_exec;
use super::unit::Unit;
use crate::pg::{self, Session, identifier};

/// Rewrites a unit inside the open transaction.
///
/// A partitioned table is altered at its root, which rewrites its partitions one after the other. Rewriting each on its own
/// would require to detach them (and to attach their indexes, keys and constraints again), and pays off only where one table
/// is larger than all others together.
pub(super) async fn rewrite(session: &Session, unit: &Unit) -> pg::Result<()> {
    let relations: Vec<u32> =
        unit.tables.iter().flat_map(|table| &table.relations).map(|relation| relation.oid).collect();
    let attributes = Attributes::read(session, &relations).await?;
    let names = IndexNames::read(session, &relations).await?;
    // Children come first: their own columns are masked from old values. Inherited columns are masked with the parent, by the
    // same expression.
    for table in &unit.tables {
        if let Some(sql) = statement(session, table, unit).await? {
            redacted_exec::run(session, &sql).await?;
        }
    }
    names.restore(session, &relations).await?;
    attributes.restore(session, &relations).await
}

/// Returns the `ALTER TABLE`, or `None` if all masked columns are inherited.
async fn statement(session: &Session, table: &MaskedTable, unit: &Unit) -> pg::Result<Option<String>> {
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

/// Returns the clauses that keep storage and compression, which `TYPE` resets to the type's defaults. In the same statement,
/// they apply to the new values.
async fn storage(session: &Session, table: &MaskedTable) -> pg::Result<Vec<String>> {
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
