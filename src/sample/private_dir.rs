//! A temporary directory that only this user can read, removed when dropped.

use std::fs::{DirBuilder, File, Metadata};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, geteuid, test_kill_process};

use super::load::error::{Error, Result};

/// A temporary directory. Directories that killed runs left behind are removed when the next one is created.
pub(crate) struct PrivateDir {
    path: PathBuf,
    /// Held until the directory is dropped.
    _lock: Option<File>,
}

impl PrivateDir {
    /// Creates a directory for small files.
    pub(crate) fn new() -> Result<PrivateDir> {
        PrivateDir::within(&small_temp_dir()?)
    }

    /// Creates a directory for files of any size.
    pub(crate) fn large() -> Result<PrivateDir> {
        PrivateDir::within(&large_temp_dir()?)
    }

    fn within(parent: &Path) -> Result<PrivateDir> {
        remove_orphaned(parent);
        let path = parent.join(format!("{PREFIX}{}-{:016x}", std::process::id(), rand::random::<u64>()));
        // An existing directory is an error: another user may have created it.
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::io(&path, &error))?;
        Ok(PrivateDir { _lock: try_lock(&path), path })
    }

    /// The path of the directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in the directory and returns its path.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, content).map_err(|error| Error::io(&path, &error))?;
        Ok(path)
    }
}

const PREFIX: &str = "devdb-";

/// Removes directories whose process no longer exists. Those that cannot be removed do no harm.
fn remove_orphaned(parent: &Path) {
    let is_own = |found: &Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok());
        let Some(process) = process.and_then(Pid::from_raw) else { continue };
        // A process in another container is not visible here, but holds the lock.
        if test_kill_process(process) == Err(rustix::io::Errno::SRCH)
            && entry.metadata().is_ok_and(|found| is_own(&found))
            && try_lock(&entry.path()).is_some()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Locks a directory. Returns `None` if another process holds the lock, or locking fails.
pub(super) fn try_lock(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    flock(&directory, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(directory)
}

/// Returns `TMPDIR`; `None` if it is unset or empty.
fn configured() -> Result<Option<PathBuf>> {
    match std::env::var_os("TMPDIR").filter(|value| !value.is_empty()).map(PathBuf::from) {
        Some(path) if !path.is_dir() => Err(Error::TemporaryDirectory { path }),
        other => Ok(other),
    }
}

/// Returns the parent directory for small temporary files: `TMPDIR`, or else `/tmp`.
fn small_temp_dir() -> Result<PathBuf> {
    Ok(configured()?.unwrap_or_else(|| "/tmp".into()))
}

/// Returns the parent directory for temporary files of any size: `TMPDIR`, or else `/var/tmp`, which unlike `/tmp` is
/// never in memory.
pub(super) fn large_temp_dir() -> Result<PathBuf> {
    let large = Path::new("/var/tmp");
    configured()?.map_or_else(|| if large.is_dir() { Ok(large.to_owned()) } else { small_temp_dir() }, Ok)
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        // If it cannot be removed, the system cleans up its temporary directory.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_killed_runs_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let create = |name: String| {
            let path = parent.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let orphaned = create(format!("devdb-{}-0123456789abcdef", child.id()));
        std::fs::write(orphaned.join("rows"), "x").unwrap();
        let own = create(format!("devdb-{}-0123456789abcdef", std::process::id()));
        let locked = create(format!("devdb-{}-fedcba9876543210", child.id()));
        let others = [create("devdb-run-1".into()), create("devdb-0-1".into()), create("else-1-1".into())];
        let held = try_lock(&locked).unwrap();
        let mine = PrivateDir::within(parent.path()).unwrap();
        assert!(!orphaned.exists() && own.exists() && locked.exists() && others.iter().all(|other| other.exists()));
        assert!(try_lock(mine.path()).is_none(), "it is locked against removal by other runs");
        drop(held);
        let path = mine.path().to_owned();
        drop(mine);
        assert!(!path.exists());
    }
}
