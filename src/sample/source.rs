//! The database from which a sample is read, and the settings of every session on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::pg::tunnel::Tunnel;
use crate::pg::{self, Credentials, Session, Trust, connect};

/// A database that is only read. Every session on it is read-only.
#[derive(Clone)]
pub struct Source {
    /// The open tunnel to it.
    pub tunnel: Arc<Tunnel>,
    /// The certificate authorities that it is verified against.
    pub trust: Trust,
    /// The file that `trust` was read from; `None` for the built-in authorities of RDS.
    pub root_cert: Option<PathBuf>,
    /// The role and its password.
    pub credentials: Credentials,
    /// The database.
    pub database: String,
    /// The longest time that one query may take.
    pub statement_timeout: Duration,
}

/// What distinguishes servers that are behind one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerIdentity {
    address: Option<String>,
    port: Option<i32>,
    started: String,
    /// Whether it is a standby.
    pub standby: bool,
}

impl Source {
    /// Opens a read-only session.
    pub(super) async fn open(&self) -> pg::Result<Session> {
        let session = connect(&self.tunnel, &self.trust, &self.credentials, &self.database).await?;
        // Row security must fail instead of hiding rows. Text forms must not depend on the role or the database, nor the
        // order of a scan on concurrent scans.
        session
            .run(&format!(
                "SET default_transaction_read_only = on; SET row_security = off; SET statement_timeout = {}; \
                 SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; SET lock_timeout = '30s'; \
                 SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET bytea_output = 'hex'; \
                 SET extra_float_digits = 3; SET lc_monetary = 'C'; SET standard_conforming_strings = on; \
                 SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET jit = off",
                self.statement_timeout.as_millis()
            ))
            .await?;
        if session.major() >= 17 {
            session.run("SET transaction_timeout = 0").await?;
        }
        // Lets a server that waits for a lock detect a lost connection. Not every operating system supports it.
        let _ = session.run("SET client_connection_check_interval = '1s'").await;
        Ok(session)
    }
}

/// Returns the identity of the server that a session is connected to.
pub(super) async fn server_identity(session: &Session) -> pg::Result<ServerIdentity> {
    // The system identifier is no alternative: reading it takes privileges that a read-only role need not have, and a
    // standby has that of its primary.
    let row = session
        .query_one(
            "SELECT pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port(), \
                    pg_catalog.pg_postmaster_start_time()::pg_catalog.text, pg_catalog.pg_is_in_recovery()",
            &[],
        )
        .await?;
    Ok(ServerIdentity { address: row.get(0), port: row.get(1), started: row.get(2), standby: row.get(3) })
}
