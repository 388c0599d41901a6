//! The folder that an archive is made in, beside where it will be. A killed run leaves it, by a name
//! that nobody takes for an archive; the next run to the same place removes it.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::sample::load::error::{Error, Result};
use crate::sample::private_dir::try_lock;

/// A folder of our own, removed when dropped.
pub(super) struct Stage {
    path: PathBuf,
    /// Held as long as we live: an unlocked one has nobody who works in it.
    _lock: File,
}

impl Stage {
    /// Makes one beside `target`, and removes those that others have left.
    pub(super) fn beside(target: &Path) -> Result<Stage> {
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let Some(name) = target.file_name() else {
            return Err(Error::File { path: target.to_owned(), why: "names no file".into() });
        };
        let prefix = format!("{}.partial-", name.to_string_lossy());
        for entry in std::fs::read_dir(parent).map_err(|error| Error::io(parent, &error))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) && try_lock(&entry.path()).is_some() {
                // One that cannot be removed is in nobody's way.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let path = parent.join(format!("{prefix}{:016x}", rand::random::<u64>()));
        // What is in it is for whoever may read the place it goes to; until then for us only.
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::io(&path, &error))?;
        match try_lock(&path) {
            Some(lock) => Ok(Stage { path, _lock: lock }),
            None => Err(Error::File { path, why: "cannot be locked".into() }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // After a folder was moved to its place there is nothing to remove.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
