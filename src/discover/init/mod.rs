//! A first `devdb.yaml` for a database: a mask for what looks personal, each with its reason, what can be
//! kept, and the rest as comments. What stands in a comment is not said, so that coverage goes on failing
//! until somebody has decided.

mod root;
mod text;

use std::collections::BTreeMap;

use crate::config::TablePath;
use crate::discover::classify::{Guess, guess};
use crate::discover::value_samples;
use crate::discover::value_samples::sample_values;
use crate::mask::coverage::Catalog;
use crate::pg::Session;
use crate::pg::catalog::{Column, Form, Table};

pub use root::{Root, root};
pub use text::text;

/// Rows of each table that are looked at.
pub const SAMPLED: usize = 300;

/// A database and what its columns probably hold.
pub struct Draft {
    /// Its name.
    pub database: String,
    /// Its catalog.
    pub catalog: Catalog,
    /// Guesses by table and column, for all that has to be decided about.
    pub guesses: BTreeMap<(TablePath, String), Guess>,
}

/// Looks at a database; only reads.
///
/// # Errors
/// Tables that this role may not read, and what the server says.
pub async fn look(session: &Session) -> Result<Draft, value_samples::Error> {
    let catalog = Catalog::read(session).await?;
    let samples = sample_values(session, &catalog.columns, &catalog.tables, SAMPLED).await?;
    let database = session.database().to_owned();
    Ok(Draft { database, guesses: guesses(&catalog, &samples), catalog })
}

/// Guesses for all columns that are no foreign table's and are not inherited.
pub fn guesses(catalog: &Catalog, samples: &value_samples::Samples) -> BTreeMap<(TablePath, String), Guess> {
    let by_path: BTreeMap<(&str, &str), &Table> =
        catalog.tables.iter().map(|table| ((table.schema.as_str(), table.name.as_str()), table)).collect();
    let of = |column: &Column| by_path.get(&(column.schema.as_str(), column.table.as_str())).copied();
    let inherited = |column: &Column, table: &Table| {
        table.parents.iter().any(|(schema, parent)| {
            catalog.columns.iter().any(|one| one.schema == *schema && one.table == *parent && one.name == column.name)
        })
    };
    let mut guesses = BTreeMap::new();
    for column in &catalog.columns {
        let Some(table) = of(column).filter(|table| table.form != Form::Foreign) else { continue };
        if inherited(column, table) {
            continue;
        }
        let place = (TablePath { schema: column.schema.clone(), table: column.table.clone() }, column.name.clone());
        let refers = catalog
            .foreign_keys
            .iter()
            .any(|key| key.schema == column.schema && key.table == column.table && key.columns.contains(&column.name));
        let values = samples.get(&place).map_or(&[] as &[String], Vec::as_slice);
        guesses.insert(place, guess(column, values, refers));
    }
    guesses
}
