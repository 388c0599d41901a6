//! New passwords for allowed roles. The server receives SCRAM verifiers: the password itself would appear in its log and in
//! `pg_stat_activity`.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::error::Error;
use crate::pg::{Session, identifier, literal};

/// Sets each role's new password. A role without one gets none, so that production's no longer works (it may still use IAM tokens
/// or a certificate).
///
/// # Errors
/// A role that does not exist: the service that it is for could not log in.
pub async fn set_passwords(session: &Session, passwords: &BTreeMap<String, Option<SecretString>>) -> Result<(), Error> {
    for (role, password) in passwords {
        let existing = session.query("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1::text::name", &[role]).await?;
        if existing.is_empty() {
            return Err(Error::Missing { role: role.clone() });
        }
        let clause = clause(password.as_ref());
        session
            .run(&format!("ALTER ROLE {} {clause}", identifier(role)))
            .await
            .map_err(|source| Error::Password { role: role.clone(), source })?;
    }
    Ok(())
}

/// Returns `PASSWORD '…'` with a verifier, or `PASSWORD NULL`.
pub(super) fn clause(password: Option<&SecretString>) -> String {
    match password {
        None => "PASSWORD NULL".into(),
        Some(password) => {
            let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
            format!("PASSWORD {}", literal(&verifier))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_itself_is_not_sent() {
        let clause = clause(Some(&SecretString::from("open sesame")));
        assert!(clause.starts_with("PASSWORD 'SCRAM-SHA-256$4096:"), "{clause}");
        assert!(!clause.contains("sesame"));
    }
}
