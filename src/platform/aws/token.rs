//! IAM authentication of RDS: a token instead of a password.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
use secrecy::SecretString;

use crate::config::{PlatformConfig, Target};
use crate::pg::Route;
use crate::platform::error::{Error, Result};

use super::{credentials, region};

/// Returns a token with which `user` can log in at `route` within the next 15 minutes; a session outlives it. No
/// request is sent, except by the credentials themselves. For a target that is not on AWS, the credentials are those
/// of the environment.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>
///
/// # Errors
/// If there are no credentials, or the region is unknown.
pub async fn auth_token(target: &Target, route: &Route, user: &str) -> Result<SecretString> {
    let sdk = match &target.platform {
        PlatformConfig::Aws(settings) => credentials::load(target, settings).await?,
        PlatformConfig::Local(_) => aws_config::defaults(BehaviorVersion::latest()).load().await,
    };
    // The token is a request that is signed and not sent.
    let denied = |error: Box<dyn std::error::Error + Send + Sync>| Error::Denied {
        call: "GenerateDBAuthToken",
        message: error.to_string(),
    };
    let mut config = Config::builder().hostname(&route.host).port(u64::from(route.port)).username(user);
    if let Some(region) = region::of_endpoint(&route.host) {
        config = config.region(Region::new(region.to_owned()));
    }
    let config = config.build().map_err(denied)?;
    let token = AuthTokenGenerator::new(config).auth_token(&sdk).await.map_err(denied)?;
    Ok(SecretString::from(token.as_str()))
}
