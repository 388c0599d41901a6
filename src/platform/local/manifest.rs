//! `backup_manifest`, which `pg_basebackup` writes last: the files of the backup with their sizes.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::tree::Tree;

/// Name of the file.
pub(super) const FILE: &str = "backup_manifest";
/// Files that may differ from the manifest, as in `pg_verifybackup`.
const MAY_DIFFER: [&str; 3] = ["postgresql.auto.conf", "recovery.signal", "standby.signal"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    /// `None` if the path is not UTF-8: then it is in `Encoded-Path`.
    path: Option<String>,
    size: u64,
}

/// Compares the files of a snapshot with its manifest: names and sizes, not checksums. Returns the first difference.
pub(super) fn difference(snapshot: &Path, tree: &Tree) -> Option<String> {
    let text = match std::fs::read(snapshot.join(FILE)) {
        Ok(text) => text,
        Err(error) => return Some(format!("{FILE} is not readable: {error}")),
    };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else {
        return Some(format!("{FILE} is cut off or damaged"));
    };
    let sizes: HashMap<&Path, u64> = tree.files().collect();
    manifest.files.iter().find_map(|entry| {
        let path = entry.path.as_deref().filter(|path| !MAY_DIFFER.contains(path))?;
        match sizes.get(Path::new(path)) {
            None => Some(format!("{path} is missing")),
            Some(size) if *size != entry.size => Some(format!("{path} has {size} instead of {} bytes", entry.size)),
            Some(_) => None,
        }
    })
}
