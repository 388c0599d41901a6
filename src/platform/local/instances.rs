//! Directories of instances, and descriptions of instances.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::pg::Route;
use crate::pg::server::is_running;
use crate::platform::error::{Error, Result, free_space};
use crate::platform::instance::{DiskSpace, Instance, Status};
use crate::platform::phase::Phase;
use crate::platform::tag::{self, Tags};

use super::meta::{DATA, Meta, State, WORK_LOCK, is_locked};
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
        if !directory.is_dir() {
            return Ok(None);
        }
        let meta = match Meta::read(&directory) {
            Ok(Some(meta)) => meta,
            // It was removed meanwhile.
            Ok(None) if !directory.is_dir() => return Ok(None),
            // The other instances are not affected, and this one is not changed.
            Ok(None) => return Ok(Some(self.damaged(name, "it has no devdb.json".to_owned()))),
            Err(error) => return Ok(Some(self.damaged(name, error.to_string()))),
        };
        let published =
            meta.tags.get(tag::PHASE).and_then(|value| Phase::parse(value)).is_some_and(Phase::is_published);
        let status = match meta.state {
            State::Copying if is_locked(&directory, WORK_LOCK) => Status::InProgress(progress.describe()),
            State::Copying => Status::Failed("incomplete: the copy was interrupted".into()),
            State::Failed => Status::Failed(format!("incomplete: {}", meta.failure.unwrap_or_default())),
            State::Ready if published && meta.port.is_some() && !is_running(&directory.join(DATA)) => Status::Stopped,
            // The server of a clone does not start until its password is set.
            State::Ready => Status::Available,
        };
        Ok(Some(Instance {
            resource_id: meta.resource_id,
            route: meta.port.map(|port| Route { host: "127.0.0.1".into(), port, server_name: None }),
            created_at: Some(meta.created_at),
            tags: meta.tags,
            deletion_protection: meta.deletion_protection,
            ..self.unknown(name, status)
        }))
    }

    fn damaged(&self, name: &str, why: String) -> Instance {
        self.unknown(name, Status::Damaged(why))
    }

    /// Returns an instance of which only the name is known.
    fn unknown(&self, name: &str, status: Status) -> Instance {
        Instance {
            name: name.to_owned(),
            resource_id: String::new(),
            engine: "postgres".into(),
            cluster: None,
            status,
            route: None,
            created_at: None,
            tags: Tags::new(),
            deletion_protection: false,
            replicas: Vec::new(),
            replica_of: None,
            pending: Vec::new(),
            settings: quarantine::summary(),
            master_user: self.master_user.clone(),
            disk: free_space(&self.directory(name)).map(DiskSpace::Free),
        }
    }
}
