//! The labels of an image, which describe the sample without starting it.

use std::collections::{BTreeMap, HashMap};

use crate::sample::manifest::Manifest;

/// Returns the labels of an image.
pub(super) fn labels(manifest: &Manifest) -> HashMap<String, String> {
    let tables: BTreeMap<String, u64> = manifest
        .tables
        .iter()
        .filter(|table| table.rows > 0)
        .map(|table| (format!("{}.{}", table.schema, table.table), table.rows))
        .collect();
    let mut labels: HashMap<String, String> = [
        ("devdb.version", manifest.devdb.clone()),
        ("devdb.postgres", manifest.postgres.to_string()),
        ("devdb.schema-sha256", manifest.schema_sha256.clone()),
        ("devdb.manifest-sha256", manifest.sha256()),
        ("devdb.rows", manifest.rows().to_string()),
        ("devdb.tables", serde_json::json!(tables).to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    labels.extend(manifest.labels.iter().map(|(name, value)| (format!("devdb.{name}"), value.clone())));
    labels
}
