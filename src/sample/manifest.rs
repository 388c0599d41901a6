//! What a sample says of itself: what is in it, how much, and by which hashes it is known. It stands in an
//! archive beside the rows, and as labels on an image.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::TableCopy;
use super::load::{Copied, Rows};
use super::schema::Schema;
use crate::digest::{hex, sha256};

/// Version of the form; an archive of another one is refused.
pub const FORM: u32 = 1;

/// What a sample says of itself. It holds no time and no name of a machine: the same seeds, key and
/// snapshot give the same manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form.
    pub form: u32,
    /// Version of the program that wrote it.
    pub devdb: String,
    /// The source's major version.
    pub postgres: u32,
    /// SHA-256 of the schema.
    pub schema_sha256: String,
    /// What the caller wants to be known by it: snapshot, configuration's and seeds' hashes.
    pub labels: BTreeMap<String, String>,
    /// Tables in the order of schema and name.
    pub tables: Vec<ManifestTable>,
}

/// A table in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// The columns that its rows have.
    pub columns: Vec<String>,
    /// The type of each of them, qualified and quoted.
    pub types: Vec<String>,
    /// Whether these are in PostgreSQL's binary format.
    pub binary: bool,
    /// Rows.
    pub rows: u64,
    /// Bytes of the rows in that format.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: String,
}

impl Manifest {
    /// Of a sample whose rows went by.
    pub fn of<R: Rows + ?Sized>(
        rows: &R,
        schema: &Schema,
        copied: &[Copied],
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

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// SHA-256 of the manifest as it is written: the one hash that stands for all of the sample.
    pub fn sha256(&self) -> String {
        sha256(self.text())
    }

    /// It as it is written.
    pub fn text(&self) -> String {
        // A structure of strings and numbers always has a JSON form.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl ManifestTable {
    pub(super) fn of(table: &TableCopy, copied: &Copied) -> ManifestTable {
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

    /// It as a load wants it.
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
    /// SHA-256 of all statements.
    pub fn sha256(&self) -> String {
        schema_sha256(&self.pre_data_text(), &self.post_data_text())
    }
}

/// SHA-256 of a schema from the texts of its halves.
pub(super) fn schema_sha256(before: &str, after: &str) -> String {
    let mut hash = Sha256::new();
    for text in [before, after] {
        // With the length, or the border between the halves could be moved.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hex(&hash.finalize())
}
