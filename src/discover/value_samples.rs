//! A few values of every column, for its classification. They stay in memory and are never shown.
//!
//! Reads in a read-only transaction with row-level security off: with it, a role without rights would see no rows
//! and get no error.

use std::collections::BTreeMap;

use super::DiscoverError;
use super::readable::require_readable;
use crate::config::TablePath;
use crate::pg::catalog::{Column, Form, Table};
use crate::pg::{Session, identifier};

/// Values by table and column.
pub type ValueSamples = BTreeMap<(TablePath, String), Vec<String>>;

/// Rows above which a table is sampled by pages; a smaller one is read from its beginning.
const SMALL_TABLE_ROWS: u64 = 20_000;
/// Bytes above which a value is left out: a truncated document cannot be parsed.
const MAX_VALUE_BYTES: u32 = 200_000;
/// Elements read of an array.
const MAX_ELEMENTS: u32 = 5;
/// Limit for each statement, and for waiting for a lock.
const TIMEOUT: &str = "30s";

/// Reads up to `most` values of each column, without NULLs; of an array, its first elements. `bytea` columns are not
/// read. Columns of foreign tables and partitions have no values: those of the partitioned table represent them.
///
/// # Errors
/// [`DiscoverError::Denied`] with all tables that the role may not read; a statement that takes too long, and other
/// server errors.
pub async fn sample_values(
    session: &Session,
    columns: &[Column],
    tables: &[Table],
    most: usize,
) -> Result<ValueSamples, DiscoverError> {
    session
        .run(&format!(
            "BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = '{TIMEOUT}'; \
             SET LOCAL lock_timeout = '{TIMEOUT}'; SET LOCAL search_path = pg_catalog"
        ))
        .await?;
    let samples = read(session, columns, tables, most).await;
    // A read has nothing to commit, and a lost connection has nothing to roll back.
    let _ = session.run("ROLLBACK").await;
    samples
}

async fn read(
    session: &Session,
    columns: &[Column],
    tables: &[Table],
    most: usize,
) -> Result<ValueSamples, DiscoverError> {
    let tables: Vec<&Table> =
        tables.iter().filter(|table| table.root.is_none() && table.form != Form::Foreign).collect();
    require_readable(session, tables.iter().map(|table| (table.schema.as_str(), table.name.as_str()))).await?;
    let mut samples = ValueSamples::new();
    for table in tables {
        let is_sampled = |column: &&Column| {
            column.schema == table.schema && column.table == table.name && column.base.name != "bytea"
        };
        let columns: Vec<&Column> = columns.iter().filter(is_sampled).collect();
        if columns.is_empty() {
            continue;
        }
        let values: Vec<String> = columns.iter().map(|column| texts_of(column)).collect();
        let select =
            format!("SELECT {} FROM {}.{}", values.join(", "), identifier(&table.schema), identifier(&table.name));
        let rows = table.rows.unwrap_or(0);
        let mut found = Vec::new();
        if rows > SMALL_TABLE_ROWS && table.form == Form::Ordinary {
            // Twice the share needed, since pages are not equally full.
            let share = (most as f64 * 200.0 / rows as f64).clamp(0.001, 100.0);
            found = session.query(&format!("{select} TABLESAMPLE SYSTEM ({share}) LIMIT {most}"), &[]).await?;
        }
        if found.len() < most / 2 {
            found = session.query(&format!("{select} LIMIT {most}"), &[]).await?;
        }
        let path = TablePath { schema: table.schema.clone(), table: table.name.clone() };
        for (at, column) in columns.iter().enumerate() {
            let texts = found.iter().flat_map(|row| row.get::<_, Option<Vec<Option<String>>>>(at).unwrap_or_default());
            samples.insert((path.clone(), column.name.clone()), texts.flatten().collect());
        }
    }
    Ok(samples)
}

/// A column's value as an array of texts, in SQL.
fn texts_of(column: &Column) -> String {
    let name = identifier(&column.name);
    if column.array {
        return format!("ARRAY(SELECT e::pg_catalog.text FROM pg_catalog.unnest({name}) AS e LIMIT {MAX_ELEMENTS})");
    }
    format!("ARRAY[CASE WHEN pg_catalog.pg_column_size({name}) <= {MAX_VALUE_BYTES} THEN {name}::pg_catalog.text END]")
}
