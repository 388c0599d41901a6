//! Reads every value of a database, table by table.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;

use super::copy_text::TextFormat;
use super::limits::MAX_CHARS;
use super::{Detection, Exemptions, RowScanner};
use crate::config::TablePath;
use crate::discover::DiscoverError;
use crate::discover::readable::require_readable;
use crate::pg::catalog::USER_SCHEMAS;
use crate::pg::{self, Session, identifier};

/// Scans every value of a database in a read-only transaction, one table after the other.
///
/// # Errors
/// Tables that the role may not read, and server errors.
pub async fn audit(session: &Session, exemptions: &Exemptions) -> Result<Vec<Detection>, DiscoverError> {
    session
        .run(
            "BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; \
             SET LOCAL search_path = pg_catalog",
        )
        .await?;
    let detections = scan(session, exemptions).await;
    // A read has nothing to commit, and a lost connection has nothing to roll back.
    let _ = session.run("ROLLBACK").await;
    detections
}

async fn scan(session: &Session, exemptions: &Exemptions) -> Result<Vec<Detection>, DiscoverError> {
    let tables = tables(session).await?;
    require_readable(session, tables.keys().map(|table| (table.schema.as_str(), table.table.as_str()))).await?;
    let mut detections = Vec::new();
    for (table, columns) in &tables {
        detections.extend(scan_table(session, table, columns, exemptions).await?);
    }
    Ok(detections)
}

/// Columns whose values can hold text, by table.
async fn tables(session: &Session) -> Result<BTreeMap<TablePath, Vec<(String, TextFormat)>>, DiscoverError> {
    // A domain has the category of its base type: numbers, dates, booleans, enums, intervals, geometry.
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, a.attname::text, t.typcategory = 'A' \
                 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 WHERE c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND {USER_SCHEMAS} \
                   AND t.typcategory NOT IN ('N', 'D', 'B', 'E', 'T', 'G') AND t.typname NOT IN ('bytea', 'uuid') \
                   AND NOT (t.typcategory = 'R' AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace) \
                   AND (c.relkind <> 'm' OR c.relispopulated) \
                 ORDER BY n.nspname, c.relname, a.attnum"
            ),
            &[],
        )
        .await?;
    let mut tables: BTreeMap<TablePath, Vec<(String, TextFormat)>> = BTreeMap::new();
    for row in rows {
        let format = if row.get(3) { TextFormat::Array } else { TextFormat::Plain };
        tables.entry(TablePath { schema: row.get(0), table: row.get(1) }).or_default().push((row.get(2), format));
    }
    Ok(tables)
}

async fn scan_table(
    session: &Session,
    table: &TablePath,
    columns: &[(String, TextFormat)],
    exemptions: &Exemptions,
) -> Result<Vec<Detection>, DiscoverError> {
    // Values are cut on the server, and documents of every type are sent as text.
    let value = |name: &String| format!("pg_catalog.left({}::pg_catalog.text, {MAX_CHARS})", identifier(name));
    let values: Vec<String> = columns.iter().map(|(name, _)| value(name)).collect();
    let sql = format!(
        "COPY (SELECT {} FROM ONLY {}.{}) TO STDOUT",
        values.join(", "),
        identifier(&table.schema),
        identifier(&table.table)
    );
    let mut scanner = RowScanner::for_text(table, columns, exemptions);
    let stream = session.copy_out(&sql).await.map_err(|error| pg::Error::of(error, &sql))?;
    let mut stream = std::pin::pin!(stream);
    while let Some(piece) = stream.try_next().await.map_err(|error| pg::Error::of(error, &sql))? {
        scanner.feed(&piece)?;
    }
    Ok(scanner.finish()?)
}
