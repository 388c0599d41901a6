//! Who we are: the standard chain of credentials, or a role that is assumed and renewed by us.

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::config;

use super::error::failed;
use super::oidc::{GithubRole, TokenService};
use super::trace::TraceCalls;
use super::{Aws, Identity, Result};

/// Attempts of each call: RDS throttles an account as a whole, and the SDK's own three end within 2 s.
const ATTEMPTS: u32 = 8;
/// Limit of one attempt. The SDK itself limits only the connecting.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Limit of a call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(150);
/// How long before their end credentials are renewed. The SDK takes off up to half of it at random;
/// what is left is no shorter than a call with all its attempts.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// The SDK's configuration for a target.
pub(super) async fn load(target: &config::Target, place: &config::Aws) -> Result<SdkConfig> {
    let Some(role) = &place.role else {
        return Ok(loader(place).load().await);
    };
    let session = session_name(&target.name);
    let (base, provider) = match TokenService::from_env()? {
        Some(tokens) => {
            let base = loader(place).no_credentials().load().await;
            let sts = aws_sdk_sts::config::Builder::from(&base).interceptor(TraceCalls).build();
            let sts = aws_sdk_sts::Client::from_conf(sts);
            (base, SharedCredentialsProvider::new(GithubRole::new(tokens, sts, role.clone(), session)))
        }
        None => {
            let base = loader(place).load().await;
            let role = AssumeRoleProvider::builder(role).session_name(session).configure(&base).build().await;
            (base, SharedCredentialsProvider::new(role))
        }
    };
    Ok(base.into_builder().credentials_provider(provider).build())
}

fn loader(place: &config::Aws) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT);
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(place.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts.build())
        .identity_cache(IdentityCache::lazy().load_timeout(CALL_TIMEOUT).buffer_time(RENEW_BEFORE).build())
}

/// The name under which the role's calls appear in CloudTrail: 2 to 64 letters, digits and `_=,.@-`.
fn session_name(target: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    let target: String = target.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    format!("devdb-{target}").chars().take(64).collect()
}

/// The account that the credentials belong to.
pub(super) async fn identity(aws: &Aws) -> Result<Identity> {
    let asked = aws.identity.get_or_try_init(|| async {
        let answer = aws.sts.get_caller_identity().send().await;
        let answer = answer.map_err(failed("GetCallerIdentity", "these credentials"))?;
        Ok(Identity {
            account: answer.account.unwrap_or_default(),
            region: aws.place.region.clone(),
            caller: answer.arn.unwrap_or_default(),
        })
    });
    asked.await.cloned()
}

/// The part of the AWS cloud that a region is in: the second word of every ARN there.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_is_one_that_sts_takes() {
        assert_eq!(session_name("app"), "devdb-app");
        assert_eq!(session_name("my app/ü"), "devdb-my-app--");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
    }

    #[test]
    fn regions_of_other_clouds_have_their_own_arns() {
        assert_eq!(partition("eu-central-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
