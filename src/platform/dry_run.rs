//! A read-only platform. A dry run ends with its plan; this turns a mistake in it into an error instead of a write.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::pg::Route;

use super::check::Check;
use super::contract::{Platform, RestoreOrder};
use super::error::{Error, Result};
use super::guard::{Deletable, DevInstance, Scrubbed};
use super::identity::Identity;
use super::instance::{Instance, Settings};
use super::parameter::RequiredParameter;
use super::record::{RecordChange, RecordState};
use super::snapshot::{Snapshot, Source};
use super::tag::Tags;

/// A decorator that forwards reads and refuses writes.
pub struct DryRun {
    inner: Arc<dyn Platform>,
}

impl DryRun {
    /// Wraps a platform.
    pub fn over(inner: Arc<dyn Platform>) -> Self {
        Self { inner }
    }
}

fn refuse<T>(call: &'static str) -> Result<T> {
    Err(Error::ReadOnly { call })
}

#[async_trait]
impl Platform for DryRun {
    async fn identity(&self) -> Result<Identity> {
        self.inner.identity().await
    }

    async fn source(&self) -> Result<Option<Source>> {
        self.inner.source().await
    }

    async fn snapshots(&self) -> Result<Vec<Snapshot>> {
        self.inner.snapshots().await
    }

    async fn generations(&self) -> Result<Vec<Instance>> {
        self.inner.generations().await
    }

    async fn instance(&self, name: &str) -> Result<Option<Instance>> {
        self.inner.instance(name).await
    }

    async fn record(&self) -> Result<RecordState> {
        self.inner.record().await
    }

    fn record_value(&self, instance: &Instance) -> Option<String> {
        self.inner.record_value(instance)
    }

    async fn route_by_record(&self, instance: &Instance) -> Result<Route> {
        self.inner.route_by_record(instance).await
    }

    fn generation_at(&self, value: &str, source: Option<&Source>) -> Option<String> {
        self.inner.generation_at(value, source)
    }

    async fn checks(&self, snapshot: Option<&Snapshot>) -> Vec<Check> {
        self.inner.checks(snapshot).await
    }

    fn required_parameters(&self) -> Vec<RequiredParameter> {
        self.inner.required_parameters()
    }

    async fn disk_space(&self, snapshot: &Snapshot, removed: &[Instance]) -> Result<Option<Check>> {
        self.inner.disk_space(snapshot, removed).await
    }

    async fn events(&self, name: &str) -> Result<Vec<String>> {
        self.inner.events(name).await
    }

    fn quarantine_settings(&self) -> Settings {
        self.inner.quarantine_settings()
    }

    fn published_settings(&self) -> Settings {
        self.inner.published_settings()
    }

    async fn restore(&self, _order: &RestoreOrder) -> Result<()> {
        refuse("restore")
    }

    async fn start(&self, _instance: DevInstance) -> Result<bool> {
        refuse("start")
    }

    async fn set_password(&self, _instance: DevInstance, _password: &SecretString) -> Result<Vec<String>> {
        refuse("set_password")
    }

    async fn reboot(&self, _instance: DevInstance) -> Result<()> {
        refuse("reboot")
    }

    async fn set_tags(&self, _instance: DevInstance, _tags: &Tags) -> Result<()> {
        refuse("set_tags")
    }

    async fn open(&self, _instance: DevInstance) -> Result<()> {
        refuse("open")
    }

    async fn swap(&self, _from: &RecordState, _to: &Scrubbed) -> Result<RecordChange> {
        refuse("swap")
    }

    async fn in_sync(&self, change: &RecordChange) -> Result<bool> {
        self.inner.in_sync(change).await
    }

    async fn delete(&self, _instance: Deletable) -> Result<()> {
        refuse("delete")
    }
}
