//! A sample as files: a folder, or one `.tar.zst` of the same. The same seeds, key and snapshot give the
//! same bytes: nothing in it tells when, where or in how many streams it was written.
//!
//! ```text
//! manifest.json             what is in it, with the hash of everything else
//! manifest.sha256           the hash of that
//! schema/before.sql         statements that make what rows need
//! schema/after.sql          statements that add indexes, constraints, triggers
//! rows/0001-app.users.copy  what COPY takes, one file for each table that has rows
//! ```

mod join;
mod pack;
mod read;
mod stage;
mod tar;
mod write;

use std::path::Path;

pub use read::Archive;
pub use write::{check, write};

use crate::sample::manifest::{Manifest, ManifestTable};

const MANIFEST: &str = "manifest.json";
const SUM: &str = "manifest.sha256";
const BEFORE: &str = "schema/before.sql";
const AFTER: &str = "schema/after.sql";

/// Whether a path means one packed file.
fn is_packed(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".tar.zst")
}

/// The file with a table's rows. The number makes it unique; the name is for people.
fn rows_file(index: usize, table: &ManifestTable) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let name = format!("{}.{}", table.schema, table.table);
    let name: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(60).collect();
    format!("rows/{:04}-{name}.copy", index + 1)
}

/// Every file of an archive in order, the manifest first.
fn files(manifest: &Manifest) -> Vec<String> {
    let mut files: Vec<String> = [MANIFEST, SUM, BEFORE, AFTER].map(str::to_owned).into();
    let tables = manifest.tables.iter().enumerate().filter(|(_, table)| table.rows > 0);
    files.extend(tables.map(|(index, table)| rows_file(index, table)));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain_and_unique() {
        let table = |name: &str| ManifestTable {
            schema: "../app".into(),
            table: name.into(),
            columns: Vec::new(),
            types: Vec::new(),
            binary: true,
            rows: 1,
            bytes: 1,
            sha256: String::new(),
        };
        assert_eq!(rows_file(0, &table("주문/x")), "rows/0001-.._app.___x.copy");
        assert!(rows_file(12_345, &table(&"x".repeat(200))).len() < 100);
    }
}
