//! Connections to the source that share one snapshot.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join_all, try_join_all};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conflict::is_conflict;
use super::error::{Result, SampleError};
use super::source::{ServerIdentity, Source, server_identity};
use crate::pg::{self, Canceller, Session, literal};

/// A snapshot of the source, and the connections that read it.
pub struct Pool {
    source: Source,
    /// The session that exported the snapshot. It runs nothing that could end its transaction.
    leader: Session,
    snapshot: String,
    server: ServerIdentity,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    cancellers: Mutex<Vec<Canceller>>,
}

/// A connection, and whether sequential scans are disabled on it.
struct Connection {
    session: Session,
    prefers_index: bool,
}

/// A connection for one query at a time. Dropping it returns it to the pool; dropping it during a query cancels the query
/// on the server.
pub(super) struct PooledSession {
    pool: Arc<Pool>,
    connection: Option<Connection>,
    busy: bool,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// Exports a snapshot and opens `jobs` connections that use it.
    pub(super) async fn open(source: &Source, jobs: usize) -> Result<Arc<Pool>> {
        let leader = source.open().await?;
        let server = server_identity(&leader).await?;
        leader.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let snapshot: String = leader.query_one("SELECT pg_catalog.pg_export_snapshot()", &[]).await?.get(0);
        let pool = Pool {
            source: source.clone(),
            cancellers: Mutex::new(vec![leader.canceller()]),
            leader,
            snapshot,
            server,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(jobs)),
        };
        // All at once, so that an endpoint that balances connections is detected before anything is read.
        let connections = try_join_all((0..jobs).map(|_| pool.connect())).await?;
        pool.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(connections);
        Ok(Arc::new(pool))
    }

    async fn connect(&self) -> Result<Connection> {
        let session = self.source.open().await?;
        if server_identity(&session).await? != self.server {
            return Err(SampleError::MixedServers { place: self.source.tunnel.address.to_string() });
        }
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        session.run(&format!("SET TRANSACTION SNAPSHOT {}", literal(&self.snapshot))).await?;
        self.cancellers.lock().unwrap_or_else(PoisonError::into_inner).push(session.canceller());
        Ok(Connection { session, prefers_index: false })
    }

    /// Returns a connection, waiting while all of them are in use.
    pub(super) async fn take(self: &Arc<Self>) -> Result<PooledSession> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| SampleError::Interrupted)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(PooledSession { pool: self.clone(), connection: Some(connection), busy: false, _permit: permit })
    }

    /// The session that exported the snapshot, for reading the catalog.
    pub(super) fn leader(&self) -> &Session {
        &self.leader
    }

    /// The name of the snapshot.
    pub(super) fn snapshot(&self) -> &str {
        &self.snapshot
    }

    /// The database that it reads.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether an error may not occur again with a new snapshot, because the server cancelled the transaction in favour
    /// of another one.
    pub(super) fn may_retry(&self, error: &SampleError) -> bool {
        let SampleError::Source(error) = error else { return false };
        // A standby closes the connection of a transaction that was idle at the time of the conflict.
        is_conflict(error) || (self.server.standby && (error.is_disconnect() || self.leader.client().is_closed()))
    }

    /// Ends the transactions once everything is read, so that vacuum on the source no longer waits for them.
    pub(super) async fn release(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // A lost connection has no transaction either.
        let _ = self.leader.run("COMMIT").await;
    }

    /// Cancels the queries of all connections.
    pub async fn cancel(&self) {
        let all = self.cancellers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // An unreachable server cannot be asked to cancel anything.
        let _ = join_all(all.iter().map(Canceller::cancel)).await;
    }
}

impl PooledSession {
    /// Returns the session for a query that runs until [`PooledSession::end`].
    pub(super) fn begin(&mut self) -> Result<&Session> {
        self.busy = true;
        self.connection.as_ref().map(|connection| &connection.session).ok_or(SampleError::Interrupted)
    }

    /// Disables or enables sequential scans for the next query. For some thousand keys a planner would scan the whole
    /// table, and scan it again for the next thousand.
    pub(super) async fn prefer_index(&mut self, wanted: bool) -> Result<()> {
        if self.connection.as_ref().is_some_and(|connection| connection.prefers_index == wanted) {
            return Ok(());
        }
        let set = if wanted { "SET enable_seqscan = off" } else { "SET enable_seqscan = on" };
        self.begin()?.run(set).await?;
        self.end();
        if let Some(connection) = &mut self.connection {
            connection.prefers_index = wanted;
        }
        Ok(())
    }

    /// Marks the query as complete. The connection can run another one.
    pub(super) fn end(&mut self) {
        self.busy = false;
    }

    /// Returns all rows of a query.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        self.prefer_index(false).await?;
        let rows = self.begin()?.query(sql, parameters).await?;
        self.end();
        Ok(rows)
    }
}

impl Drop for PooledSession {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.busy {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            return;
        }
        // Cancelling the query aborts the transaction, so the connection cannot be used again.
        let canceller = connection.session.canceller();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = canceller.cancel().await;
                drop(connection);
            });
        }
    }
}

/// Returns the conversion of a driver's error of a statement.
pub(super) fn query_error(sql: &str) -> impl Fn(tokio_postgres::Error) -> SampleError + '_ {
    move |error| SampleError::Source(pg::Error::of(error, sql))
}
