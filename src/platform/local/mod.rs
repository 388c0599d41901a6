//! PostgreSQL clusters on this machine. A generation is a data directory with a server of its own on
//! 127.0.0.1, a snapshot is a directory copy of a cluster, the record is a section of a
//! `pg_service.conf`.
//!
//! ```text
//! <root>/snapshots/<source>/<id>/       what pg_basebackup wrote
//! <root>/instances/<name>/devdb.json    tags, port, state
//! <root>/instances/<name>/data/         the data directory
//! <root>/instances/<name>/hba.conf      who may connect
//! <root>/pg_service.conf                the record
//! ```
//!
//! A clone is stopped until its master password is set, and the password is set in single-user mode:
//! unlike on RDS, production's passwords never work on it, not even for a second.

mod cluster;
mod copy;
mod meta;
mod service_file;
mod snapshots;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::config::{self, Target};
use crate::pg::Route;
use crate::pg::server::{Account, is_running};

use super::guard::{Deletable, DevInstance, Scrubbed};
use super::{
    Change, Check, Error, Identity, Instance, Phase, Platform, RecordState, RestoreOrder, Result, Room, Settings,
    Snapshot, Source, Status, Tags, tag,
};
use copy::Tree;
use meta::{Meta, State};
use service_file::{Entry, ServiceFile};

/// What stands for an account number.
pub const ACCOUNT: &str = "local";

/// The lock that says that somebody is copying.
const COPYING: &str = "copying.lock";

