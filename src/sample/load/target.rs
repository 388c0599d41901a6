//! The database that a sample goes into, as an address; and a session there as a load needs it.

use crate::pg::tunnel::{Dial, Gate, Tunnel};
use crate::pg::{Credentials, Session, Trust, Url, connect};
use crate::sample::load::error::Result;

/// A database on a server.
#[derive(Clone, Debug)]
pub struct Target {
    /// The host as it was named, for the guard and for messages.
    pub host: String,
    /// The port as it was named.
    pub port: u16,
    /// The way there, which the caller keeps open.
    pub dial: Dial,
    /// Who may vouch for the server.
    pub trust: Trust,
    /// Who logs in.
    pub credentials: Credentials,
    /// The database; it is made when there is none of that name and the role may make one.
    pub database: String,
}

impl Target {
    /// Opens the way to a database. The way has to be kept as long as the target is used.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(url: &Url, gate: &Gate) -> Result<(Tunnel, Target)> {
        let route = url.route();
        let tunnel = gate.open(route).await?;
        let target = Target {
            host: route.host.clone(),
            port: route.port,
            dial: (*tunnel).clone(),
            trust: url.trust().clone(),
            credentials: url.credentials().clone(),
            database: url.database().to_owned(),
        };
        Ok((tunnel, target))
    }

    /// `host:port/database` for messages and for the allow-list.
    pub fn name(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    /// A session whose settings are those of a restore.
    pub(super) async fn session(&self, database: &str) -> Result<Session> {
        let session = connect(&self.dial, &self.trust, &self.credentials, database).await?;
        // As pg_dump's own output begins: names are written with their schema, and the bodies of functions may
        // name what does not exist yet.
        session
            .run(
                "SET search_path = ''; SET check_function_bodies = off; SET xmloption = content; \
                 SET client_min_messages = warning; SET row_security = off; SET standard_conforming_strings = on; \
                 SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                 SET idle_session_timeout = 0; \
                 SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres; SET lc_monetary = 'C'; SET default_transaction_read_only = off; \
                 SET synchronous_commit = off",
            )
            .await?;
        if session.major() >= 17 {
            session.run("SET transaction_timeout = 0").await?;
        }
        // So that a server notices while it builds an index that we are gone; not every system lets it look.
        let _ = session.run("SET client_connection_check_interval = '1s'").await;
        Ok(session)
    }
}
