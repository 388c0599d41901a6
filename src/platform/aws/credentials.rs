//! The SDK configuration of a target: the standard credential chain, or a role that devdb assumes and renews.

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::config;
use crate::platform::error::Result;

use super::oidc::{GithubRole, TokenService};
use super::trace::TraceCalls;

/// Attempts of each call. RDS throttles per account, and the SDK's default of three attempts ends within 2 s.
const ATTEMPTS: u32 = 8;
/// Timeout of one attempt. By default the SDK limits only the connect.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout of a call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(150);
/// Time before expiry at which credentials are renewed. The SDK reduces it at random by up to half; the rest is not
/// shorter than a call with all its attempts.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Returns the SDK configuration of a target.
pub(super) async fn load(target: &config::Target, settings: &config::Aws) -> Result<SdkConfig> {
    let Some(role) = &settings.role else {
        return Ok(loader(settings).load().await);
    };
    let session = session_name(&target.name);
    let (base, provider) = match TokenService::from_env()? {
        Some(tokens) => {
            let base = loader(settings).no_credentials().load().await;
            let sts = aws_sdk_sts::config::Builder::from(&base).interceptor(TraceCalls).build();
            let sts = aws_sdk_sts::Client::from_conf(sts);
            (base, SharedCredentialsProvider::new(GithubRole::new(tokens, sts, role.clone(), session)))
        }
        None => {
            let base = loader(settings).load().await;
            let role = AssumeRoleProvider::builder(role).session_name(session).configure(&base).build().await;
            (base, SharedCredentialsProvider::new(role))
        }
    };
    Ok(base.into_builder().credentials_provider(provider).build())
}

fn loader(settings: &config::Aws) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT);
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts.build())
        .identity_cache(IdentityCache::lazy().load_timeout(CALL_TIMEOUT).buffer_time(RENEW_BEFORE).build())
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
    fn a_session_name_is_valid_for_sts() {
        assert_eq!(session_name("app"), "devdb-app");
        assert_eq!(session_name("my app/ü"), "devdb-my-app--");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
    }
}
