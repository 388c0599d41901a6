//! Writing an archive: made beside its place, and put there when it is whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::join::Join;
use super::pack::{blocking, pack};
use super::stage::Stage;
use super::{AFTER, BEFORE, MANIFEST, SUM, files, is_packed, rows_file};
use crate::digest::hex;
use crate::event::Listener;
use crate::sample::TableCopy;
use crate::sample::load::error::{Error, Result};
use crate::sample::load::{Copied, Progress, Rows};
use crate::sample::manifest::Manifest;
use crate::sample::schema::Schema;

/// The step that events of writing an archive are of.
const STEP: &str = "archive";

/// Writes a sample to a folder, or to one file when the path ends in `.tar.zst`. What stands there already
/// is only replaced when told to. Nothing stands there that is not whole, however this ends.
///
/// # Errors
/// What the file system says.
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
    let stage = Stage::beside(path)?;
    let folder = stage.path().join("archive");
    for sub in ["schema", "rows"] {
        let sub = folder.join(sub);
        std::fs::create_dir_all(&sub).map_err(|error| Error::io(&sub, &error))?;
    }
    put(&folder.join(BEFORE), schema.pre_data_text().as_bytes())?;
    put(&folder.join(AFTER), schema.post_data_text().as_bytes())?;
    let copied = rows(from, &folder, jobs, listener).await?;
    let manifest = Manifest::of(from, schema, &copied, labels);
    put(&folder.join(MANIFEST), manifest.text().as_bytes())?;
    put(&folder.join(SUM), format!("{}\n", manifest.sha256()).as_bytes())?;
    let made = if is_packed(path) {
        let packed = stage.path().join("archive.tar.zst");
        let (files, to) = (files(&manifest), packed.clone());
        blocking(move |stop| pack(&folder, &files, &to, stop)).await?;
        packed
    } else {
        folder
    };
    if path.is_dir() {
        // A folder cannot be put in the place of another; the old one goes with the stage.
        let old = stage.path().join("old");
        std::fs::rename(path, &old).map_err(|error| Error::io(path, &error))?;
    }
    std::fs::rename(&made, path).map_err(|error| Error::io(path, &error))?;
    Ok(manifest)
}

/// Whether an archive may be written there.
///
/// # Errors
/// What stands there already, when it is not to be replaced; what the file system says.
pub fn check(path: &Path, replace: bool) -> Result<()> {
    let why = if path.symlink_metadata().is_ok() && !replace {
        "is there already; pass --replace to have it replaced"
    } else if path.is_dir() && !is_one(path) {
        "is a folder, and no archive: it is not replaced"
    } else {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return tempfile::tempfile_in(parent).map(drop).map_err(|error| Error::io(parent, &error));
    };
    Err(Error::File { path: path.to_owned(), why: why.into() })
}

/// Whether a folder is an archive, or empty.
fn is_one(path: &Path) -> bool {
    let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    is_empty || [MANIFEST, SUM].iter().all(|name| path.join(name).is_file())
}

/// Writes the rows of every table that has some, several tables at a time.
async fn rows<R: Rows + ?Sized>(from: &R, folder: &Path, jobs: usize, listener: &dyn Listener) -> Result<Vec<Copied>> {
    let tables = from.tables();
    let progress = &Progress::new(listener, STEP, tables.iter().map(|table| table.bytes).sum());
    let next = &AtomicUsize::new(0);
    let workers = (0..jobs.max(1)).map(|_| async move {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(table) = tables.get(at) else { return Ok::<_, Error>(done) };
            if table.rows > 0 {
                let file =
                    folder.join(rows_file(at, &crate::sample::manifest::ManifestTable::of(table, &Copied::default())));
                done.push((at, one(from, at, table, &file, progress).await?));
            }
        }
    });
    let mut copied = vec![Copied::default(); tables.len()];
    for (at, one) in try_join_all(workers).await?.into_iter().flatten() {
        copied[at] = one;
    }
    Ok(copied)
}

/// Writes the rows of one table, its streams one after the other.
async fn one<R: Rows + ?Sized>(
    from: &R,
    at: usize,
    table: &TableCopy,
    path: &Path,
    progress: &Progress<'_>,
) -> Result<Copied> {
    let failed = |error: std::io::Error| Error::io(path, &error);
    let name = table.path();
    let file = tokio::fs::File::create_new(path).await.map_err(failed)?;
    let (mut file, mut hash, mut bytes) = (BufWriter::with_capacity(256 * 1024, file), Sha256::new(), 0);
    let mut join = Join::new(table.binary);
    for part in 0..from.parts(at) {
        join.begin();
        let mut stream = from.copy(at, part).await?;
        while let Some(piece) = stream.next().await {
            let piece = join.take(piece?);
            hash.update(&piece);
            bytes += piece.len() as u64;
            progress.moved(&name, piece.len() as u64);
            file.write_all(&piece).await.map_err(failed)?;
        }
    }
    let end = join.end();
    hash.update(&end);
    bytes += end.len() as u64;
    file.write_all(&end).await.map_err(failed)?;
    file.flush().await.map_err(failed)?;
    file.get_ref().sync_all().await.map_err(failed)?;
    progress.table(&name, table.rows, bytes);
    Ok(Copied { rows: table.rows, bytes, sha256: hex(&hash.finalize()) })
}

fn put(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| Error::io(path, &error))
}
