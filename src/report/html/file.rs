//! The file of the page.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Returns the regular file that a path names. A rename would replace a device or a symbolic link.
///
/// # Errors
/// The path is a folder, a device, or not accessible.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match path.metadata() {
        Ok(found) if found.is_file() => path.canonicalize(),
        Ok(found) if found.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(_) => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => Ok(path.to_owned()),
        Err(error) => Err(error),
    }
}

/// Returns the path for a run: the path itself for the first, `report-2.html` for the second.
pub(super) fn numbered(path: &Path, run: usize) -> PathBuf {
    if run < 2 {
        return path.to_owned();
    }
    let (stem, end) = (path.file_stem().unwrap_or_default(), path.extension());
    let mut name = std::ffi::OsString::from(stem);
    name.push(format!("-{run}"));
    if let Some(end) = end {
        name.push(".");
        name.push(end);
    }
    path.with_file_name(name)
}

/// Replaces a file atomically; without a text, only tests that this is possible.
///
/// # Errors
/// The folder cannot be written to.
pub(super) fn replace(path: &Path, text: Option<&str>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::File::create(&beside).and_then(|mut file| match text {
        Some(text) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, path)
        }
        None => std::fs::remove_file(&beside),
    });
    if written.is_err() {
        // It may not exist.
        let _ = std::fs::remove_file(&beside);
    }
    written
}
