//! The staging directory of an archive, next to its path. A killed run leaves it under a name that is not the archive's;
//! the next run with the same path removes it.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::sample::load::error::{Error, Result};
use crate::sample::private_dir::try_lock;

/// A staging directory, removed when dropped.
pub(super) struct StagingDir {
    path: PathBuf,
    /// Held until it is dropped: an unlocked staging directory is orphaned.
    _lock: File,
}

impl StagingDir {
    /// Creates one next to `target` and removes orphaned ones.
    pub(super) fn beside(target: &Path) -> Result<StagingDir> {
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let Some(name) = target.file_name() else {
            return Err(Error::File { path: target.to_owned(), why: "is not the name of a file".into() });
        };
        let prefix = format!("{}.partial-", name.to_string_lossy());
        for entry in std::fs::read_dir(parent).map_err(|error| Error::io(parent, &error))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) && try_lock(&entry.path()).is_some() {
                // An orphan that cannot be removed does no harm.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let path = parent.join(format!("{prefix}{:016x}", rand::random::<u64>()));
        // Readable for this user only: it protects the rows until they are at their path.
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::io(&path, &error))?;
        match try_lock(&path) {
            Some(lock) => Ok(StagingDir { path, _lock: lock }),
            None => Err(Error::File { path, why: "cannot be locked".into() }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for StagingDir {
    fn drop(&mut self) {
        // Fails without harm if the directory is gone.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
