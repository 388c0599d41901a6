//! Reads every value of a database, table by table.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;

use super::copy_text::TextFormat;
use super::limits::MAX_CHARS;
use super::{Detection, Exemptions, RowScanner};
use crate::config::TablePath;
use crate::discover::DiscoverError;
use crate::discover::readable::require_readable;
use crate::pg::as_owner::AssumedRole;
use crate::pg::catalog::USER_SCHEMAS;
use crate::pg::row_security::begin_unforced;
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
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

/// [`audit`] of a clone, on which the session may assume roles: a table that it may not read, or of which a policy hides rows,
/// is read with its owner's rights. One transaction per table: a table whose policies are forced on its owner is locked
/// while it is read.
///
/// # Errors
/// Server errors, also for a table that cannot be read as its owner.
pub async fn audit_as_owners(session: &Session, exemptions: &Exemptions) -> Result<Vec<Detection>, DiscoverError> {
    apply_strict_settings(session).await?;
    let mut detections = Vec::new();
    for (table, columns) in &tables(session).await? {
        let found = match scan_table(session, table, columns, exemptions).await {
            Err(DiscoverError::Server(error)) if error.is_permission_denied() => {
                scan_as_owner(session, table, columns, exemptions).await
            }
            result => result,
        };
        detections.extend(found?);
    }
    reset_settings(session).await?;
    Ok(detections)
}

async fn scan_as_owner(
    session: &Session,
    table: &TablePath,
    columns: &[(String, TextFormat)],
    exemptions: &Exemptions,
) -> Result<Vec<Detection>, DiscoverError> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1::text::name AND c.relname = $2::text::name",
            &[&table.schema, &table.table],
        )
        .await?;
    let owner: &str = row.get(0);
    let assumed = AssumedRole::assume(session, owner).await?;
    begin_unforced(session, owner, Some((&table.schema, &table.table))).await?;
    let found = scan_table(session, table, columns, exemptions).await;
    session.run("ROLLBACK").await?;
    assumed.release(session).await?;
    found
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
