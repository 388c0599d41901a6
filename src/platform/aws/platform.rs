//! The platform trait for AWS: each method is in the file of its resource.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::pg::Route;
use crate::platform::guard::{Deletable, DevInstance, Scrubbed};
use crate::platform::{
    Check, Identity, Instance, Platform, RecordChange, RecordState, RequiredParameter, RestoreOrder, Result, Settings,
    Snapshot, Source, Tags,
};

use super::client::Aws;
use super::{checks, instance, record, required_parameters, settings, snapshot, write};

#[async_trait]
impl Platform for Aws {
    async fn identity(&self) -> Result<Identity> {
        self.caller_identity().await.cloned()
    }

    async fn source(&self) -> Result<Option<Source>> {
        let found = instance::describe(self, &self.target.source.instance).await?;
        found.map(|source| instance::source(&source)).transpose()
    }

    async fn snapshots(&self) -> Result<Vec<Snapshot>> {
        snapshot::list(self).await
    }

    async fn generations(&self) -> Result<Vec<Instance>> {
        instance::list(self).await
    }

    async fn instance(&self, name: &str) -> Result<Option<Instance>> {
        instance::find(self, name).await
    }

    async fn record(&self) -> Result<RecordState> {
        record::read(self).await
    }

    fn record_value(&self, instance: &Instance) -> Option<String> {
        record::value_for(instance)
    }

    async fn route_by_record(&self, instance: &Instance) -> Result<Route> {
        record::route(self, instance)
    }

    fn generation_at(&self, value: &str, source: Option<&Source>) -> Option<String> {
        record::generation_at(self, value, source)
    }

    async fn checks(&self, snapshot: Option<&Snapshot>) -> Vec<Check> {
        checks::all(self, snapshot).await
    }

    fn required_parameters(&self) -> Vec<RequiredParameter> {
        required_parameters::of_target(&self.target)
    }

    async fn disk_space(&self, _snapshot: &Snapshot, _removed: &[Instance]) -> Result<Option<Check>> {
        Ok(None)
    }

    async fn events(&self, name: &str) -> Result<Vec<String>> {
        instance::events(self, name).await
    }

    fn quarantine_settings(&self) -> Settings {
        settings::quarantine(&self.settings)
    }

    fn published_settings(&self) -> Settings {
        settings::published(&self.settings)
    }

    async fn restore(&self, order: &RestoreOrder) -> Result<()> {
        write::restore(self, order).await
    }

    async fn start(&self, instance: DevInstance) -> Result<bool> {
        write::start(self, instance).await
    }

    async fn set_password(&self, instance: DevInstance, password: &SecretString) -> Result<Vec<String>> {
        // The only superuser is RDS's own.
        write::set_password(self, instance, password).await.map(|()| Vec::new())
    }

    async fn reboot(&self, instance: DevInstance) -> Result<()> {
        write::reboot(self, instance).await
    }

    async fn set_tags(&self, instance: DevInstance, tags: &Tags) -> Result<()> {
        write::set_tags(self, instance, tags).await
    }

    async fn open(&self, instance: DevInstance) -> Result<()> {
        write::open(self, instance).await
    }

    async fn swap(&self, from: &RecordState, to: &Scrubbed) -> Result<RecordChange> {
        record::swap(self, from, to).await
    }

    async fn in_sync(&self, change: &RecordChange) -> Result<bool> {
        record::in_sync(self, change).await
    }

    async fn delete(&self, instance: Deletable) -> Result<()> {
        write::delete(self, instance).await
    }
}
