//! A folder that only we can read, gone when dropped.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::load::error::{Error, Result};

/// A folder among the temporary files.
pub(crate) struct Private {
    path: PathBuf,
}

impl Private {
    pub(crate) fn new() -> Result<Private> {
        let name = format!("devdb-{}-{:016x}", std::process::id(), rand::random::<u64>());
        let path = folder().join(name);
        // An existing folder is an error: somebody else may have made it.
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::io(&path, &error))?;
        Ok(Private { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file there.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, content).map_err(|error| Error::io(&path, &error))?;
        Ok(path)
    }
}

/// Where files of any size may be for a while: `TMPDIR`, else `/var/tmp`, which unlike `/tmp` is never in memory.
pub(super) fn folder() -> PathBuf {
    let large = Path::new("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() { large.to_owned() } else { std::env::temp_dir() }
}

impl Drop for Private {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
