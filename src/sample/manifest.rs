//! The manifest of a sample: its tables with their rows, bytes and hashes. An archive contains it as a file, an image as
//! labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::TableCopy;
use super::load::{CopiedTable, Rows};
use super::schema::Schema;
use crate::digest::{hex, sha256};

/// The version of the format. An archive of another version is refused.
pub const FORM: u32 = 1;

/// The content of a sample. It contains no time and no host name: the same seeds, key and snapshot give the same
/// manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub form: u32,
    /// The version of the program that wrote it.
    pub devdb: String,
    /// The source's major version.
    pub postgres: u32,
    /// SHA-256 of the schema.
    pub schema_sha256: String,
    /// Labels of the caller: the snapshot, and hashes of the configuration and the seed rows.
    pub labels: BTreeMap<String, String>,
    /// Tables, ordered by schema and name.
    pub tables: Vec<ManifestTable>,
}

/// A table in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// The columns of its rows.
    pub columns: Vec<String>,
    /// The type of each column, qualified and quoted.
    pub types: Vec<String>,
    /// Whether the rows are in PostgreSQL's binary format.
    pub binary: bool,
    /// The number of rows.
    pub rows: u64,
    /// The bytes of the rows in that format.
    pub bytes: u64,
    /// The SHA-256 of these bytes.
    pub sha256: String,
}

impl Manifest {
    /// Returns the manifest of a sample that was copied.
    pub fn of<R: Rows + ?Sized>(
        rows: &R,
        schema: &Schema,
        copied: &[CopiedTable],
        labels: BTreeMap<String, String>,
    ) -> Manifest {
        let tables = rows.tables().iter().zip(copied).map(|(table, copied)| ManifestTable::of(table, copied)).collect();
        Manifest {
            form: FORM,
            devdb: env!("CARGO_PKG_VERSION").to_owned(),
            postgres: rows.major(),
            schema_sha256: schema.sha256(),
            labels,
            tables,
        }
    }

    /// The rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// The SHA-256 of the manifest's text, which identifies the sample.
    pub fn sha256(&self) -> String {
        sha256(self.text())
    }

    /// The text of the manifest: JSON.
    pub fn text(&self) -> String {
        // A structure of strings and numbers always has a JSON form.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl ManifestTable {
    pub(super) fn of(table: &TableCopy, copied: &CopiedTable) -> ManifestTable {
        ManifestTable {
            schema: table.schema.clone(),
            table: table.table.clone(),
            columns: table.columns.clone(),
            types: table.types.clone(),
            binary: table.binary,
            rows: copied.rows,
            bytes: copied.bytes,
            sha256: copied.sha256.clone(),
        }
    }

    /// Returns the table as the source of a load.
    pub fn copy(&self) -> TableCopy {
        TableCopy {
            schema: self.schema.clone(),
            table: self.table.clone(),
            columns: self.columns.clone(),
            types: self.types.clone(),
            binary: self.binary,
            rows: self.rows,
            bytes: self.bytes,
        }
    }
}

impl Schema {
    /// The SHA-256 of all statements.
    pub fn sha256(&self) -> String {
        schema_sha256(&self.pre_data_text(), &self.post_data_text())
    }
}

/// Returns the SHA-256 of a schema from the texts of its halves.
pub(super) fn schema_sha256(pre_data: &str, post_data: &str) -> String {
    let mut hash = Sha256::new();
    for text in [pre_data, post_data] {
        // With the length, so that statements cannot move from one half to the other.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hex(&hash.finalize())
}
