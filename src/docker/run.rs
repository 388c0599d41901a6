//! The mark of a run on what it starts, and how a later run tells whether that one still lives: it holds
//! a lock on a file that has the run's id in its name. The engine cannot tell, and process numbers are used again.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use super::error::{Error, Result};

/// Label with the run's id.
pub(super) const RUN: &str = "devdb.run";
/// How old something must be before its run counts as dead though the file is not there: it may be in
/// another container's file system.
pub(super) const GRACE_SECONDS: i64 = 6 * 60 * 60;

/// A run that lives as long as this.
#[derive(Debug)]
pub struct RunMark {
    id: String,
    path: PathBuf,
    _lock: File,
}

impl RunMark {
    /// Begins a run.
    ///
    /// # Errors
    /// When no file can be made among the temporary ones.
    pub fn begin() -> Result<RunMark> {
        let id = format!("{:016x}", rand::random::<u64>());
        let path = file(&id);
        let failed = |error: std::io::Error| Error::Place { what: path.display().to_string(), why: error.to_string() };
        let lock = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| failed(error.into()))?;
        Ok(RunMark { id, path, _lock: lock })
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Labels for what the run starts. An image keeps them, so they tell nothing of this machine.
    pub fn labels(&self) -> HashMap<String, String> {
        [(RUN.to_owned(), self.id.clone())].into()
    }

    /// Ends the run when everything it started is gone.
    pub fn end(self) {
        // The file only says that nobody lives; one that stays says the same.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The file that a run holds locked.
fn file(id: &str) -> PathBuf {
    std::env::temp_dir().join(format!("devdb-run-{id}.lock"))
}

/// Whether the run that marked something is dead. `created` and `now` in seconds.
pub(super) fn is_dead(labels: &HashMap<String, String>, created: i64, now: i64) -> bool {
    let Some(id) = labels.get(RUN).filter(|id| id.chars().all(|c| c.is_ascii_hexdigit())) else { return false };
    match File::open(file(id)) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok(),
        Err(_) => now - created > GRACE_SECONDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_lives_as_long_as_its_lock() {
        let run = RunMark::begin().unwrap();
        let labels = run.labels();
        assert!(!is_dead(&labels, 0, i64::MAX));
        // Killed: the file stays, the lock is gone.
        let path = run.path.clone();
        drop(run);
        assert!(path.exists() && is_dead(&labels, 100, 100));
        std::fs::remove_file(path).unwrap();
        assert!(!is_dead(&labels, 100, 100 + GRACE_SECONDS));
        assert!(is_dead(&labels, 100, 101 + GRACE_SECONDS));
        assert!(!is_dead(&HashMap::new(), 0, i64::MAX));
    }
}
