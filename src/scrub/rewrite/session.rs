//! Sessions of this room: all under the same settings.

use super::{APPLICATION_NAME, Result};
use crate::pg::Session;
use crate::pg::connector::Connector;
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};

/// A new session, settled.
pub(super) async fn open(connector: &dyn Connector, database: &str) -> Result<Session> {
    let session = connector.session(database).await?;
    settle(&session).await?;
    Ok(session)
}

/// The name comes first: a later run ends all sessions that have it.
async fn settle(session: &Session) -> Result<()> {
    session.run(&format!("RESET ROLE; SET application_name = '{APPLICATION_NAME}'")).await?;
    // Masks are long expressions that are not worth compiling to machine code.
    session
        .run(
            "SET client_min_messages = error; SET jit = off; SET idle_in_transaction_session_timeout = 0; \
             SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed'; \
             SET check_function_bodies = off; SET default_tablespace = ''",
        )
        .await?;
    if session.major() >= 17 {
        session.run("SET transaction_timeout = 0").await?;
    }
    look(session).await
}

/// What looking takes. Names in definitions read back from the catalog are qualified because of the
/// search path, and event triggers count that would fire on us.
pub(super) async fn look(session: &Session) -> Result<()> {
    apply_strict_settings(session).await?;
    // Keeps event triggers from firing, where we may set it.
    match session.run("SET session_replication_role = replica").await {
        Err(error) if error.is_disconnect() => Err(error.into()),
        _ => Ok(()),
    }
}

/// The session is its owner's again.
pub(super) async fn leave(session: &Session) -> Result<()> {
    match session.run("RESET session_replication_role").await {
        Err(error) if error.is_disconnect() => return Err(error.into()),
        _ => {}
    }
    Ok(reset_settings(session).await?)
}
