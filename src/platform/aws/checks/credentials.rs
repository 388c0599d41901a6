//! Whose credentials these are, and whether they last as long as a rotation.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;

use super::{Aws, Check, unknown};
use crate::platform::aws::access;

/// A rotation of a large database takes longer than this.
const LONG_ENOUGH: Duration = Duration::from_secs(3600);

pub(super) async fn check(aws: &Aws) -> Vec<Check> {
    match account(aws).await {
        Ok(account) => vec![account, life(aws).await],
        Err(check) => vec![check],
    }
}

async fn account(aws: &Aws) -> Result<Check, Check> {
    const NAME: &str = "account";
    let identity = access::identity(aws).await.map_err(|error| unknown(NAME, &error))?;
    let found = format!("{} in {}, as {}", identity.account, identity.region, identity.caller);
    if identity.account == aws.place.account {
        Ok(Check::ok(NAME, found))
    } else {
        let remedy = format!("use credentials of account {}, or correct `account:`", aws.place.account);
        Err(Check::fail(NAME, found, remedy))
    }
}

async fn life(aws: &Aws) -> Check {
    const NAME: &str = "credentials";
    const REMEDY: &str = "set `role:`, so that devdb renews them itself";
    if let Some(role) = &aws.place.role {
        return Check::ok(NAME, format!("of {role}, renewed by devdb"));
    }
    let Some(provider) = &aws.credentials else {
        return Check::ok(NAME, "from the standard chain");
    };
    let current = match provider.provide_credentials().await {
        Ok(current) => current,
        Err(error) => return Check::fail(NAME, crate::error::Chain(&error).to_string(), "log in to AWS again"),
    };
    match (current.expiry(), current.session_token()) {
        (Some(end), _) => {
            let left = end.duration_since(SystemTime::now()).unwrap_or_default();
            let found = format!("valid for {} more minutes", left.as_secs() / 60);
            if left < LONG_ENOUGH {
                Check::warn(NAME, format!("{found}, unless their source renews them"), REMEDY)
            } else {
                Check::ok(NAME, found)
            }
        }
        (None, Some(_)) => Check::warn(NAME, "temporary, and nothing says until when", REMEDY),
        (None, None) => Check::ok(NAME, "without an end"),
    }
}
