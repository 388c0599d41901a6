//! Sessions for a rewrite, all with the same settings.

use super::error::Result;
use super::options::APPLICATION_NAME;
use crate::pg::Session;
use crate::pg::connector::Connector;
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};

/// Opens a configured session.
pub(super) async fn open(connector: &dyn Connector, database: &str) -> Result<Session> {
    let session = connector.session(database).await?;
    configure(&session).await?;
    Ok(session)
}

/// Configures a session. The name comes first: a later run ends all sessions that have it.
async fn configure(session: &Session) -> Result<()> {
    session.run(&format!("RESET ROLE; SET application_name = '{APPLICATION_NAME}'")).await?;
    // JIT compilation of the long mask expressions costs more than it saves.
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
    configure_reading(session).await
}

/// Sets what reading the catalog requires: the search path makes the server qualify names in definitions, and the replication
/// role decides which event triggers would fire.
pub(super) async fn configure_reading(session: &Session) -> Result<()> {
    apply_strict_settings(session).await?;
    // Prevents event triggers from firing, where the role may set it.
    match session.run("SET session_replication_role = replica").await {
        Err(error) if error.is_disconnect() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Resets the settings of [`configure_reading`].
pub(super) async fn reset(session: &Session) -> Result<()> {
    match session.run("RESET session_replication_role").await {
        Err(error) if error.is_disconnect() => return Err(error.into()),
        _ => {}
    }
    Ok(reset_settings(session).await?)
}
