//! The API clients of one target on AWS.

use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::OnceCell;

use crate::config::{self, PlatformConfig, Target};
use crate::platform::error::{Error, Result};
use crate::platform::identity::Identity;

use super::credentials;
use super::error::api_error;
use super::trace::TraceCalls;
use super::zone::Zone;

/// The platform of one target on AWS.
pub struct Aws {
    pub(super) target: Target,
    /// The AWS settings in `target.platform`.
    pub(super) settings: config::Aws,
    pub(super) rds: aws_sdk_rds::Client,
    pub(super) route53: aws_sdk_route53::Client,
    pub(super) credentials: Option<SharedCredentialsProvider>,
    sts: aws_sdk_sts::Client,
    /// Read once: credentials are renewed, but never become those of another account.
    identity: OnceCell<Identity>,
    zone: OnceCell<Zone>,
}

impl Aws {
    /// Creates the clients of a target's account. No request is sent yet, so wrong credentials appear at the first
    /// call. Endpoints, profiles and proxies come from the environment, as for any AWS tool.
    ///
    /// # Errors
    /// If the target is not configured for AWS, or GitHub's token service has an address that must not receive a
    /// secret.
    pub async fn connect(target: &Target) -> Result<Aws> {
        let PlatformConfig::Aws(settings) = &target.platform else {
            return Err(Error::Local(format!("target {} is not configured for AWS", target.name)));
        };
        let sdk = credentials::load(target, settings).await?;
        Ok(Aws {
            target: target.clone(),
            settings: (**settings).clone(),
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

    /// The account that the credentials belong to, and the configured region.
    pub(super) async fn caller_identity(&self) -> Result<&Identity> {
        self.identity
            .get_or_try_init(|| async {
                let response = self.sts.get_caller_identity().send().await;
                let response = response.map_err(api_error("GetCallerIdentity", "these credentials"))?;
                Ok(Identity {
                    account: response.account.unwrap_or_default(),
                    region: self.settings.region.clone(),
                    caller: response.arn.unwrap_or_default(),
                })
            })
            .await
    }

    /// The hosted zone, whose properties do not change during a run.
    pub(super) async fn zone(&self) -> Result<&Zone> {
        self.zone.get_or_try_init(|| Zone::fetch(&self.route53, &self.settings.zone)).await
    }
}
