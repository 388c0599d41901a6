//! Metadata of an instance, in `devdb.json` beside its data directory. An instance exists from the rename of its
//! directory to its final name, and the directory already contains this file: an instance never exists without tags.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::platform::error::{Error, Result};
use crate::platform::tag::Tags;

/// The data directory in an instance's directory.
pub(super) const DATA: &str = "data";
/// The server's log in an instance's directory. Only the server's account can read it.
pub(super) const LOG: &str = "server.log";
/// The lock that is held while files are copied, and while the server is started or stopped.
pub(super) const WORK_LOCK: &str = "work.lock";
const META_LOCK: &str = "devdb.lock";
const FILE: &str = "devdb.json";

/// Progress of the copy that creates an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Files are being copied.
    Copying,
    /// Complete. Whether its server runs is determined from the processes of the system.
    Ready,
    /// The copy failed; `failure` says why.
    Failed,
}

/// The content of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Meta {
    /// Immutable id: a random number.
    pub resource_id: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Progress of the copy.
    pub state: State,
    /// Major version of the data directory.
    pub major: u32,
    /// Port on 127.0.0.1, chosen at the first start.
    pub port: Option<u16>,
    /// Whether users other than the master user may connect.
    pub open: bool,
    /// Set by an administrator to keep devdb from removing the instance.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Why the copy failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Meta {
    /// Reads the file; `None` if there is no such instance.
    pub(super) fn read(directory: &Path) -> Result<Option<Meta>> {
        let path = directory.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Error::Local(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(path)(error)),
        }
    }

    /// Reads, changes and writes the file under a lock.
    pub(super) fn update(directory: &Path, change: impl FnOnce(&mut Meta)) -> Result<Meta> {
        let _held = lock(directory, META_LOCK)?;
        let mut meta =
            Meta::read(directory)?.ok_or_else(|| Error::Local(format!("{} does not exist", directory.display())))?;
        change(&mut meta);
        meta.write(directory)?;
        Ok(meta)
    }

    /// Replaces the file atomically.
    fn write(&self, directory: &Path) -> Result<()> {
        let path = directory.join(FILE);
        let temporary = directory.join(format!("{FILE}.new"));
        let text = serde_json::to_vec_pretty(self).map_err(|error| Error::Local(error.to_string()))?;
        let mut file = File::create(&temporary).map_err(Error::io(&temporary))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(Error::io(&temporary))?;
        fs::rename(&temporary, &path).map_err(Error::io(path))
    }

    /// Creates an instance's directory with this file in it; `false` if the name is taken.
    pub(super) fn create(&self, directory: &Path) -> Result<bool> {
        let draft = hidden_sibling(directory, "new", &self.resource_id);
        fs::create_dir(&draft).map_err(Error::io(&draft))?;
        self.write(&draft)?;
        match fs::rename(&draft, directory) {
            Ok(()) => Ok(true),
            Err(_) if directory.exists() => {
                fs::remove_dir_all(&draft).map_err(Error::io(&draft))?;
                Ok(false)
            }
            Err(error) => Err(Error::io(directory)(error)),
        }
    }
}

/// Takes a lock in an instance's directory. It is released when the returned file is dropped, or the process ends.
pub(super) fn lock(directory: &Path, name: &str) -> Result<File> {
    let path = directory.join(name);
    let file = File::create(&path).map_err(Error::io(&path))?;
    file.lock().map_err(Error::io(&path))?;
    Ok(file)
}

/// [`lock`] that waits without blocking the thread.
pub(super) async fn wait_for_lock(directory: &Path, name: &str) -> Result<File> {
    let path = directory.join(name);
    let file = File::create(&path).map_err(Error::io(&path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(TryLockError::Error(error)) => return Err(Error::io(path)(error)),
        }
    }
}

/// Whether a process holds that lock.
pub(super) fn is_locked(directory: &Path, name: &str) -> bool {
    File::open(directory.join(name)).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Returns the path of a hidden directory beside an instance's own. Listings skip it, and [`sweep`] removes it.
pub(super) fn hidden_sibling(directory: &Path, purpose: &str, id: &str) -> PathBuf {
    directory.with_file_name(format!(".{purpose}-{id}"))
}

/// Removes a directory. Its concurrent removal by another run is not an error.
pub(super) fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(directory)(error)),
        _ => Ok(()),
    }
}

/// Removes hidden directories that killed runs left: those of deleted instances at once, drafts after a minute.
pub(super) fn sweep(instances: &Path) -> Result<()> {
    for entry in fs::read_dir(instances).map_err(Error::io(instances))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let age = entry.metadata().ok().and_then(|meta| meta.modified().ok()?.elapsed().ok());
        let draft = name.starts_with(".new-") && age.is_some_and(|age| age.as_secs() > 60);
        if draft || name.starts_with(".gone-") {
            remove(&entry.path())?;
        }
    }
    Ok(())
}
