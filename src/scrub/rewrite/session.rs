//! Sessions of this room: all under the same settings.

use super::{APPLICATION_NAME, Result};
use crate::pg::Session;
use crate::scrub::acting::careful;
use crate::scrub::door::Door;

/// A new session, settled.
pub(super) async fn open(door: &dyn Door, database: &str) -> Result<Session> {
    let session = door.session(database).await?;
    settle(&session).await?;
    Ok(session)
}

/// The name comes first: a later run ends all sessions that have it.
pub(super) async fn settle(session: &Session) -> Result<()> {
    // The order of several settings in one message is the order in which they take effect. Names in
    // definitions read back from the catalog are qualified because of the search path. Masks are long
    // expressions that are not worth compiling to machine code.
    session
        .run(&format!(
            "RESET ROLE; SET application_name = '{APPLICATION_NAME}'; SET client_min_messages = error; SET jit = off; \
             SET idle_in_transaction_session_timeout = 0; SET default_transaction_read_only = off; \
             SET default_transaction_isolation = 'read committed'; SET check_function_bodies = off; SET default_tablespace = ''"
        ))
        .await?;
    careful(session).await?;
    // Keeps triggers of the database itself, such as event triggers, from firing, where we may set it.
    match session.run("SET session_replication_role = replica").await {
        Err(error) if error.is_disconnect() => Err(error.into()),
        _ => Ok(()),
    }
}
