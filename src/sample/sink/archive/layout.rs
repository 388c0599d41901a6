//! The files of an archive.

use std::path::Path;

use crate::sample::manifest::{Manifest, ManifestTable};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const MANIFEST_HASH: &str = "manifest.sha256";
pub(super) const PRE_DATA: &str = "schema/before.sql";
pub(super) const POST_DATA: &str = "schema/after.sql";

/// Whether a path is one of a packed archive.
pub(super) fn is_packed(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".tar.zst")
}

/// Returns the file with the rows of a table. The number makes it unique, the name is for people.
pub(super) fn rows_file(index: usize, schema: &str, table: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let name = format!("{schema}.{table}");
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).take(60).collect();
    format!("rows/{:04}-{name}.copy", index + 1)
}

/// Returns the tables that have rows, with the file of each.
pub(super) fn rows_files(manifest: &Manifest) -> impl Iterator<Item = (&ManifestTable, String)> {
    let tables = manifest.tables.iter().enumerate().filter(|(_, table)| table.rows > 0);
    tables.map(|(index, table)| (table, rows_file(index, &table.schema, &table.table)))
}

/// Returns all files of an archive in order, the manifest first.
pub(super) fn files(manifest: &Manifest) -> Vec<String> {
    let mut files: Vec<String> = [MANIFEST, MANIFEST_HASH, PRE_DATA, POST_DATA].map(str::to_owned).into();
    files.extend(rows_files(manifest).map(|(_, file)| file));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain_and_unique() {
        assert_eq!(rows_file(0, "../app", "주문/x"), "rows/0001-.._app.___x.copy");
        assert!(rows_file(12_345, "app", &"x".repeat(200)).len() < 100);
    }
}
