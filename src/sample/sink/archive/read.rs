//! Reading an archive. Every file is verified against its hash when the archive is opened, and again while it is loaded.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::blocking::blocking;
use super::layout::{MANIFEST, MANIFEST_HASH, POST_DATA, PRE_DATA, files, is_packed, rows_file, rows_files};
use super::pack::unpack;
use crate::digest::{hex, sha256};
use crate::sample::TableCopy;
use crate::sample::load::error::{Error, Result};
use crate::sample::load::{Bytestream, Rows};
use crate::sample::manifest::{FORM, Manifest, schema_sha256};
use crate::sample::private_dir::PrivateDir;
use crate::sample::schema::Schema;

/// The size of the pieces of a stream, in bytes.
const CHUNK: usize = 64 * 1024;

/// A verified archive.
pub struct Archive {
    manifest: Manifest,
    schema: Schema,
    tables: Vec<TableCopy>,
    folder: PathBuf,
    /// The directory that a packed archive was unpacked to; removed when dropped.
    _unpacked: Option<PrivateDir>,
}

impl Archive {
    /// Opens and verifies a directory or a `.tar.zst`. The latter is unpacked to a temporary directory (`TMPDIR`).
    ///
    /// # Errors
    /// [`Error::Archive`] if it is incomplete, changed, or of an unknown format.
    pub async fn open(path: &Path) -> Result<Archive> {
        let path = path.to_owned();
        blocking(move |stop| open(&path, stop)).await
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }
}

fn open(path: &Path, stop: &AtomicBool) -> Result<Archive> {
    if !is_packed(path) {
        return verify(path, path.to_owned(), None, stop);
    }
    let private = PrivateDir::large()?;
    let folder = private.path().to_owned();
    let mut names: Vec<String> = Vec::new();
    unpack(path, &folder, stop, |index| {
        if index == 2 {
            names = files(&read_manifest(path, &folder)?);
        }
        Ok(match index {
            0 => Some(MANIFEST.to_owned()),
            1 => Some(MANIFEST_HASH.to_owned()),
            later => names.get(later).cloned(),
        })
    })?;
    verify(path, folder, Some(private), stop)
}

/// Reads and verifies the manifest of an archive in a directory.
fn read_manifest(path: &Path, folder: &Path) -> Result<Manifest> {
    let damaged = |why: String| Error::Archive { path: path.to_owned(), why };
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| damaged(format!("{name}: {error}")));
    let text = read(MANIFEST)?;
    if read(MANIFEST_HASH)?.trim() != sha256(&text) {
        return Err(damaged(format!("{MANIFEST} does not match its hash")));
    }
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| damaged(format!("{MANIFEST}: {error}")))?;
    if manifest.form != FORM {
        return Err(damaged(format!("unknown format {}: this version of devdb reads format {FORM}", manifest.form)));
    }
    Ok(manifest)
}

/// Verifies all files of an archive in a directory.
fn verify(path: &Path, folder: PathBuf, unpacked: Option<PrivateDir>, stop: &AtomicBool) -> Result<Archive> {
    let damaged = |why: String| Error::Archive { path: path.to_owned(), why };
    let manifest = read_manifest(path, &folder)?;
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| damaged(format!("{name}: {error}")));
    let (pre_data, post_data) = (read(PRE_DATA)?, read(POST_DATA)?);
    if schema_sha256(&pre_data, &post_data) != manifest.schema_sha256 {
        return Err(damaged("the schema does not match its hash".into()));
    }
    let schema = Schema::from_texts(&pre_data, &post_data)?;
    for (table, name) in rows_files(&manifest) {
        let found = file_sha256(&folder.join(&name), stop).map_err(|error| match error.kind() {
            std::io::ErrorKind::Interrupted => Error::Interrupted,
            _ => damaged(format!("{name}: {error}")),
        })?;
        if found != table.sha256 {
            return Err(damaged(format!("{name} does not match its hash")));
        }
    }
    let tables = manifest.tables.iter().map(crate::sample::manifest::ManifestTable::copy).collect();
    Ok(Archive { manifest, schema, tables, folder, _unpacked: unpacked })
}

/// Returns the SHA-256 of a file in hexadecimal.
fn file_sha256(path: &Path, stop: &AtomicBool) -> std::io::Result<String> {
    let (mut file, mut hash, mut buffer) = (std::fs::File::open(path)?, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[async_trait]
impl Rows for Archive {
    fn tables(&self) -> &[TableCopy] {
        &self.tables
    }

    fn major(&self) -> u32 {
        self.manifest.postgres
    }

    fn parts(&self, _table: usize) -> usize {
        1
    }

    async fn copy(&self, table: usize, _part: usize) -> Result<Bytestream> {
        let entry = &self.manifest.tables[table];
        let path = self.folder.join(rows_file(table, &entry.schema, &entry.table));
        let file = tokio::fs::File::open(&path).await.map_err(|error| Error::io(&path, &error))?;
        let state = (file, Sha256::new(), entry.sha256.clone(), path);
        let stream = futures_util::stream::try_unfold(Some(state), |state| async move {
            let Some((mut file, mut hash, expected, path)) = state else { return Ok(None) };
            let mut buffer = vec![0; CHUNK];
            let count = file.read(&mut buffer).await.map_err(|error| Error::io(&path, &error))?;
            if count > 0 {
                buffer.truncate(count);
                hash.update(&buffer);
                return Ok(Some((Bytes::from(buffer), Some((file, hash, expected, path)))));
            }
            // The file may have changed since it was verified.
            if hex(&hash.finalize()) != expected {
                return Err(Error::Archive { path, why: "changed while it was loaded".into() });
            }
            Ok(None)
        });
        Ok(Box::pin(stream))
    }
}
