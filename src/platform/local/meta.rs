//! What the local platform remembers of an instance, in `devdb.json` beside its data directory.
//! An instance begins to exist when its directory gets its name, and that directory already holds
//! this file: there is no instant at which an instance exists without its tags.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::platform::{Error, Result, Tags};

/// Name of the file.
pub const FILE: &str = "devdb.json";

/// How far the platform's own work on an instance has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Files are being copied.
    Copying,
    /// Complete. Whether a server runs on it is asked of the system.
    Ready,
    /// The copy failed; `failure` says why.
    Failed,
}

/// The file's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meta {
    /// Immutable: a random number made with the directory.
    pub resource_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// See [`State`].
    pub state: State,
    /// Major version of the data directory.
    pub major: u32,
    /// Port on 127.0.0.1, chosen at the first start.
    pub port: Option<u16>,
    /// Whether others than the master user may connect.
    pub open: bool,
    /// Set by hand to keep devdb from removing it.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Why the copy failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Meta {
    /// Reads it; none when there is no such instance.
    pub fn read(directory: &Path) -> Result<Option<Meta>> {
        let path = directory.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Error::Local(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(path)(error)),
        }
    }

    /// Reads, changes and writes it, while other writers wait.
    pub fn update(directory: &Path, change: impl FnOnce(&mut Meta)) -> Result<Meta> {
        let _held = hold(directory, "devdb.lock")?;
        let mut meta =
            Meta::read(directory)?.ok_or_else(|| Error::Local(format!("{} is gone", directory.display())))?;
        change(&mut meta);
        meta.write(directory)?;
        Ok(meta)
    }

    /// Writes it so that a reader, or a crash, sees the old content or the new.
    fn write(&self, directory: &Path) -> Result<()> {
        let path = directory.join(FILE);
        let fresh = directory.join(format!("{FILE}.new"));
        let text = serde_json::to_vec_pretty(self).map_err(|error| Error::Local(error.to_string()))?;
        let mut file = File::create(&fresh).map_err(Error::io(&fresh))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(Error::io(&fresh))?;
        fs::rename(&fresh, &path).map_err(Error::io(path))
    }

    /// Makes an instance's directory with this file in it; `false` when the name is taken.
    pub fn create(&self, directory: &Path) -> Result<bool> {
        let draft = sibling(directory, "new", &self.resource_id);
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

/// Holds a lock in an instance's directory until the answer is dropped, or the process dies.
pub fn hold(directory: &Path, name: &str) -> Result<File> {
    let path = directory.join(name);
    let file = File::create(&path).map_err(Error::io(&path))?;
    file.lock().map_err(Error::io(&path))?;
    Ok(file)
}

/// Whether some living process holds that lock.
pub fn is_held(directory: &Path, name: &str) -> bool {
    File::open(directory.join(name)).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// A hidden directory beside an instance's own; listings pass over it and [`sweep`] removes it.
pub fn sibling(directory: &Path, purpose: &str, id: &str) -> PathBuf {
    directory.with_file_name(format!(".{purpose}-{id}"))
}

/// Removes a directory; another run that removes it at the same time is no error.
pub fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(directory)(error)),
        _ => Ok(()),
    }
}

/// Removes hidden directories that killed runs left: removed instances at once, drafts after a minute.
pub fn sweep(instances: &Path) -> Result<()> {
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
