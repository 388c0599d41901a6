//! Generations on Amazon RDS, the record in Route 53. The only files that name the AWS SDK: what
//! crosses the border of this room is in the words of [`super`].

mod access;
mod checks;
mod ecr;
mod error;
mod instance;
mod oidc;
mod policy;
mod record;
mod settings;
mod snapshot;
mod token;
mod trace;
mod write;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::config::{self, PlatformConfig, Target};
use crate::pg::Route;

use super::guard::{Deletable, DevInstance, Scrubbed};
use super::{
    Change, Check, Error, Identity, Instance, Platform, RecordState, RestoreOrder, Result, Settings, Snapshot, Source,
    Tags,
};
use trace::TraceCalls;

pub use ecr::Ecr;
pub use policy::policy;
pub use token::auth_token;

/// One target on AWS.
pub struct Aws {
    target: Target,
    /// The target's AWS half, taken out of `target.platform` once.
    place: config::Aws,
    rds: aws_sdk_rds::Client,
    route53: aws_sdk_route53::Client,
    sts: aws_sdk_sts::Client,
    credentials: Option<SharedCredentialsProvider>,
    /// Asked once: credentials are renewed, but never become those of another account.
    identity: OnceCell<Identity>,
    zone: OnceCell<record::Zone>,
}

impl Aws {
    /// Makes ready to talk to a target's account. Sends nothing yet, so wrong credentials show at the
    /// first call. Endpoints, profiles and proxies come from the environment, as for any AWS tool.
    ///
    /// # Errors
    /// When the target is not configured for AWS, or GitHub's token service is announced at an
    /// address that must not be trusted with a secret.
    pub async fn connect(target: &Target) -> Result<Aws> {
        let PlatformConfig::Aws(place) = &target.platform else {
            return Err(Error::Local(format!("target {} is not configured for AWS", target.name)));
        };
        let sdk = access::load(target, place).await?;
        Ok(Aws {
            target: target.clone(),
            place: (**place).clone(),
            rds: aws_sdk_rds::Client::from_conf(
                aws_sdk_rds::config::Builder::from(&sdk).interceptor(TraceCalls).build(),
            ),
            route53: aws_sdk_route53::Client::from_conf(
                aws_sdk_route53::config::Builder::from(&sdk).interceptor(TraceCalls).build(),
            ),
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(&sdk).interceptor(TraceCalls).build(),
            ),
            credentials: sdk.credentials_provider(),
            identity: OnceCell::new(),
            zone: OnceCell::new(),
        })
    }
}

#[async_trait]
impl Platform for Aws {
    async fn identity(&self) -> Result<Identity> {
        access::identity(self).await
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

    async fn checks(&self) -> Vec<Check> {
        checks::all(self).await
    }

    async fn events(&self, name: &str) -> Result<Vec<String>> {
        instance::events(self, name).await
    }

    fn quarantine(&self) -> Settings {
        settings::quarantine(&self.place)
    }

    fn opened(&self) -> Settings {
        settings::opened(&self.place)
    }

    async fn restore(&self, order: &RestoreOrder) -> Result<()> {
        write::restore(self, order).await
    }

    async fn set_password(&self, instance: DevInstance, password: &SecretString) -> Result<()> {
        write::set_password(self, instance, password).await
    }

    async fn set_tags(&self, instance: DevInstance, tags: &Tags) -> Result<()> {
        write::set_tags(self, instance, tags).await
    }

    async fn open(&self, instance: DevInstance) -> Result<()> {
        write::open(self, instance).await
    }

    async fn swap(&self, from: &RecordState, to: &Scrubbed) -> Result<Change> {
        record::swap(self, from, to).await
    }

    async fn in_sync(&self, change: &Change) -> Result<bool> {
        record::in_sync(self, change).await
    }

    async fn delete(&self, instance: Deletable) -> Result<()> {
        write::delete(self, instance).await
    }
}
