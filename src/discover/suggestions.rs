//! Configuration lines for columns that have no masking rule yet, each with the reason for it.

use std::collections::{BTreeMap, BTreeSet};

use super::classify::{Classification, Proposal, classify};
use super::value_samples::{ValueSamples, sample_values};
use crate::config::{ColumnPath, TablePath, yaml_scalar};
use crate::error::Failure;
use crate::mask::coverage::{Catalog, Coverage};
use crate::pg::Session;
use crate::pg::catalog::Column;

/// Values read of each column.
const SAMPLES: usize = 200;

/// Returns lines for the `mask:` section of `devdb.yaml`, for every uncovered column, by names, types and sampled
/// values. Empty if every column is covered.
///
/// # Errors
/// Tables that the role may not read, and server errors.
pub async fn lines(session: &Session, catalog: &Catalog, coverage: &Coverage) -> Result<String, Failure> {
    if coverage.undecided.is_empty() {
        return Ok(String::new());
    }
    let samples = sample_values(session, &coverage.undecided, &catalog.tables, SAMPLES).await?;
    Ok(yaml(&coverage.undecided, catalog, &samples))
}

/// Returns the same lines by names and types alone.
pub fn lines_by_name(catalog: &Catalog, coverage: &Coverage) -> String {
    if coverage.undecided.is_empty() { String::new() } else { yaml(&coverage.undecided, catalog, &ValueSamples::new()) }
}

fn yaml(open: &[Column], catalog: &Catalog, samples: &ValueSamples) -> String {
    let referencing: BTreeSet<(&str, &str, &str)> = catalog
        .foreign_keys
        .iter()
        .flat_map(|key| key.columns.iter().map(|column| (key.schema.as_str(), key.table.as_str(), column.as_str())))
        .collect();
    let mut rules: BTreeMap<TablePath, Vec<String>> = BTreeMap::new();
    let (mut keep, mut unknown) = (Vec::new(), Vec::new());
    for column in open {
        let table = TablePath { schema: column.schema.clone(), table: column.table.clone() };
        let values = samples.get(&(table.clone(), column.name.clone())).map_or(&[][..], Vec::as_slice);
        let is_reference = referencing.contains(&(&column.schema, &column.table, &column.name));
        let Classification { proposal, reason, .. } = classify(column, values, is_reference);
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
    let mut text = String::from("suggestions for devdb.yaml; check each of them:\nmask:\n");
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
