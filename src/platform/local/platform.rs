//! The platform trait for this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use secrecy::SecretString;

use crate::config::{self, Target};
use crate::pg::Route;
use crate::pg::server::Account;
use crate::platform::guard::{Deletable, DevInstance, Scrubbed, is_generation_name};
use crate::platform::{
    Check, Error, Identity, Instance, Platform, RecordChange, RecordState, RequiredParameter, RestoreOrder, Result,
    Settings, Snapshot, Source, Tags,
};

use super::instances::{Instances, Progress};
use super::meta::{self, Meta, State};
use super::service_file::{self, Entry, ServiceFile};
use super::{checks, cluster, disk_space, quarantine, restore, snapshots};

/// The account of every identity on this platform.
pub const ACCOUNT: &str = "local";

/// The platform of one target on this machine.
pub struct Local {
    root: PathBuf,
    account: Account,
    settings: config::Local,
    source: String,
    prefix: String,
    service: ServiceFile,
    database: String,
    instances: Instances,
    /// Progress of a restore in this process.
    progress: Arc<Progress>,
    cancel: Arc<AtomicBool>,
}

impl Drop for Local {
    fn drop(&mut self) {
        // Ends a copy, whose thread outlives the caller.
        self.cancel.store(true, Ordering::Relaxed);
    }
}

impl Local {
    /// Opens the platform of a target. Creates the folder `instances` if it is missing.
    pub fn open(target: &Target, settings: &config::Local) -> Result<Local> {
        let root =
            settings.root.canonicalize().map_err(|source| Error::Root { path: settings.root.clone(), source })?;
        if !root.is_dir() {
            let source = std::io::Error::new(std::io::ErrorKind::NotADirectory, "not a directory");
            return Err(Error::Root { path: root, source });
        }
        let folder = root.join("instances");
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        Ok(Local {
            account: Account::for_files_in(&root).map_err(Error::Programs)?,
            settings: settings.clone(),
            source: target.source.instance.clone(),
            prefix: target.generation.prefix.clone(),
            service: ServiceFile { path: service_file::in_root(&root), service: target.record.name.clone() },
            database: target.databases.first().map_or_else(String::new, |database| database.name.clone()),
            instances: Instances { folder, master_user: settings.master_user.clone() },
            progress: Arc::default(),
            cancel: Arc::default(),
            root,
        })
    }

