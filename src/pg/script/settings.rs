//! The settings every script begins with, whatever the script before it left behind.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::variables::Variables;
use crate::pg::{Result, Session};

/// The name under which sessions of scripts show in `pg_stat_activity`.
pub const APPLICATION_NAME: &str = "devdb scripts";

/// How long a statement waits for a lock. A clone has no other users: who holds one is a prepared
/// transaction of the snapshot, or a session that should have been ended.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// When the server ends a transaction whose client says nothing more, such as one behind a dead tunnel.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Puts a session into the state that each script begins in: nothing of a script before it, the settings
/// of this file, `variables` as `devdb.…`, `deadline` as the limit of a statement. `DISCARD ALL` would also drop the driver's own prepared
/// statements, so its other parts are named one by one.
pub async fn settle(session: &Session, variables: &Variables, deadline: Duration, read_only: bool) -> Result<()> {
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
        // Names are the script's to qualify: a search path of production's would decide otherwise.
        ("search_path", "pg_catalog".into()),
        // Rows hidden by a policy would stay unscrubbed without an error.
        ("row_security", "off".into()),
        ("lock_timeout", lock.to_string()),
        ("statement_timeout", statement.to_string()),
        ("idle_in_transaction_session_timeout", idle.to_string()),
        ("default_transaction_read_only", read_only.into()),
        ("default_transaction_isolation", "'read committed'".into()),
        // The files were cut by these rules of quoting.
        ("standard_conforming_strings", "on".into()),
        // Notices can hold row values and nobody reads them.
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

/// A duration for a setting: at least 1, because 0 means no limit.
pub(super) fn milliseconds(duration: Duration) -> u128 {
    duration.as_millis().clamp(1, i32::MAX as u128)
}
