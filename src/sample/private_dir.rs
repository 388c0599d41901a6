//! A folder that only we can read, gone when dropped.

use std::fs::{DirBuilder, File, Metadata};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, geteuid, test_kill_process};

use super::load::error::{Error, Result};

/// A folder among the temporary files. One that a killed run has left is removed when the next one is made there.
pub(crate) struct PrivateDir {
    path: PathBuf,
    /// Held as long as we live.
    _lock: Option<File>,
}

impl PrivateDir {
    /// For what is small.
    pub(crate) fn new() -> Result<PrivateDir> {
        PrivateDir::within(&std::env::temp_dir())
    }

    /// For what may be of any size.
    pub(crate) fn large() -> Result<PrivateDir> {
        PrivateDir::within(&large_temp_dir())
    }

    fn within(parent: &Path) -> Result<PrivateDir> {
        remove_leftovers(parent);
        let path = parent.join(format!("{PREFIX}{}-{:016x}", std::process::id(), rand::random::<u64>()));
        // An existing folder is an error: somebody else may have made it.
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::io(&path, &error))?;
        Ok(PrivateDir { _lock: try_lock(&path), path })
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

const PREFIX: &str = "devdb-";

/// Removes folders whose program is gone. Those that cannot be removed are in nobody's way.
fn remove_leftovers(parent: &Path) {
    let ours = |found: &Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let program = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok());
        let Some(program) = program.and_then(Pid::from_raw) else { continue };
        // A lock is what another container's program has.
        if test_kill_process(program) == Err(rustix::io::Errno::SRCH)
            && entry.metadata().is_ok_and(|found| ours(&found))
            && try_lock(&entry.path()).is_some()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Locks a folder; none when somebody else has, or it cannot be.
pub(super) fn try_lock(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(folder)
}

/// Where files of any size may be for a while: `TMPDIR`, else `/var/tmp`, which unlike `/tmp` is never in memory.
pub(super) fn large_temp_dir() -> PathBuf {
    let large = Path::new("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() { large.to_owned() } else { std::env::temp_dir() }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_has_left_goes_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let make = |name: String| {
            let path = parent.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let left = make(format!("devdb-{}-0123456789abcdef", child.id()));
        std::fs::write(left.join("rows"), "x").unwrap();
        let alive = make(format!("devdb-{}-0123456789abcdef", std::process::id()));
        let elsewhere = make(format!("devdb-{}-fedcba9876543210", child.id()));
        let others = [make("devdb-run-1".into()), make("devdb-0-1".into()), make("else-1-1".into())];
        let held = try_lock(&elsewhere).unwrap();
        let mine = PrivateDir::within(parent.path()).unwrap();
        assert!(!left.exists() && alive.exists() && elsewhere.exists() && others.iter().all(|other| other.exists()));
        assert!(try_lock(mine.path()).is_none(), "nobody else takes it for left");
        drop(held);
        let path = mine.path().to_owned();
        drop(mine);
        assert!(!path.exists());
    }
}