    /// Returns the root directory, without symbolic links in its path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn snapshots_folder(&self) -> PathBuf {
        self.root.join("snapshots").join(&self.source)
    }
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
        // Only snapshots of the source are read; the cluster itself may be on another machine.
        Ok(None)
    }

    async fn snapshots(&self) -> Result<Vec<Snapshot>> {
        snapshots::list(&self.snapshots_folder(), &self.root.join("snapshots"), &self.settings.master_user).await
    }

    async fn generations(&self) -> Result<Vec<Instance>> {
        let mut found = Vec::new();
        for name in self.instances.names(&self.prefix)? {
            found.extend(self.instances.describe(&name, &self.progress)?);
        }
        Ok(found)
    }

    async fn instance(&self, name: &str) -> Result<Option<Instance>> {
        self.instances.describe(name, &self.progress)
    }

    async fn record(&self) -> Result<RecordState> {
        self.service.state()
    }

    fn record_value(&self, instance: &Instance) -> Option<String> {
        Some(instance.name.clone())
    }

    async fn route_by_record(&self, _instance: &Instance) -> Result<Route> {
        let entry = self.service.entry()?;
        let entry = entry.ok_or_else(|| Error::Local("the service file has no section written by devdb".into()))?;
        Ok(Route { host: "127.0.0.1".into(), port: entry.port, server_name: None })
    }

    fn generation_at(&self, value: &str, _source: Option<&Source>) -> Option<String> {
        is_generation_name(&self.prefix, value).then(|| value.to_owned())
    }

    fn required_parameters(&self) -> Vec<RequiredParameter> {
        // They are arguments of the server's start, so they are in effect from the start.
        Vec::new()
    }

    async fn checks(&self, snapshot: Option<&Snapshot>) -> Vec<Check> {
        let mut checks = checks::all(&self.root, &self.snapshots_folder()).await;
        checks.extend(checks::parameters(snapshot, &self.settings, self.account).await);
        checks
    }

    async fn disk_space(&self, snapshot: &Snapshot, removed: &[Instance]) -> Result<Option<Check>> {
        disk_space::check(&self.instances, Path::new(&snapshot.location), removed).map(Some)
    }

    async fn full_disk(&self) -> Option<Error> {
        disk_space::full(&self.instances.folder)
    }

    async fn events(&self, name: &str) -> Result<Vec<String>> {
        let log = std::fs::read_to_string(self.instances.directory(name).join(meta::LOG)).unwrap_or_default();
        let fatal = log.lines().filter(|line| line.contains("FATAL:") || line.contains("PANIC:"));
        Ok(fatal.map(str::to_owned).collect())
    }

    fn quarantine_settings(&self) -> Settings {
        quarantine::summary()
    }

    fn published_settings(&self) -> Settings {
        Settings::new()
    }

    async fn restore(&self, order: &RestoreOrder) -> Result<()> {
        restore::start(&self.instances, order, self.account, &self.progress, &self.cancel)
    }

    async fn start(&self, instance: DevInstance) -> Result<bool> {
        let directory = self.instances.directory(instance.name());
        let (port, was_stopped) = cluster::start(&directory, self.account, &self.settings).await?;
        // A server whose port was taken meanwhile has a new one.
        if let Some(entry) = self.service.entry()?
            && entry.generation == instance.name()
            && entry.port != port
        {
            self.service.swap(&self.service.state()?, &Entry { port, ..entry })?;
        }
        Ok(was_stopped)
    }

    async fn set_password(&self, instance: DevInstance, password: &SecretString) -> Result<Vec<String>> {
        let directory = self.instances.directory(instance.name());
        cluster::set_password(&directory, self.account, &self.settings, password).await
    }

    async fn reboot(&self, instance: DevInstance) -> Result<()> {
        Err(Error::Local(format!("the server of {} has no parameters that wait for a restart", instance.name())))
    }

    async fn set_tags(&self, instance: DevInstance, tags: &Tags) -> Result<()> {
        let directory = self.instances.directory(instance.name());
        Meta::update(&directory, |meta| meta.tags.extend(tags.clone())).map(drop)
    }

    async fn open(&self, instance: DevInstance) -> Result<()> {
        let directory = self.instances.directory(instance.name());
        let meta = Meta::update(&directory, |meta| meta.open = true)?;
        cluster::reload_access(&directory, &meta, self.account, &self.settings).await
    }

    async fn swap(&self, from: &RecordState, to: &Scrubbed) -> Result<RecordChange> {
        let port = self.instances.meta(to.name())?.port;
        let port = port.ok_or_else(|| Error::Local(format!("the server of {} never started", to.name())))?;
        let entry = Entry { generation: to.name().to_owned(), port, database: self.database.clone() };
        self.service.swap(from, &entry)?;
        Ok(RecordChange { id: to.name().to_owned() })
    }

    async fn in_sync(&self, _change: &RecordChange) -> Result<bool> {
        Ok(true)
    }

    async fn delete(&self, instance: Deletable) -> Result<()> {
        let directory = self.instances.directory(instance.name());
        // The metadata is not written first: a full disk must not prevent the removal of a clone, and a run killed
        // before the rename leaves the instance unchanged for the next run.
        let meta = self.instances.meta(instance.name())?;
        let _held = match meta.state {
            State::Ready => Some(meta::wait_for_lock(&directory, meta::WORK_LOCK).await?),
            // The lock is held by the copy, whose failure is of no interest.
            State::Copying | State::Failed => None,
        };
        cluster::stop(&directory, &meta, self.account, &self.settings).await?;
        // The rename ends the instance's existence; a run killed while files are removed leaves a hidden directory.
        let hidden = meta::hidden_sibling(&directory, "gone", &meta.resource_id);
        std::fs::rename(&directory, &hidden).map_err(Error::io(&directory))?;
        let removed = tokio::task::spawn_blocking(move || meta::remove(&hidden)).await;
        removed.unwrap_or_else(|_| Err(Error::Local("the removal ended unexpectedly".into())))
    }
}
