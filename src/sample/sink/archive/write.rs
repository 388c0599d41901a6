//! Writing an archive: created in a staging directory next to its path and renamed when it is complete.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::blocking::blocking;
use super::join::StreamJoiner;
use super::layout::{MANIFEST, MANIFEST_HASH, POST_DATA, PRE_DATA, files, is_packed, rows_file};
use super::pack::pack;
use super::stage::StagingDir;
use crate::digest::hex;
use crate::event::Listener;
use crate::sample::TableCopy;
use crate::sample::load::error::{Error, Result};
use crate::sample::load::{CopiedTable, Progress, Rows};
use crate::sample::manifest::Manifest;
use crate::sample::schema::Schema;

/// The step name of the events.
const STEP: &str = "archive";

/// Writes a sample to a directory, or to one file if the path ends in `.tar.zst`. An existing archive is replaced only if
/// `replace` is set. The path never has an incomplete archive.
///
/// # Errors
/// See [`check`]; errors of the file system and of `from`.
pub async fn write<R: Rows + ?Sized>(
    from: &R,
    schema: &Schema,
    path: &Path,
    labels: BTreeMap<String, String>,
    jobs: usize,
    replace: bool,
    listener: &dyn Listener,
) -> Result<Manifest> {
    check(path, replace)?;
    let stage = StagingDir::beside(path)?;
    let folder = stage.path().join("archive");
    for sub in ["schema", "rows"] {
        let sub = folder.join(sub);
        std::fs::create_dir_all(&sub).map_err(|error| Error::io(&sub, &error))?;
    }
    write_file(&folder.join(PRE_DATA), schema.pre_data_text().as_bytes())?;
    write_file(&folder.join(POST_DATA), schema.post_data_text().as_bytes())?;
    let copied = write_rows(from, &folder, jobs, listener).await?;
    let manifest = Manifest::of(from, schema, &copied, labels);
    write_file(&folder.join(MANIFEST), manifest.text().as_bytes())?;
    write_file(&folder.join(MANIFEST_HASH), format!("{}\n", manifest.sha256()).as_bytes())?;
    let complete = if is_packed(path) {
        let packed = stage.path().join("archive.tar.zst");
        let (files, to) = (files(&manifest), packed.clone());
        blocking(move |stop| pack(&folder, &files, &to, stop)).await?;
        packed
    } else {
        folder
    };
    if path.is_dir() {
        // A rename cannot replace a directory that is not empty. The old one is removed with the staging directory.
        let old = stage.path().join("old");
        std::fs::rename(path, &old).map_err(|error| Error::io(path, &error))?;
    }
    std::fs::rename(&complete, path).map_err(|error| Error::io(path, &error))?;
    Ok(manifest)
}

/// Checks whether an archive may be written to a path.
///
/// # Errors
/// If the path exists and may not be replaced, or the file system refuses a new file.
pub fn check(path: &Path, replace: bool) -> Result<()> {
    let why = if path.symlink_metadata().is_ok() && !replace {
        "already exists; pass --replace to replace it"
    } else if path.is_dir() && !is_archive_or_empty(path) {
        "is a directory but not an archive, and is not replaced"
    } else {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return tempfile::tempfile_in(parent).map(drop).map_err(|error| Error::io(parent, &error));
    };
    Err(Error::File { path: path.to_owned(), why: why.into() })
}

/// Whether a directory is empty or has an archive.
fn is_archive_or_empty(path: &Path) -> bool {
    let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    is_empty || [MANIFEST, MANIFEST_HASH].iter().all(|name| path.join(name).is_file())
}

/// Writes the rows of all tables, `jobs` tables at a time.
async fn write_rows<R: Rows + ?Sized>(
    from: &R,
    folder: &Path,
    jobs: usize,
    listener: &dyn Listener,
) -> Result<Vec<CopiedTable>> {
    let tables = from.tables();
    let progress = &Progress::new(listener, STEP, tables.iter().map(|table| table.bytes).sum());
    let next = &AtomicUsize::new(0);
    let workers = (0..jobs.max(1)).map(|_| async move {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(table) = tables.get(index) else { return Ok::<_, Error>(done) };
            if table.rows > 0 {
                let file = folder.join(rows_file(index, &table.schema, &table.table));
                done.push((index, write_table(from, index, table, &file, progress).await?));
            }
        }
    });
    let mut copied = vec![CopiedTable::default(); tables.len()];
    for (index, table) in try_join_all(workers).await?.into_iter().flatten() {
        copied[index] = table;
    }
    Ok(copied)
}

/// Writes the rows of one table, its streams one after the other.
async fn write_table<R: Rows + ?Sized>(
    from: &R,
    index: usize,
    table: &TableCopy,
    path: &Path,
    progress: &Progress<'_>,
) -> Result<CopiedTable> {
    let failed = |error: std::io::Error| Error::io(path, &error);
    let name = table.path();
    let file = tokio::fs::File::create_new(path).await.map_err(failed)?;
    let (mut file, mut hash, mut bytes) = (BufWriter::with_capacity(256 * 1024, file), Sha256::new(), 0);
    let mut joiner = StreamJoiner::new(table.binary);
    for part in 0..from.parts(index) {
        joiner.begin();
        let mut stream = from.copy(index, part).await?;
        while let Some(piece) = stream.next().await {
            let piece = joiner.push(piece?);
            hash.update(&piece);
            bytes += piece.len() as u64;
            progress.moved(&name, piece.len() as u64);
            file.write_all(&piece).await.map_err(failed)?;
        }
    }
    let end = joiner.finish();
    hash.update(&end);
    bytes += end.len() as u64;
    file.write_all(&end).await.map_err(failed)?;
    file.flush().await.map_err(failed)?;
    file.get_ref().sync_all().await.map_err(failed)?;
    progress.table(&name, table.rows, bytes);
    Ok(CopiedTable { rows: table.rows, bytes, sha256: hex(&hash.finalize()) })
}

/// Writes a new file and syncs it to disk.
fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| Error::io(path, &error))
}
