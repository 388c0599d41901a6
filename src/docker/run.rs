//! The label of a run on its containers and images, and whether that run is alive: a live run holds a lock on a file
//! named by its id. The engine does not know, and process numbers are reused.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use super::error::{Error, Result};

/// Label whose value is the run's id.
pub(super) const RUN_LABEL: &str = "devdb.run";
/// Age at which the run of a container or image counts as dead if its file is missing: the file may be in another
/// container's file system.
const GRACE_SECONDS: i64 = 6 * 60 * 60;

/// A run, alive until this is dropped.
#[derive(Debug)]
pub struct RunMark {
    id: String,
    path: PathBuf,
    _lock: File,
}

impl RunMark {
    /// Begins a run: creates and locks its file.
    ///
    /// # Errors
    /// If the file cannot be created in the temporary directory.
    pub fn begin() -> Result<RunMark> {
        let id = format!("{:016x}", rand::random::<u64>());
        let path = file(&id);
        let failed =
            |error: std::io::Error| Error::Config { origin: path.display().to_string(), why: error.to_string() };
        let lock = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| failed(error.into()))?;
        Ok(RunMark { id, path, _lock: lock })
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Labels of the run's containers. An image keeps them, so they contain nothing about this machine.
    pub fn labels(&self) -> HashMap<String, String> {
        [(RUN_LABEL.to_owned(), self.id.clone())].into()
    }

    /// Ends the run after all its containers are removed.
    pub fn end(self) {
        // An unlocked file that remains also means that the run is dead.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The file that a run locks.
fn file(id: &str) -> PathBuf {
    std::env::temp_dir().join(format!("devdb-run-{id}.lock"))
}

/// Whether the run in the labels is dead. `created` and `now` in seconds since the epoch.
pub(super) fn is_dead(labels: &HashMap<String, String>, created: i64, now: i64) -> bool {
    let Some(id) = labels.get(RUN_LABEL).filter(|id| id.chars().all(|c| c.is_ascii_hexdigit())) else { return false };
    match File::open(file(id)) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok(),
        Err(_) => now - created > GRACE_SECONDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_alive_while_it_holds_its_lock() {
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
