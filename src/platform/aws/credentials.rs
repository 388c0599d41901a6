//! The SDK configuration of a target: the standard credential chain, or a role that devdb assumes and renews; and the
//! role's credentials for child processes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use secrecy::SecretString;

use crate::pg::tunnel::{ChildCredentials, ChildEnvironment};
use crate::platform::error::{Error, Result};
use crate::{config, pg};

use super::oidc::{GithubRole, TokenService};
use super::trace::TraceCalls;

/// Attempts of each call, unless `AWS_MAX_ATTEMPTS` is set. RDS throttles per account, and the SDK's default of three
/// attempts ends within 2 s.
const ATTEMPTS: u32 = 8;
/// Timeout of one attempt. By default the SDK limits only the connect.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout of a call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(150);
/// Time before expiry at which credentials are renewed. The SDK reduces it at random by up to half; the rest is not
/// shorter than a call with all its attempts.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Variables that a child with its own credentials must not inherit: AWS's tools would take other credentials from
/// them, or a profile that has precedence over the credentials in the environment.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings>
const OTHER_CREDENTIALS: &[&str] = &[
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
];

/// Returns the SDK configuration of a target.
pub(super) async fn load(target: &config::Target, settings: &config::Aws) -> Result<SdkConfig> {
    let Some(role) = &settings.role else {
        return Ok(loader(settings)?.load().await);
    };
    let session = session_name(&target.name);
    let (base, provider) = match TokenService::from_env()? {
        Some(tokens) => {
            let base = loader(settings)?.no_credentials().load().await;
            let sts = aws_sdk_sts::config::Builder::from(&base).interceptor(TraceCalls).build();
            let sts = aws_sdk_sts::Client::from_conf(sts);
            (base, SharedCredentialsProvider::new(GithubRole::new(tokens, sts, role.clone(), session)))
        }
        None => {
            let base = loader(settings)?.load().await;
            let role = AssumeRoleProvider::builder(role).session_name(session).configure(&base).build().await;
            (base, SharedCredentialsProvider::new(role))
        }
    };
    Ok(base.into_builder().credentials_provider(provider).build())
}

/// Returns the credentials of a target's role for child processes, or `None` without a role: then a child finds those
/// of the standard chain itself, in the same environment as devdb.
pub(in crate::platform) async fn for_children(
    target: &config::Target,
    settings: &config::Aws,
) -> Result<Option<Arc<dyn ChildCredentials>>> {
    let Some(role) = settings.role.clone() else { return Ok(None) };
    let provider = load(target, settings).await?.credentials_provider();
    let region = settings.region.clone();
    Ok(provider.map(|provider| Arc::new(RoleForChildren { provider, role, region }) as _))
}

/// A role whose credentials are passed to child processes. The provider assumes the role for each request.
struct RoleForChildren {
    provider: SharedCredentialsProvider,
    role: String,
    region: String,
}

#[async_trait]
impl ChildCredentials for RoleForChildren {
    async fn environment(&self) -> pg::Result<ChildEnvironment> {
        let granted = self.provider.provide_credentials().await.map_err(|error| {
            pg::Error::Tunnel(format!("no credentials of {}: {}", self.role, crate::error::Chain(&error)))
        })?;
        let mut set = vec![
            ("AWS_ACCESS_KEY_ID", SecretString::from(granted.access_key_id())),
            ("AWS_SECRET_ACCESS_KEY", SecretString::from(granted.secret_access_key())),
            // Version 1 of the AWS CLI reads the second one only.
            ("AWS_REGION", SecretString::from(self.region.as_str())),
            ("AWS_DEFAULT_REGION", SecretString::from(self.region.as_str())),
        ];
        set.extend(granted.session_token().map(|token| ("AWS_SESSION_TOKEN", SecretString::from(token))));
        Ok(ChildEnvironment { set, remove: OTHER_CREDENTIALS })
    }
}

fn loader(settings: &config::Aws) -> Result<ConfigLoader> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT);
    let attempts = attempts(std::env::var("AWS_MAX_ATTEMPTS").ok().as_deref())?;
    Ok(aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .timeout_config(timeouts.build())
        .identity_cache(IdentityCache::lazy().load_timeout(CALL_TIMEOUT).buffer_time(RENEW_BEFORE).build()))
}

/// Returns the attempts of each call. `set` is the variable that all AWS tools read; the SDK ignores it if it is not a
/// number.
fn attempts(set: Option<&str>) -> Result<u32> {
    let Some(set) = set.filter(|set| !set.is_empty()) else { return Ok(ATTEMPTS) };
    let number = set.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::Local(format!("AWS_MAX_ATTEMPTS is {set:?}: set it to a number from 1, or unset it")))
}

/// Returns the session name, under which CloudTrail lists the role's calls: 2 to 64 letters, digits and `_=,.@-`.
fn session_name(target: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    let target: String = target.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    format!("devdb-{target}").chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_attempts_is_a_number() {
        assert_eq!((attempts(None).unwrap(), attempts(Some("")).unwrap()), (ATTEMPTS, ATTEMPTS));
        assert_eq!(attempts(Some("2")).unwrap(), 2);
        for wrong in ["0", "-1", "many", "3.5"] {
            let refused = attempts(Some(wrong)).unwrap_err().to_string();
            assert!(refused.contains(wrong) && refused.contains("AWS_MAX_ATTEMPTS"), "{refused}");
        }
    }

    #[test]
    fn a_session_name_is_valid_for_sts() {
        assert_eq!(session_name("app"), "devdb-app");
        assert_eq!(session_name("my app/ü"), "devdb-my-app--");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
    }
}
