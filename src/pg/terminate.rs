//! Terminates sessions on a clone.

use tokio_postgres::Row;

use super::as_owner::AssumedRole;
use super::{Error, Result, Session};
use crate::units::counted;

/// Terminates a session and waits until it is gone; with the rights of its role if the current ones do not suffice.
/// Returns whether it is gone.
pub(crate) async fn terminate_session(session: &Session, pid: i32, role: &str) -> Result<bool> {
    const TERMINATE: &str = "SELECT pg_catalog.pg_terminate_backend($1, 5000)";
    let terminated = |rows: Vec<Row>| rows.first().is_some_and(|row| row.get(0));
    match session.query(TERMINATE, &[&pid]).await {
        Ok(rows) => return Ok(terminated(rows)),
        Err(error) if error.is_disconnect() => return Err(error),
        Err(_) => {}
    }
    let Ok(assumed) = AssumedRole::assume(session, role).await else { return Ok(false) };
    let result = session.query(TERMINATE, &[&pid]).await;
    assumed.release(session).await?;
    Ok(result.is_ok_and(terminated))
}

/// Time for the sessions of a killed run to end, in milliseconds.
const TERMINATE_TIMEOUT_MS: i64 = 20_000;

/// Terminates the sessions with an application name that an earlier run left. The server continues a statement whose
/// client was killed, and could commit it after progress has been read.
///
/// # Errors
/// [`Error::Database`] if sessions remain, and server errors.
pub(crate) async fn terminate_predecessors(session: &Session, application: &str) -> Result<()> {
    let others = "FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND usename = current_user \
                  AND datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()";
    let terminate = format!("SELECT pg_catalog.pg_terminate_backend(pid, $2) {others}");
    session.query(&terminate, &[&application, &TERMINATE_TIMEOUT_MS]).await?;
    let left: i64 = session.query_one(&format!("SELECT pg_catalog.count(*) {others}"), &[&application]).await?.get(0);
    if left == 0 {
        return Ok(());
    }
    let why = format!(
        "still has {} of an earlier run ({application}) that could not be terminated",
        counted(left.unsigned_abs(), "session")
    );
    Err(Error::Database { database: session.database().to_owned(), why })
}
