//! The settings of a session that runs scripts.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::variables::Variables;
use crate::pg::{Result, Session};

/// The application name of sessions that run scripts, in `pg_stat_activity`.
pub const APPLICATION_NAME: &str = "devdb scripts";

/// Time that a statement waits for a lock. A clone has no other users: a lock is held by a prepared transaction of the
/// snapshot, or a session that should have been ended.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Time after which the server ends an idle transaction, such as one of a client behind a broken tunnel.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Resets a session to the state that every script begins in: without effects of a script before, with the settings of
/// this file, `variables` as `devdb.…`, and `deadline` as the statement timeout. `DISCARD ALL` would also drop the
/// driver's prepared statements, so its other parts are listed one by one.
///
/// # Errors
/// Server errors.
pub async fn reset_session(
    session: &Session,
    variables: &Variables,
    deadline: Duration,
    read_only: bool,
) -> Result<()> {
    let mut sql = String::from(
        "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; \
         SELECT pg_catalog.pg_advisory_unlock_all();",
    );
    let lock = LOCK_TIMEOUT.as_millis();
    let idle = IDLE_TIMEOUT.as_millis();
    let statement = milliseconds(deadline);
    let read_only = if read_only { "on" } else { "off" };
    for (name, value) in [
        ("application_name", format!("'{APPLICATION_NAME}'")),
        // Scripts qualify names: otherwise a search path of production would decide.
        ("search_path", "pg_catalog".into()),
        // Rows hidden by a policy would remain unscrubbed without an error.
        ("row_security", "off".into()),
        ("lock_timeout", lock.to_string()),
        ("statement_timeout", statement.to_string()),
        ("idle_in_transaction_session_timeout", idle.to_string()),
        ("default_transaction_read_only", read_only.into()),
        ("default_transaction_isolation", "'read committed'".into()),
        // Files are split by these quoting rules.
        ("standard_conforming_strings", "on".into()),
        // Notices may contain row values, and are not shown.
        ("client_min_messages", "error".into()),
    ] {
        sql.push_str(&format!(" SET {name} = {value};"));
    }
    if session.major() >= 17 {
        sql.push_str(" SET transaction_timeout = 0;");
    }
    session.run(&sql).await?;
    let secrets = variables.secrets.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
    let values = variables.values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (names, values): (Vec<&str>, Vec<&str>) = values.chain(secrets).unzip();
    if !names.is_empty() {
        session
            .query(
                "SELECT pg_catalog.count(pg_catalog.set_config('devdb.' || name, value, false)) \
                 FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS given (name, value)",
                &[&names, &values],
            )
            .await?;
    }
    Ok(())
}

/// A duration as a setting in milliseconds: at least 1, because 0 means no limit.
pub(super) fn milliseconds(duration: Duration) -> u128 {
    duration.as_millis().clamp(1, i32::MAX as u128)
}
