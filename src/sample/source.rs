//! Where a sample is read: how to come to it, and what every session there is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::pg::tunnel::Tunnel;
use crate::pg::{self, Credentials, Session, Trust, connect};

/// A database that is read. Every session is told that it may not write.
#[derive(Clone)]
pub struct Source {
    /// The open way to it.
    pub tunnel: Arc<Tunnel>,
    /// Who vouches for it.
    pub trust: Trust,
    /// The file that `trust` was read from; none for the built-in roots of RDS.
    pub root_cert: Option<PathBuf>,
    /// Who reads.
    pub credentials: Credentials,
    /// The database.
    pub database: String,
    /// The longest that one query may take.
    pub statement_timeout: Duration,
}

/// What tells one server from another that answers at the same address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    address: Option<String>,
    port: Option<i32>,
    started: String,
    /// Whether it is a standby.
    pub standby: bool,
}

impl Source {
    /// A session in which nothing can be written.
    pub(super) async fn open(&self) -> pg::Result<Session> {
        let session = connect(&self.tunnel, &self.trust, &self.credentials, &self.database).await?;
        // Row security must fail rather than hide rows; text forms must not depend on the role or the database, and the
        // order of a scan not on who else scans.
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
        // So that a server notices while it waits for a lock that we are gone; not every system lets it look.
        let _ = session.run("SET client_connection_check_interval = '1s'").await;
        Ok(session)
    }
}

/// Who a session has reached.
pub(super) async fn identity(session: &Session) -> pg::Result<Identity> {
    // The system identifier would be better, but reading it takes rights that a reader need not have, and
    // a standby has its primary's.
    let row = session
        .query_one(
            "SELECT pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port(), \
                    pg_catalog.pg_postmaster_start_time()::pg_catalog.text, pg_catalog.pg_is_in_recovery()",
            &[],
        )
        .await?;
    Ok(Identity { address: row.get(0), port: row.get(1), started: row.get(2), standby: row.get(3) })
}
