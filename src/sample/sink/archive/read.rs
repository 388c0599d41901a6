//! Reading an archive: everything in it is held against its hashes before anything is loaded, and once
//! more while it is.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::pack::{blocking, unpack};
use super::{AFTER, BEFORE, MANIFEST, SUM, files, is_packed, rows_file};
use crate::digest::{hex, sha256};
use crate::sample::TableCopy;
use crate::sample::load::error::{Error, Result};
use crate::sample::load::{Bytestream, Rows};
use crate::sample::manifest::{FORM, Manifest, schema_sha256};
use crate::sample::private_dir::PrivateDir;
use crate::sample::schema::Schema;

const CHUNK: usize = 64 * 1024;

/// An archive whose every byte was held against its hashes.
pub struct Archive {
    manifest: Manifest,
    schema: Schema,
    tables: Vec<TableCopy>,
    folder: PathBuf,
    /// Where a packed one was unpacked to; gone with this.
    _unpacked: Option<PrivateDir>,
}

impl Archive {
    /// Opens a folder or a `.tar.zst`, and verifies all of it. The latter is unpacked among the temporary
    /// files (`TMPDIR`).
    ///
    /// # Errors
    /// [`Error::Archive`] when it is not whole, not unchanged, or of another form.
    pub async fn open(path: &Path) -> Result<Archive> {
        let path = path.to_owned();
        blocking(move |stop| open(&path, stop)).await
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The schema in it.
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
            names = files(&manifest(path, &folder)?);
        }
        Ok(match index {
            0 => Some(MANIFEST.to_owned()),
            1 => Some(SUM.to_owned()),
            later => names.get(later).cloned(),
        })
    })?;
    verify(path, folder, Some(private), stop)
}

fn manifest(path: &Path, folder: &Path) -> Result<Manifest> {
    let damaged = |why: String| Error::Archive { path: path.to_owned(), why };
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| damaged(format!("{name}: {error}")));
    let text = read(MANIFEST)?;
    if read(SUM)?.trim() != sha256(&text) {
        return Err(damaged(format!("{MANIFEST} is not the one that was written")));
    }
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| damaged(format!("{MANIFEST}: {error}")))?;
    if manifest.form != FORM {
        return Err(damaged(format!("it is of form {}, and this program reads form {FORM}", manifest.form)));
    }
    Ok(manifest)
}

fn verify(path: &Path, folder: PathBuf, unpacked: Option<PrivateDir>, stop: &AtomicBool) -> Result<Archive> {
    let damaged = |why: String| Error::Archive { path: path.to_owned(), why };
    let manifest = manifest(path, &folder)?;
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| damaged(format!("{name}: {error}")));
    let (before, after) = (read(BEFORE)?, read(AFTER)?);
    if schema_sha256(&before, &after) != manifest.schema_sha256 {
        return Err(damaged("its schema is not the one that was written".into()));
    }
    let schema = Schema::from_texts(&before, &after)?;
    for (index, table) in manifest.tables.iter().enumerate().filter(|(_, table)| table.rows > 0) {
        let name = rows_file(index, table);
        let found = digest(&folder.join(&name), stop).map_err(|error| match error.kind() {
            std::io::ErrorKind::Interrupted => Error::Interrupted,
            _ => damaged(format!("{name}: {error}")),
        })?;
        if found != table.sha256 {
            return Err(damaged(format!("{name} is not the one that was written")));
        }
    }
    let tables = manifest.tables.iter().map(crate::sample::manifest::ManifestTable::copy).collect();
    Ok(Archive { manifest, schema, tables, folder, _unpacked: unpacked })
}

fn digest(path: &Path, stop: &AtomicBool) -> std::io::Result<String> {
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
        let path = self.folder.join(rows_file(table, entry));
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
            // It may have been changed since it was verified.
            if hex(&hash.finalize()) != expected {
                return Err(Error::Archive { path, why: "changed while it was loaded".into() });
            }
            Ok(None)
        });
        Ok(Box::pin(stream))
    }
}