/// The local platform for one target.
pub struct Local {
    root: PathBuf,
    account: Account,
    settings: config::Local,
    source: String,
    prefix: String,
    service: ServiceFile,
    database: String,
    /// Bytes copied by a restore that is under way, and how many there are.
    copied: Arc<AtomicU64>,
    total: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Drop for Local {
    fn drop(&mut self) {
        // A copy outlives its caller only as a thread; this ends it.
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Local {
    /// The platform as a target's configuration describes it. Makes `instances/` when it is missing.
    pub fn open(target: &Target, settings: &config::Local) -> Result<Local> {
        let root = settings.root.canonicalize().map_err(Error::io(&settings.root))?;
        let instances = root.join("instances");
        std::fs::create_dir_all(&instances).map_err(Error::io(&instances))?;
        Ok(Local {
            account: Account::for_files_in(&root).map_err(local)?,
            settings: settings.clone(),
            source: target.source.instance.clone(),
            prefix: target.generation.prefix.clone(),
            service: ServiceFile { path: service_file::in_root(&root), service: target.record.name.clone() },
            database: target.databases.first().map_or_else(String::new, |database| database.name.clone()),
            copied: Arc::default(),
            total: Arc::default(),
            stop: Arc::default(),
            root,
        })
    }

    /// The root, without symbolic links in it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.root.join("instances").join(name)
    }

    fn snapshots_directory(&self) -> PathBuf {
        self.root.join("snapshots").join(&self.source)
    }

    /// The instance's own words on itself, which must still be there.
    fn meta(&self, name: &str) -> Result<Meta> {
        Meta::read(&self.directory(name))?.ok_or_else(|| Error::Local(format!("{name} is gone")))
    }

    async fn describe(&self, name: &str) -> Result<Option<Instance>> {
        let directory = self.directory(name);
        let Some(meta) = Meta::read(&directory)? else { return Ok(None) };
        let published = meta.tags.get(tag::PHASE).and_then(|word| Phase::parse(word)).is_some_and(Phase::is_published);
        let status = match meta.state {
            State::Copying if meta::is_held(&directory, COPYING) => Status::Moving(self.copy_progress()),
            State::Copying => Status::Dead("the copy was interrupted".into()),
            State::Failed => Status::Dead(meta.failure.unwrap_or_default()),
            State::Ready if published && meta.port.is_some() && !is_running(&directory.join(cluster::DATA)) => {
                Status::Dead("stopped".into())
            }
            // A clone is stopped until its password is set.
            State::Ready => Status::Available,
        };
        let route = meta.port.map(|port| Route { host: "127.0.0.1".into(), port, server_name: None });
        Ok(Some(Instance {
            name: name.to_owned(),
            resource_id: meta.resource_id,
            engine: "postgres".into(),
            cluster: None,
            status,
            route,
            created_at: Some(meta.created_at),
            tags: meta.tags,
            deletion_protection: meta.deletion_protection,
            replicas: Vec::new(),
            replica_of: None,
            pending: Vec::new(),
            settings: cluster::settings_in_words(),
            master_user: self.settings.master_user.clone(),
            room: free(&directory),
        }))
    }

    fn copy_progress(&self) -> String {
        let (copied, total) = (self.copied.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        match (copied * 100).checked_div(total) {
            Some(percent) => format!("copying, {percent} %"),
            None => "copying".to_owned(),
        }
    }

    fn names(&self) -> Result<Vec<String>> {
        let instances = self.root.join("instances");
        let entries = std::fs::read_dir(&instances).map_err(Error::io(&instances))?;
        Ok(entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.starts_with(&self.prefix))
            .collect())
    }
}

/// Copies a cluster's files as a restore does. For `make bench`, which holds it against `cp -r`.
pub fn copy_cluster(from: &Path, to: &Path, account: Account) -> Result<()> {
    Tree::walk(from)?.copy(from, to, account, &AtomicU64::new(0), &AtomicBool::new(false))
}

fn local(error: crate::pg::Error) -> Error {
    Error::Local(error.to_string())
}

/// What is free for other users than root, as the server is one.
fn free(directory: &Path) -> Option<Room> {
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(Room::Free(found.f_bavail.saturating_mul(found.f_frsize)))
}

#[async_trait]
impl Platform for Local {
    async fn identity(&self) -> Result<Identity> {
        Ok(Identity {
            account: ACCOUNT.into(),
            region: self.root.display().to_string(),
            caller: format!("user {}", rustix::process::geteuid().as_raw()),
        })
    }

    async fn source(&self) -> Result<Option<Source>> {
        // Only the source's snapshots are ever looked at; the cluster itself may be on another machine.
        Ok(None)
    }

    async fn snapshots(&self) -> Result<Vec<Snapshot>> {
        snapshots::list(&self.snapshots_directory(), &self.settings.master_user).await
    }

    async fn generations(&self) -> Result<Vec<Instance>> {
        let mut found = Vec::new();
        for name in self.names()? {
            found.extend(self.describe(&name).await?);
        }
        Ok(found)
    }

    async fn instance(&self, name: &str) -> Result<Option<Instance>> {
        self.describe(name).await
    }

    async fn record(&self) -> Result<RecordState> {
        self.service.state()
    }

    fn record_value(&self, instance: &Instance) -> Option<String> {
        Some(instance.name.clone())
    }

    async fn route_by_record(&self, _instance: &Instance) -> Result<Route> {
        let entry =
            self.service.entry()?.ok_or_else(|| Error::Local("the service file has no entry of ours".into()))?;
        Ok(Route { host: "127.0.0.1".into(), port: entry.port, server_name: None })
    }

    async fn checks(&self) -> Vec<Check> {
        cluster::checks(&self.root, &self.snapshots_directory()).await
    }

    async fn events(&self, name: &str) -> Result<Vec<String>> {
        let log = std::fs::read_to_string(self.directory(name).join(cluster::LOG)).unwrap_or_default();
        let fatal = log.lines().filter(|line| line.contains("FATAL:") || line.contains("PANIC:"));
        Ok(fatal.map(str::to_owned).collect())
    }

    fn quarantine(&self) -> Settings {
        cluster::settings_in_words()
    }

    fn opened(&self) -> Settings {
        Settings::new()
    }

    async fn restore(&self, order: &RestoreOrder) -> Result<()> {
        let from = PathBuf::from(&order.snapshot.location);
        let major = snapshots::major_of(&from).ok_or_else(|| Error::Local(format!("{} is gone", from.display())))?;
        let instances = self.root.join("instances");
        meta::sweep(&instances)?;
        let directory = self.directory(&order.name);
        let fresh = Meta {
            resource_id: random_id(),
            created_at: Timestamp::now(),
            state: State::Copying,
            major,
            port: None,
            open: false,
            deletion_protection: false,
            failure: None,
            tags: order.tags.clone(),
        };
        if !fresh.create(&directory)? {
            let ours = self.meta(&order.name)?.tags.get(tag::RUN) == order.tags.get(tag::RUN);
            return if ours { Ok(()) } else { Err(Error::NameTaken { name: order.name.clone() }) };
        }
        self.account.own(&directory).map_err(Error::io(&directory))?;
        let (account, copied, total, stop) = (self.account, self.copied.clone(), self.total.clone(), self.stop.clone());
        copied.store(0, Ordering::Relaxed);
        let held = meta::hold(&directory, COPYING)?;
        // Accepted; the caller watches the status, as with any platform.
        tokio::task::spawn_blocking(move || {
            let copy = || {
                let tree = Tree::walk(&from)?;
                total.store(tree.size(), Ordering::Relaxed);
                tree.copy(&from, &directory.join(cluster::DATA), account, &copied, &stop)
            };
            let result = copy();
            let written = Meta::update(&directory, |meta| match &result {
                Ok(()) => meta.state = State::Ready,
                Err(error) => (meta.state, meta.failure) = (State::Failed, Some(error.to_string())),
            });
            // A directory that is gone was removed by somebody who is told elsewhere.
            drop((written, held));
        });
        Ok(())
    }

    async fn set_password(&self, instance: DevInstance, password: &SecretString) -> Result<()> {
        let directory = self.directory(instance.name());
        cluster::set_password(&directory, self.account, &self.settings, password).await
    }

    async fn set_tags(&self, instance: DevInstance, tags: &Tags) -> Result<()> {
        Meta::update(&self.directory(instance.name()), |meta| meta.tags.extend(tags.clone())).map(drop)
    }

    async fn open(&self, instance: DevInstance) -> Result<()> {
        let directory = self.directory(instance.name());
        let meta = Meta::update(&directory, |meta| meta.open = true)?;
        cluster::admit(&directory, &meta, self.account, &self.settings).await
    }

    async fn swap(&self, from: &RecordState, to: &Scrubbed) -> Result<Change> {
        let port = self.meta(to.name())?.port.ok_or_else(|| Error::Local(format!("{} never started", to.name())))?;
        let entry = Entry { generation: to.name().to_owned(), port, database: self.database.clone() };
        self.service.swap(from, &entry)?;
        Ok(Change { id: to.name().to_owned() })
    }

    async fn in_sync(&self, _change: &Change) -> Result<bool> {
        Ok(true)
    }

    async fn delete(&self, instance: Deletable) -> Result<()> {
        let directory = self.directory(instance.name());
        // Nothing is written first: a full disk must not keep a clone from being removed, and a run killed
        // before the rename leaves an instance that the next one finds as it was.
        let meta = self.meta(instance.name())?;
        cluster::stop(&directory, &meta, self.account, &self.settings).await?;
        // One rename makes it gone; a run killed while removing files leaves only a hidden directory.
        let gone = meta::sibling(&directory, "gone", &meta.resource_id);
        std::fs::rename(&directory, &gone).map_err(Error::io(&directory))?;
        let removed = tokio::task::spawn_blocking(move || meta::remove(&gone)).await;
        removed.unwrap_or_else(|_| Err(Error::Local("removal ended unexpectedly".into())))
    }
}

fn random_id() -> String {
    use rand::RngExt as _;
    format!("{:032x}", rand::rng().random::<u128>())
}
