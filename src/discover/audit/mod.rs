//! The detectors over every value of a database, whatever was or was not masked. Counts only.
//!
//! Text, documents, arrays, composite values and network addresses are read; numbers, times, enums, UUIDs
//! and bytes are not. Tables, partitions and materialized views are read; foreign tables are elsewhere.

mod copy_binary;
mod copy_text;
mod scanner;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt as _;

use crate::config::TablePath;
use crate::discover::detect::{Domains, Kind};
use crate::discover::value_samples::{Error, must_be_readable};
use crate::pg::catalog::OWN;
use crate::pg::{self, Session, identifier};

pub use scanner::{Watch, is_seen_in_binary};

/// How a column is looked at in its text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Not at all.
    None,
    /// As it is.
    Plain,
    /// Element by element.
    Array,
}

/// Characters of a value that are looked at: it is held in memory.
const LONGEST: usize = 4_000_000;
/// Bytes that so many characters may have, and in the text form of COPY, where some become two.
const LONGEST_BINARY: usize = 4 * LONGEST;
const LONGEST_TEXT: usize = 2 * LONGEST_BINARY;

/// What is no finding.
#[derive(Clone, Debug)]
pub struct Exemptions {
    /// Mail domains that are nobody's.
    pub domains: Domains,
    /// Kinds that a column's own mask makes (`mask::detect::resembled`).
    pub columns: BTreeMap<(TablePath, String), BTreeSet<Kind>>,
}

/// A column with values that look like something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Its schema.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its name.
    pub column: String,
    /// What they look like.
    pub kind: Kind,
    /// Rows with at least one.
    pub rows: u64,
    /// Rows that were read.
    pub of: u64,
}

/// Looks at every value; only reads, in one table after the other.
///
/// # Errors
/// Tables that this role may not read, and what the server says.
pub async fn audit(session: &Session, spared: &Exemptions) -> Result<Vec<Finding>, Error> {
    session
        .run(
            "BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; \
             SET LOCAL search_path = pg_catalog",
        )
        .await?;
    let findings = read(session, spared).await;
    // A read has nothing to commit, and a lost connection has nothing to roll back.
    let _ = session.run("ROLLBACK").await;
    findings
}

async fn read(session: &Session, spared: &Exemptions) -> Result<Vec<Finding>, Error> {
    let tables = tables(session).await?;
    must_be_readable(session, tables.keys().map(|table| (table.schema.as_str(), table.table.as_str()))).await?;
    let mut findings = Vec::new();
    for (table, columns) in &tables {
        findings.extend(of_table(session, table, columns, spared).await?);
    }
    Ok(findings)
}

/// Columns whose values can hold text, by table, and whether they are arrays.
async fn tables(session: &Session) -> Result<BTreeMap<TablePath, Vec<(String, Sight)>>, Error> {
    // A domain has the category of its base type: numbers, dates, booleans, enums, intervals, geometry.
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, a.attname::text, t.typcategory = 'A' \
                 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 WHERE c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND {OWN} \
                   AND t.typcategory NOT IN ('N', 'D', 'B', 'E', 'T', 'G') AND t.typname NOT IN ('bytea', 'uuid') \
                   AND NOT (t.typcategory = 'R' AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace) \
                   AND (c.relkind <> 'm' OR c.relispopulated) \
                 ORDER BY n.nspname, c.relname, a.attnum"
            ),
            &[],
        )
        .await?;
    let mut tables: BTreeMap<TablePath, Vec<(String, Sight)>> = BTreeMap::new();
    for row in rows {
        let sight = if row.get(3) { Sight::Array } else { Sight::Plain };
        tables.entry(TablePath { schema: row.get(0), table: row.get(1) }).or_default().push((row.get(2), sight));
    }
    Ok(tables)
}

async fn of_table(
    session: &Session,
    table: &TablePath,
    columns: &[(String, Sight)],
    spared: &Exemptions,
) -> Result<Vec<Finding>, Error> {
    // No more than is looked at, and documents of every type as text.
    let value = |name: &String| format!("pg_catalog.left({}::pg_catalog.text, {LONGEST})", identifier(name));
    let values: Vec<String> = columns.iter().map(|(name, _)| value(name)).collect();
    let sql = format!(
        "COPY (SELECT {} FROM ONLY {}.{}) TO STDOUT",
        values.join(", "),
        identifier(&table.schema),
        identifier(&table.table)
    );
    let mut watch = Watch::new(table, columns, spared);
    let stream = session.client().copy_out(&sql).await.map_err(|error| pg::Error::of(error, &sql))?;
    let mut stream = std::pin::pin!(stream);
    while let Some(chunk) = stream.try_next().await.map_err(|error| pg::Error::of(error, &sql))? {
        watch.feed(&chunk);
    }
    Ok(watch.findings())
}
