//! Logging in to a database of RDS as whoever the credentials are: a token instead of a password.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
use secrecy::SecretString;

use crate::config::{PlatformConfig, Target};
use crate::pg::Route;
use crate::platform::{Error, Result};

use super::access;

/// Makes a token that lets `user` log in at `route` within the next 15 minutes; a session goes on after that.
/// Nothing is sent but what the credentials themselves take. Of a target that is not on AWS, the credentials are
/// those of the environment.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>
///
/// # Errors
/// When there are no credentials, or the region is not known.
pub async fn auth_token(target: &Target, route: &Route, user: &str) -> Result<SecretString> {
    let sdk = match &target.platform {
        PlatformConfig::Aws(place) => access::load(target, place).await?,
        PlatformConfig::Local(_) => aws_config::defaults(BehaviorVersion::latest()).load().await,
    };
    // Nothing is called: the token is a request that is signed and not sent.
    let failed = |why: Box<dyn std::error::Error + Send + Sync>| Error::Denied {
        call: "GenerateDBAuthToken",
        message: why.to_string(),
    };
    let mut config = Config::builder().hostname(&route.host).port(u64::from(route.port)).username(user);
    if let Some(region) = region(&route.host) {
        config = config.region(Region::new(region.to_owned()));
    }
    let config = config.build().map_err(failed)?;
    let token = AuthTokenGenerator::new(config).auth_token(&sdk).await.map_err(failed)?;
    Ok(SecretString::from(token.as_str()))
}

/// The region in the name of an endpoint: `app.c0ffee.eu-west-1.rds.amazonaws.com`. A replica may be in
/// another region than the target.
pub(super) fn region(host: &str) -> Option<&str> {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    host.strip_suffix(".rds.amazonaws.com")?.rsplit('.').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_says_its_region() {
        assert_eq!(region("app.c0ffee.eu-west-1.rds.amazonaws.com"), Some("eu-west-1"));
        assert_eq!(region("app.c0ffee.rds.cn-north-1.amazonaws.com.cn"), None);
        assert_eq!(region("db.example.com"), None);
    }
}
