//! Packing a directory into one `.tar.zst`, and unpacking it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::blocking::{copy, interruption};
use super::tar;
use crate::sample::load::error::{Error, Result};

/// The default level of zstd: above it, time grows faster than size shrinks.
const LEVEL: i32 = 3;

/// The most zero bytes at the end of a tar: some programs pad to ten kilobytes.
const MAX_PADDING: usize = 1 << 20;

/// Packs files of a directory, in this order.
pub(super) fn pack(folder: &Path, files: &[String], to: &Path, stop: &AtomicBool) -> Result<()> {
    let failed = |error: io::Error| Error::io(to, &error);
    let out = File::create_new(to).map_err(failed)?;
    let mut encoder = zstd::Encoder::new(BufWriter::new(out), LEVEL).map_err(failed)?;
    // Unpacking then detects every damage.
    encoder.include_checksum(true).map_err(failed)?;
    for name in files {
        let path = folder.join(name);
        let mut file = File::open(&path).map_err(|error| Error::io(&path, &error))?;
        let size = file.metadata().map_err(|error| Error::io(&path, &error))?.len();
        encoder.write_all(&tar::header(name, size).map_err(failed)?).map_err(failed)?;
        let copied = copy(&mut file, &mut encoder, stop)
            .map_err(|error| interruption(&error).unwrap_or_else(|| failed(error)))?;
        if copied != size {
            return Err(failed(io::Error::other(format!("{name} changed while it was packed"))));
        }
        encoder.write_all(&tar::padding(size)).map_err(failed)?;
    }
    tar::end(&mut encoder).map_err(failed)?;
    let out = encoder.finish().map_err(failed)?.into_inner().map_err(|error| failed(error.into_error()))?;
    out.sync_all().map_err(failed)
}

/// Unpacks exactly the files that `expected` returns for the indexes from 0. It is called after the previous file is
/// complete, because the first files list the others.
pub(super) fn unpack(
    from: &Path,
    folder: &Path,
    stop: &AtomicBool,
    mut expected: impl FnMut(usize) -> Result<Option<String>>,
) -> Result<()> {
    let damaged = |why: String| Error::Archive { path: from.to_owned(), why };
    let failed = |error: io::Error| {
        interruption(&error).unwrap_or_else(|| damaged(format!("the archive is damaged or truncated: {error}")))
    };
    let file = File::open(from).map_err(|error| damaged(error.to_string()))?;
    let mut decoder = zstd::Decoder::new(BufReader::new(file)).map_err(failed)?;
    for index in 0.. {
        let found = tar::next(&mut decoder).map_err(failed)?;
        let (name, size) = match (found, expected(index)?) {
            (None, None) => break,
            (Some((name, size)), Some(wanted)) if name == wanted => (name, size),
            (found, wanted) => {
                let shown = |name: Option<String>| name.map_or("its end".to_owned(), |name| format!("{name:?}"));
                let (found, wanted) = (shown(found.map(|(name, _)| name)), shown(wanted));
                return Err(damaged(format!("the archive has {found} instead of {wanted}")));
            }
        };
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io(parent, &error))?;
        }
        let mut out = File::create_new(&path).map_err(|error| Error::io(&path, &error))?;
        let copied = copy(&mut decoder.by_ref().take(size), &mut out, stop).map_err(failed)?;
        if copied != size {
            return Err(damaged("the archive is truncated".into()));
        }
        let mut padding = tar::padding(size);
        decoder.read_exact(&mut padding).map_err(failed)?;
    }
    match read_to_end(&mut decoder).map_err(failed)? {
        true => Ok(()),
        false => Err(damaged("the archive has data after its end".into())),
    }
}

/// Reads to the very end, where the checksum is. Returns whether there were only zero bytes.
fn read_to_end(from: &mut impl Read) -> io::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        let count = from.read(&mut buffer)?;
        total += count;
        if count == 0 {
            return Ok(true);
        }
        if total > MAX_PADDING || buffer[..count].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
}
