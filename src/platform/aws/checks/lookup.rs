//! Findings for a lookup that failed.

use crate::platform::check::Check;
use crate::platform::error::Error;

/// A check that could not be completed. It stops the run like a negative result.
pub(super) fn unknown(name: &str, error: &Error) -> Check {
    let remedy = match error {
        Error::Denied { .. } => "give the role the permissions that `devdb policy` prints",
        _ => "run `devdb doctor` again; if the error persists, check the account's health in the AWS console",
    };
    Check::fail(name, error.to_string(), remedy)
}

/// A group that does not exist.
pub(super) fn missing(name: &str, group: &str) -> Check {
    Check::fail(
        name,
        format!("the {name} {group} does not exist"),
        "create it, or correct its name in the configuration",
    )
}

/// The finding for a failed lookup of a group: [`missing`] for the error code `not_found`, else [`unknown`].
pub(super) fn missing_or_unknown(name: &str, not_found: &str, group: &str, error: &Error) -> Check {
    match error {
        Error::Api { code, .. } if code.starts_with(not_found) => missing(name, group),
        error => unknown(name, error),
    }
}
