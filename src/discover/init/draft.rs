//! Classification of a whole database.

use std::collections::BTreeMap;

use crate::config::TablePath;
use crate::discover::DiscoverError;
use crate::discover::classify::{Classification, classify};
use crate::discover::value_samples::{ValueSamples, sample_values};
use crate::mask::coverage::Catalog;
use crate::pg::Session;
use crate::pg::catalog::{Column, Form, Table};

/// Rows of each table that are sampled.
const SAMPLED_ROWS: usize = 300;

/// A database and the classification of its columns.
pub struct Draft {
    /// The database's name.
    pub database: String,
    /// Its catalog.
    pub catalog: Catalog,
    /// The columns that need a decision, by table and name.
    pub columns: BTreeMap<(TablePath, String), Classification>,
}

/// Reads a database in a read-only transaction and classifies its columns.
///
/// # Errors
/// Tables that the role may not read, and server errors.
pub async fn draft(session: &Session) -> Result<Draft, DiscoverError> {
    let catalog = Catalog::read(session).await?;
    let samples = sample_values(session, &catalog.columns, &catalog.tables, SAMPLED_ROWS).await?;
    let database = session.database().to_owned();
    Ok(Draft { database, columns: classify_all(&catalog, &samples), catalog })
}

/// Classifies all columns except those of foreign tables and inherited ones.
fn classify_all(catalog: &Catalog, samples: &ValueSamples) -> BTreeMap<(TablePath, String), Classification> {
    let by_path: BTreeMap<(&str, &str), &Table> =
        catalog.tables.iter().map(|table| ((table.schema.as_str(), table.name.as_str()), table)).collect();
    let is_inherited = |column: &Column, table: &Table| {
        table.parents.iter().any(|(schema, parent)| {
            catalog.columns.iter().any(|one| one.schema == *schema && one.table == *parent && one.name == column.name)
        })
    };
    let mut classified = BTreeMap::new();
    for column in &catalog.columns {
        let Some(table) = by_path.get(&(column.schema.as_str(), column.table.as_str())) else { continue };
        if table.form == Form::Foreign || is_inherited(column, table) {
            continue;
        }
        let path = (TablePath { schema: column.schema.clone(), table: column.table.clone() }, column.name.clone());
        let is_reference = catalog
            .foreign_keys
            .iter()
            .any(|key| key.schema == column.schema && key.table == column.table && key.columns.contains(&column.name));
        let values = samples.get(&path).map_or(&[][..], Vec::as_slice);
        classified.insert(path, classify(column, values, is_reference));
    }
    classified
}
