//! Logging in to a registry of Amazon's (ECR): a token of twelve hours for whoever the credentials are.

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{PlatformConfig, Target};
use crate::docker::{self, Login, RegistryLogin};

use super::error::failed;
use super::trace::TraceCalls;
use super::{Result, access};

/// Knows the registries of ECR.
pub struct Ecr {
    sdk: SdkConfig,
}

impl Ecr {
    /// With the role and the credentials of a target on AWS; for others with those of the environment. Sends
    /// nothing yet.
    ///
    /// # Errors
    /// When GitHub's token service is announced at an address that must not be trusted with a secret.
    pub async fn connect(target: Option<&Target>) -> Result<Ecr> {
        let sdk = match target.map(|target| (target, &target.platform)) {
            Some((target, PlatformConfig::Aws(place))) => access::load(target, place).await?,
            _ => aws_config::defaults(BehaviorVersion::latest()).load().await,
        };
        Ok(Ecr { sdk })
    }
}

#[async_trait]
impl RegistryLogin for Ecr {
    async fn login(&self, registry: &str) -> docker::Result<Option<Login>> {
        let Some(region) = region(registry) else { return Ok(None) };
        let refused = |why: String| docker::Error::Credentials { registry: registry.to_owned(), why };
        // The registry says its region; the target may be in another one.
        let config = aws_sdk_ecr::config::Builder::from(&self.sdk)
            .region(Region::new(region.to_owned()))
            .interceptor(TraceCalls)
            .build();
        let answer = aws_sdk_ecr::Client::from_conf(config).get_authorization_token().send().await;
        let answer =
            answer.map_err(failed("GetAuthorizationToken", registry)).map_err(|error| refused(error.to_string()))?;
        let token = answer.authorization_data().first().and_then(|data| data.authorization_token());
        let token = token.ok_or_else(|| refused("GetAuthorizationToken answered without a token".into()))?;
        let text = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => {
                Ok(Some(Login { user: Some(user.to_owned()), password: password.to_owned().into() }))
            }
            None => Err(refused("GetAuthorizationToken answered with a token that cannot be read".into())),
        }
    }
}

/// The region in the name of a private registry: `123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
fn region(registry: &str) -> Option<&str> {
    let (account, rest) = registry.split_once(".dkr.ecr.")?;
    let rest = rest.strip_suffix(".cn").unwrap_or(rest);
    let region = rest.strip_suffix(".amazonaws.com")?;
    let known = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (known && !region.is_empty() && region.chars().all(plain)).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazons_own_names_are_asked_for() {
        assert_eq!(region("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), Some("eu-west-1"));
        assert_eq!(region("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), Some("cn-north-1"));
        for other in [
            "docker.io",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "x.dkr.ecr.eu-west-1.amazonaws.com",
            "1.dkr.ecr.a.amazonaws.com",
        ] {
            assert_eq!(region(other), None, "{other}");
        }
    }
}
