//! A few values of every column, for guesses at what it holds. They stay in memory and are never shown.
//!
//! Reads in a transaction that cannot write, with policies off: under one a role without rights sees no
//! row and hears of no error.

use std::collections::BTreeMap;

use crate::config::TablePath;
use crate::error::{Exit, Failure};
use crate::pg::catalog::{Column, Form, Table};
use crate::pg::{self, Session, identifier, literal};

/// Values by table and column.
pub type Samples = BTreeMap<(TablePath, String), Vec<String>>;

/// Tables that have more rows than this are sampled by pages, smaller ones are read from their beginning.
const SMALL: u64 = 20_000;
/// Bytes beyond which a value is left out: a document cut short is none.
const LARGEST: u32 = 200_000;
/// Elements of an array that are looked at.
const ELEMENTS: u32 = 5;
const PATIENCE: &str = "30s";

/// Why there are no samples.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Tables that this role may not read.
    #[error("{role} may not read {}", list(.tables))]
    Denied {
        /// The role.
        role: String,
        /// The tables.
        tables: Vec<String>,
        /// What lets it read them.
        grants: Vec<String>,
    },
    /// What the server says.
    #[error("{0}")]
    Server(#[from] pg::Error),
}

fn list(tables: &[String]) -> String {
    match tables {
        [] | [_] | [_, _] | [_, _, _] => tables.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more tables", rest.len()),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied { ref grants, .. } => {
                let hint = format!("as an owner of these tables run: {}", grants.join(" "));
                Failure::new(Exit::Refused, error).hint(hint)
            }
            Error::Server(error) => error.into(),
        }
    }
}

/// Up to `most` values of each column, NULL left out, of arrays the first elements of so many. Bytes are
/// not read. Columns of foreign tables and of partitions have none: the table at the top stands for them.
///
/// # Errors
/// Tables that this role may not read, all of them by name; a statement that takes too long; what else
/// the server says.
pub async fn sample_values(
    session: &Session,
    columns: &[Column],
    tables: &[Table],
    most: usize,
) -> Result<Samples, Error> {
    session
        .run(&format!(
            "BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = '{PATIENCE}'; \
             SET LOCAL lock_timeout = '{PATIENCE}'; SET LOCAL search_path = pg_catalog"
        ))
        .await?;
    let samples = read(session, columns, tables, most).await;
    // A read has nothing to commit, and a lost connection has nothing to roll back.
    let _ = session.run("ROLLBACK").await;
    samples
}

async fn read(session: &Session, columns: &[Column], tables: &[Table], most: usize) -> Result<Samples, Error> {
    let wanted: Vec<&Table> =
        tables.iter().filter(|table| table.root.is_none() && table.form != Form::Foreign).collect();
    must_be_readable(session, wanted.iter().map(|table| (table.schema.as_str(), table.name.as_str()))).await?;
    let mut samples = Samples::new();
    for table in wanted {
        let own = |column: &&Column| {
            column.schema == table.schema && column.table == table.name && column.base.name != "bytea"
        };
        let columns: Vec<&Column> = columns.iter().filter(own).collect();
        if columns.is_empty() {
            continue;
        }
        let values: Vec<String> = columns.iter().map(|column| value(column)).collect();
        let from =
            format!("SELECT {} FROM {}.{}", values.join(", "), identifier(&table.schema), identifier(&table.name));
        let rows = table.rows.unwrap_or(0);
        let mut found = Vec::new();
        if rows > SMALL && table.form == Form::Ordinary {
            // Twice as many as are needed, since pages are not equally full.
            let share = (most as f64 * 200.0 / rows as f64).clamp(0.001, 100.0);
            found = session.query(&format!("{from} TABLESAMPLE SYSTEM ({share}) LIMIT {most}"), &[]).await?;
        }
        if found.len() < most / 2 {
            found = session.query(&format!("{from} LIMIT {most}"), &[]).await?;
        }
        let place = TablePath { schema: table.schema.clone(), table: table.name.clone() };
        for (at, column) in columns.iter().enumerate() {
            let texts = found.iter().flat_map(|row| row.get::<_, Option<Vec<Option<String>>>>(at).unwrap_or_default());
            samples.insert((place.clone(), column.name.clone()), texts.flatten().collect());
        }
    }
    Ok(samples)
}

/// The value as an array of texts.
fn value(column: &Column) -> String {
    let name = identifier(&column.name);
    if column.array {
        return format!("ARRAY(SELECT e::pg_catalog.text FROM pg_catalog.unnest({name}) AS e LIMIT {ELEMENTS})");
    }
    format!("ARRAY[CASE WHEN pg_catalog.pg_column_size({name}) <= {LARGEST} THEN {name}::pg_catalog.text END]")
}

/// All at once, so that one round of grants is enough.
pub(crate) async fn must_be_readable<'a>(
    session: &Session,
    tables: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let names: Vec<String> = tables.map(|(schema, name)| format!("({}, {})", literal(schema), literal(name))).collect();
    if names.is_empty() {
        return Ok(());
    }
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, pg_catalog.has_schema_privilege(n.oid, 'USAGE'), \
                        pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.row_security_active(c.oid), \
                        CURRENT_USER::text, pg_catalog.pg_get_userbyid(c.relowner)::text \
                 FROM (VALUES {}) AS w (schema, name) \
                 JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema \
                 JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name ORDER BY 1, 2",
                names.join(", ")
            ),
            &[],
        )
        .await?;
    let (mut denied, mut grants, mut role) = (Vec::new(), Vec::new(), String::new());
    for row in rows {
        let (schema, table, owner): (String, String, String) = (row.get(0), row.get(1), row.get(6));
        let (usage, select, policies): (bool, bool, bool) = (row.get(2), row.get(3), row.get(4));
        role = row.get(5);
        if usage && select && !policies {
            continue;
        }
        denied.push(format!("{schema}.{table}"));
        let to = identifier(&role);
        if !usage {
            grants.push(format!("GRANT USAGE ON SCHEMA {} TO {to};", identifier(&schema)));
        }
        if !select {
            grants.push(format!("GRANT SELECT ON {}.{} TO {to};", identifier(&schema), identifier(&table)));
        }
        if policies {
            // Nobody but the owner and roles with this attribute see all rows.
            grants.push(format!("GRANT {} TO {to}; (or ALTER ROLE {to} BYPASSRLS;)", identifier(&owner)));
        }
    }
    grants.dedup();
    if denied.is_empty() { Ok(()) } else { Err(Error::Denied { role, tables: denied, grants }) }
}
