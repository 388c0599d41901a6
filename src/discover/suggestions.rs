//! What could be written about columns of which nothing is said yet: guesses, each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::yaml_scalar;
use crate::config::{ColumnPath, TablePath};
use crate::discover::classify::{Guess, Proposal, guess};
use crate::error::Failure;
use crate::mask::coverage::{Catalog, Coverage};
use crate::pg::Session;
use crate::pg::catalog::Column;

use crate::discover::value_samples::{Samples, sample_values};

/// Values of each column that are looked at.
const SAMPLES: usize = 200;

/// Lines for the `mask:` section of `devdb.yaml`, for every open column. Empty when none is open.
///
/// # Errors
/// Tables that may not be read, and what the server says.
pub async fn lines(session: &Session, catalog: &Catalog, coverage: &Coverage) -> Result<String, Failure> {
    if coverage.open.is_empty() {
        return Ok(String::new());
    }
    let samples = sample_values(session, &coverage.open, &catalog.tables, SAMPLES).await?;
    Ok(written(&coverage.open, catalog, &samples))
}

/// The same without a look at values.
pub fn lines_by_name(catalog: &Catalog, coverage: &Coverage) -> String {
    if coverage.open.is_empty() { String::new() } else { written(&coverage.open, catalog, &Samples::new()) }
}

fn written(open: &[Column], catalog: &Catalog, samples: &Samples) -> String {
    let referring: BTreeSet<(&str, &str, &str)> = catalog
        .foreign_keys
        .iter()
        .flat_map(|key| key.columns.iter().map(|column| (key.schema.as_str(), key.table.as_str(), column.as_str())))
        .collect();
    let mut rules: BTreeMap<TablePath, Vec<String>> = BTreeMap::new();
    let (mut keep, mut unknown) = (Vec::new(), Vec::new());
    for column in open {
        let table = TablePath { schema: column.schema.clone(), table: column.table.clone() };
        let none = Vec::new();
        let values = samples.get(&(table.clone(), column.name.clone())).unwrap_or(&none);
        let refers = referring.contains(&(&column.schema, &column.table, &column.name));
        let Guess { proposal, reason, .. } = guess(column, values, refers);
        let path = yaml_scalar(&ColumnPath::of(&table, &column.name).to_string());
        match proposal {
            Proposal::Mask(mask) => {
                let line = format!("      {}: {mask} # {reason}", yaml_scalar(&column.name));
                rules.entry(table).or_default().push(line);
            }
            Proposal::Keep | Proposal::KeepType(_) | Proposal::Nothing => keep.push(format!("    - {path} # {reason}")),
            Proposal::Unknown => unknown.push(format!("    # - {path} # {reason}")),
        }
    }
    let mut text = String::from("add what is right to devdb.yaml; these are guesses:\nmask:\n");
    if !rules.is_empty() {
        text.push_str("  rules:\n");
    }
    for (table, lines) in rules {
        text.push_str(&format!("    {}:\n{}\n", yaml_scalar(&table.to_string()), lines.join("\n")));
    }
    if !keep.is_empty() || !unknown.is_empty() {
        text.push_str("  keep:\n");
        keep.extend(unknown);
        text.push_str(&keep.join("\n"));
    }
    text.trim_end().to_owned()
}
