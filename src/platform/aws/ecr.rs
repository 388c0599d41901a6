//! Login to a registry of Amazon ECR: an authorization token that is valid for twelve hours.

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{PlatformConfig, Target};
use crate::docker::{self, Login, RegistryLogin};
use crate::platform::error::Result;

use super::error::api_error;
use super::trace::TraceCalls;
use super::{credentials, region};

/// Credentials for the registries of ECR.
pub struct Ecr {
    sdk: SdkConfig,
}

impl Ecr {
    /// Uses the role and credentials of a target on AWS; otherwise the credentials of the environment. No request is
    /// sent yet.
    ///
    /// # Errors
    /// If GitHub's token service has an address that must not receive a secret.
    pub async fn connect(target: Option<&Target>) -> Result<Ecr> {
        let sdk = match target.map(|target| (target, &target.platform)) {
            Some((target, PlatformConfig::Aws(settings))) => credentials::load(target, settings).await?,
            _ => aws_config::defaults(BehaviorVersion::latest()).load().await,
        };
        Ok(Ecr { sdk })
    }
}

#[async_trait]
impl RegistryLogin for Ecr {
    async fn login(&self, registry: &str) -> docker::Result<Option<Login>> {
        const CALL: &str = "GetAuthorizationToken";
        let Some(region) = region::of_registry(registry) else { return Ok(None) };
        let failed = |why: String| docker::Error::Credentials { registry: registry.to_owned(), why };
        // The registry's region may differ from the target's.
        let config = aws_sdk_ecr::config::Builder::from(&self.sdk)
            .region(Region::new(region.to_owned()))
            .interceptor(TraceCalls)
            .build();
        let response = aws_sdk_ecr::Client::from_conf(config).get_authorization_token().send().await;
        let response = response.map_err(api_error(CALL, registry)).map_err(|error| failed(error.to_string()))?;
        let token = response.authorization_data().first().and_then(|data| data.authorization_token());
        let token = token.ok_or_else(|| failed(format!("{CALL} returned no token")))?;
        let text = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => {
                Ok(Some(Login { user: Some(user.to_owned()), password: password.to_owned().into() }))
            }
            None => Err(failed(format!("{CALL} returned a malformed token"))),
        }
    }
}
