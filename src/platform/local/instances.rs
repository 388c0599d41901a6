//! Directories of instances, and descriptions of instances.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::pg::Route;
use crate::pg::server::is_running;
use crate::platform::error::{Error, Result};
use crate::platform::instance::{DiskSpace, Instance, Status};
use crate::platform::phase::Phase;
use crate::platform::tag;

use super::meta::{COPY_LOCK, DATA, Meta, State, is_locked};
use super::quarantine;

/// The folder `instances` below the root.
pub(super) struct Instances {
    /// Path of the folder.
    pub folder: PathBuf,
    /// Name of the master user.
    pub master_user: String,
}

/// Progress of a copy, in bytes.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes copied.
    pub copied: AtomicU64,
    /// Bytes in total; 0 until known.
    pub total: AtomicU64,
}

impl Progress {
    fn describe(&self) -> String {
        let (copied, total) = (self.copied.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        match (copied * 100).checked_div(total) {
            Some(percent) => format!("copying, {percent} %"),
            None => "copying".to_owned(),
        }
    }
}

impl Instances {
    /// Returns the directory of an instance.
    pub(super) fn directory(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the metadata of an instance.
    ///
    /// # Errors
    /// If the instance does not exist.
    pub(super) fn meta(&self, name: &str) -> Result<Meta> {
        Meta::read(&self.directory(name))?.ok_or_else(|| Error::Local(format!("{name} does not exist")))
    }

    /// Returns the names of all instances with a prefix.
    pub(super) fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.folder).map_err(Error::io(&self.folder))?;
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    /// Returns the description of an instance at this moment; `None` if it does not exist. `progress` is that of a
    /// copy in this process.
    pub(super) fn describe(&self, name: &str, progress: &Progress) -> Result<Option<Instance>> {
        let directory = self.directory(name);
        let Some(meta) = Meta::read(&directory)? else { return Ok(None) };
        let published =
            meta.tags.get(tag::PHASE).and_then(|value| Phase::parse(value)).is_some_and(Phase::is_published);
        let status = match meta.state {
            State::Copying if is_locked(&directory, COPY_LOCK) => Status::InProgress(progress.describe()),
            State::Copying => Status::Failed("the copy was interrupted".into()),
            State::Failed => Status::Failed(meta.failure.unwrap_or_default()),
            State::Ready if published && meta.port.is_some() && !is_running(&directory.join(DATA)) => {
                Status::Failed("stopped".into())
            }
            // The server of a clone does not start until its password is set.
            State::Ready => Status::Available,
        };
        Ok(Some(Instance {
            name: name.to_owned(),
            resource_id: meta.resource_id,
            engine: "postgres".into(),
            cluster: None,
            status,
            route: meta.port.map(|port| Route { host: "127.0.0.1".into(), port, server_name: None }),
            created_at: Some(meta.created_at),
            tags: meta.tags,
            deletion_protection: meta.deletion_protection,
            replicas: Vec::new(),
            replica_of: None,
            pending: Vec::new(),
            settings: quarantine::summary(),
            master_user: self.master_user.clone(),
            disk: free_space(&directory),
        }))
    }
}

/// Returns the space that is free for users other than root, such as the server's.
fn free_space(directory: &Path) -> Option<DiskSpace> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(DiskSpace::Free(disk.f_bavail.saturating_mul(disk.f_frsize)))
}
