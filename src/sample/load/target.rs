//! The database that a sample is loaded into.

use super::error::{Error, Result};
use crate::pg::tunnel::{Dial, Transport, Tunnel};
use crate::pg::{Credentials, Session, Trust, Url, connect};

/// The database that a sample is loaded into.
#[derive(Clone, Debug)]
pub struct LoadTarget {
    /// The host as it was given, for the guard and for messages.
    pub host: String,
    /// The port as it was given.
    pub port: u16,
    /// The address to dial; the caller keeps the tunnel to it open.
    pub dial: Dial,
    /// The certificate authorities of the server.
    pub trust: Trust,
    /// The role and its password.
    pub credentials: Credentials,
    /// The database; a load creates it if it does not exist and the role may.
    pub database: String,
}

impl LoadTarget {
    /// Opens the connection path to a database. The tunnel has to live as long as the target is used.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn open(url: &Url, transport: &Transport) -> Result<(Tunnel, LoadTarget)> {
        let route = url.route();
        let tunnel = transport.open(route).await?;
        let target = LoadTarget {
            host: route.host.clone(),
            port: route.port,
            dial: (*tunnel).clone(),
            trust: url.trust().clone(),
            credentials: url.credentials().clone(),
            database: url.database().to_owned(),
        };
        Ok((tunnel, target))
    }

    /// Returns `host:port/database`, for messages and `sample.targets`.
    pub fn name(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    /// Opens a session in a database of the server, with the settings of a restore.
    pub(super) async fn session(&self, database: &str) -> Result<Session> {
        let session = connect(&self.dial, &self.trust, &self.credentials, database).await;
        let session = session.map_err(|error| Error::Connect { target: self.name(), error })?;
        // The settings at the start of pg_dump's output: names have their schema, and the bodies of functions may
        // use objects that do not exist yet.
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
        // Lets a server notice during an index build that the client is gone. Not every operating system supports it.
        let _ = session.run("SET client_connection_check_interval = '1s'").await;
        Ok(session)
    }
}
