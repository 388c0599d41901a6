//! The account of the credentials, and whether they stay valid for a rotation.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;

use crate::platform::aws::client::Aws;
use crate::platform::check::Check;
use crate::units::span;

use super::lookup::unknown;

/// Remaining validity below which a warning is given: the rotation of a large database takes longer.
const MIN_VALIDITY: Duration = Duration::from_secs(3600);

pub(super) async fn check(aws: &Aws) -> Vec<Check> {
    match account(aws).await {
        Ok(account) => vec![account, validity(aws).await],
        Err(check) => vec![check],
    }
}

async fn account(aws: &Aws) -> Result<Check, Check> {
    const NAME: &str = "account";
    let identity = aws.caller_identity().await.map_err(|error| unknown(NAME, &error))?;
    let found = format!("{} in {}, as {}", identity.account, identity.region, identity.caller);
    if identity.account == aws.settings.account {
        Ok(Check::ok(NAME, found))
    } else {
        let remedy = format!("use credentials of account {}, or correct `account:`", aws.settings.account);
        Err(Check::fail(NAME, found, remedy))
    }
}

async fn validity(aws: &Aws) -> Check {
    const NAME: &str = "credentials";
    const REMEDY: &str = "set `role:` so that devdb renews them";
    if let Some(role) = &aws.settings.role {
        return Check::ok(NAME, format!("for {role}, renewed by devdb"));
    }
    let Some(provider) = &aws.credentials else {
        return Check::ok(NAME, "from the standard chain");
    };
    let current = match provider.provide_credentials().await {
        Ok(current) => current,
        Err(error) => return Check::fail(NAME, crate::error::Chain(&error).to_string(), "log in to AWS again"),
    };
    match (current.expiry(), current.session_token()) {
        (Some(expiry), _) => {
            let left = expiry.duration_since(SystemTime::now()).unwrap_or_default();
            let found = format!("valid for {}", span(left));
            if left < MIN_VALIDITY {
                Check::warn(NAME, format!("{found}, unless their provider renews them"), REMEDY)
            } else {
                Check::ok(NAME, found)
            }
        }
        (None, Some(_)) => Check::warn(NAME, "temporary, with unknown expiry", REMEDY),
        (None, None) => Check::ok(NAME, "permanent"),
    }
}
