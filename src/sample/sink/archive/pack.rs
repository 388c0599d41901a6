//! A folder as one `.tar.zst` and back.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tar;
use crate::sample::load::error::{Error, Result};

/// zstd's own default: beyond it, time grows faster than what is saved.
const LEVEL: i32 = 3;

/// Runs work that blocks, and has it stop early when the future is dropped.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static,
) -> Result<T> {
    struct Stop(Arc<AtomicBool>);
    impl Drop for Stop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = Stop(Arc::default());
    let stopped = stop.0.clone();
    let done = tokio::task::spawn_blocking(move || work(&stopped)).await;
    drop(stop);
    done.unwrap_or(Err(Error::Interrupted))
}

/// Packs files of a folder, in this order.
pub(super) fn pack(folder: &Path, files: &[String], to: &Path, stop: &AtomicBool) -> Result<()> {
    let failed = |error: io::Error| Error::io(to, &error);
    let out = File::create_new(to).map_err(failed)?;
    let mut encoder = zstd::Encoder::new(BufWriter::new(out), LEVEL).map_err(failed)?;
    // Any damage to what is packed is then seen while it is unpacked.
    encoder.include_checksum(true).map_err(failed)?;
    for name in files {
        let path = folder.join(name);
        let mut file = File::open(&path).map_err(|error| Error::io(&path, &error))?;
        let size = file.metadata().map_err(|error| Error::io(&path, &error))?.len();
        encoder.write_all(&tar::header(name, size).map_err(failed)?).map_err(failed)?;
        let copied =
            copy(&mut file, &mut encoder, stop).map_err(|error| stopped(&error).unwrap_or_else(|| failed(error)))?;
        if copied != size {
            return Err(failed(io::Error::other(format!("{name} changed while it was packed"))));
        }
        encoder.write_all(&tar::padding(size)).map_err(failed)?;
    }
    tar::end(&mut encoder).map_err(failed)?;
    let out = encoder.finish().map_err(failed)?.into_inner().map_err(|error| failed(error.into_error()))?;
    out.sync_all().map_err(failed)
}

/// Unpacks the files that `expected` says come next, with their sizes, and nothing else. `expected` is
/// asked again after each file: the first ones tell what the others are.
pub(super) fn unpack(
    from: &Path,
    folder: &Path,
    stop: &AtomicBool,
    mut expected: impl FnMut(usize) -> Result<Option<String>>,
) -> Result<()> {
    let damaged = |why: String| Error::Archive { path: from.to_owned(), why };
    let failed =
        |error: io::Error| stopped(&error).unwrap_or_else(|| damaged(format!("it is damaged or cut off: {error}")));
    let file = File::open(from).map_err(|error| Error::io(from, &error))?;
    let mut decoder = zstd::Decoder::new(BufReader::new(file)).map_err(failed)?;
    for index in 0.. {
        let found = tar::next(&mut decoder).map_err(failed)?;
        let (name, size) = match (found, expected(index)?) {
            (None, None) => break,
            (Some((name, size)), Some(wanted)) if name == wanted => (name, size),
            (found, wanted) => {
                let found = found.map_or("its end".to_owned(), |(name, _)| format!("{name:?}"));
                let wanted = wanted.map_or("its end".to_owned(), |name| format!("{name:?}"));
                return Err(damaged(format!("it holds {found} where {wanted} was expected")));
            }
        };
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io(parent, &error))?;
        }
        let mut out = File::create_new(&path).map_err(|error| Error::io(&path, &error))?;
        let copied = copy(&mut decoder.by_ref().take(size), &mut out, stop).map_err(failed)?;
        if copied != size {
            return Err(damaged("it is cut off".into()));
        }
        let mut padding = tar::padding(size);
        decoder.read_exact(&mut padding).map_err(failed)?;
    }
    // To the very end: the checksum stands there.
    let mut rest = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        let count = decoder.read(&mut rest).map_err(failed)?;
        total += count;
        if count == 0 {
            return Ok(());
        }
        if total > LONGEST_END || rest[..count].iter().any(|byte| *byte != 0) {
            return Err(damaged("something follows its end".into()));
        }
    }
}

/// Bytes of zero that a tar may end with: some programs fill up to ten kilobytes.
const LONGEST_END: usize = 1 << 20;

/// Copies to the end, unless told to stop.
fn copy(from: &mut impl Read, to: &mut impl Write, stop: &AtomicBool) -> io::Result<u64> {
    let (mut buffer, mut total) = (vec![0; 256 * 1024], 0);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        to.write_all(&buffer[..count])?;
        total += count as u64;
    }
}

fn stopped(error: &io::Error) -> Option<Error> {
    (error.kind() == io::ErrorKind::Interrupted).then_some(Error::Interrupted)
}
