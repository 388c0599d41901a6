//! Connections to the source that all see one snapshot.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join_all, try_join_all};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Result, SampleError};
use super::source::{Identity, Source, identity};
use crate::pg::{self, Canceller, Session, literal};

/// A snapshot of the source, and the connections that read it.
pub struct Pool {
    source: Source,
    /// Holds the snapshot; runs nothing that could end its transaction.
    leader: Session,
    snapshot: String,
    reached: Identity,
    idle: Mutex<Vec<Worker>>,
    turns: Arc<Semaphore>,
    cancellers: Mutex<Vec<Canceller>>,
}

/// A connection, and whether it was told to keep off whole tables.
struct Worker {
    session: Session,
    by_index: bool,
}

/// A connection for one query at a time. Given back when dropped; when dropped in the middle of a query, that
/// query is cancelled on the server.
pub(super) struct Lease {
    pool: Arc<Pool>,
    worker: Option<Worker>,
    busy: bool,
    _turn: OwnedSemaphorePermit,
}

impl Pool {
    /// Takes a snapshot and opens so many connections that see it.
    pub(super) async fn open(source: &Source, jobs: usize) -> Result<Arc<Pool>> {
        let leader = source.open().await?;
        let reached = identity(&leader).await?;
        leader.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let snapshot: String = leader.query_one("SELECT pg_catalog.pg_export_snapshot()", &[]).await?.get(0);
        let pool = Pool {
            source: source.clone(),
            cancellers: Mutex::new(vec![leader.canceller()]),
            leader,
            snapshot,
            reached,
            idle: Mutex::default(),
            turns: Arc::new(Semaphore::new(jobs)),
        };
        // All at once: an endpoint that spreads connections is found out before anything is read.
        let workers = try_join_all((0..jobs).map(|_| pool.worker())).await?;
        pool.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(workers);
        Ok(Arc::new(pool))
    }

    async fn worker(&self) -> Result<Worker> {
        let session = self.source.open().await?;
        if identity(&session).await? != self.reached {
            return Err(SampleError::MixedServers { place: self.source.tunnel.address.to_string() });
        }
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        session.run(&format!("SET TRANSACTION SNAPSHOT {}", literal(&self.snapshot))).await?;
        self.cancellers.lock().unwrap_or_else(PoisonError::into_inner).push(session.canceller());
        Ok(Worker { session, by_index: false })
    }

    /// A connection; waits while all are in use.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Lease> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| SampleError::Interrupted)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = match idle {
            Some(worker) => worker,
            None => self.worker().await?,
        };
        Ok(Lease { pool: self.clone(), worker: Some(worker), busy: false, _turn: turn })
    }

    /// The session that holds the snapshot, for reading the catalog.
    pub(super) fn leader(&self) -> &Session {
        &self.leader
    }

    /// The name of the snapshot.
    pub(super) fn snapshot(&self) -> &str {
        &self.snapshot
    }

    /// Where it reads.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether an error may be gone with a new snapshot: the server resolved a conflict at our cost.
    pub(super) fn may_retry(&self, error: &SampleError) -> bool {
        let SampleError::Source(error) = error else { return false };
        // A standby ends the whole connection of a transaction that was idle when the conflict came up.
        super::is_conflict(error)
            || (self.reached.standby && (error.is_disconnect() || self.leader.client().is_closed()))
    }

    /// Ends the transactions: all that is wanted was read. The source's own work does not wait for ours any longer.
    pub(super) async fn release(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // A connection that is gone has no transaction either.
        let _ = self.leader.run("COMMIT").await;
    }

    /// Ends what all connections are running.
    pub async fn cancel(&self) {
        let all = self.cancellers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // One that cannot be reached has nothing to cancel any more, as far as we can do anything about it.
        let _ = join_all(all.iter().map(Canceller::cancel)).await;
    }
}

impl Lease {
    /// The session, for a query that is waited for to its end or whose end is told by [`Lease::ended`].
    pub(super) fn begin(&mut self) -> Result<&Session> {
        self.busy = true;
        self.worker.as_ref().map(|worker| &worker.session).ok_or(SampleError::Interrupted)
    }

    /// Says whether what is asked next is to be found over an index. For some thousand keys a planner would rather read
    /// the table, and for the next thousand once more.
    pub(super) async fn by_index(&mut self, wanted: bool) -> Result<()> {
        if self.worker.as_ref().is_some_and(|worker| worker.by_index == wanted) {
            return Ok(());
        }
        let set = if wanted { "SET enable_seqscan = off" } else { "SET enable_seqscan = on" };
        self.begin()?.run(set).await?;
        self.ended();
        if let Some(worker) = &mut self.worker {
            worker.by_index = wanted;
        }
        Ok(())
    }

    /// The query came to its end, and the connection can run another.
    pub(super) fn ended(&mut self) {
        self.busy = false;
    }

    /// Rows of one query with parameters.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        self.by_index(false).await?;
        let rows = self.begin()?.query(sql, parameters).await?;
        self.ended();
        Ok(rows)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        if !self.busy {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            return;
        }
        // Its transaction ends with the query, so that the connection is of no more use.
        let canceller = worker.session.canceller();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = canceller.cancel().await;
                drop(worker);
            });
        }
    }
}

/// A query's error as the driver has it.
pub(super) fn failed(sql: &str) -> impl Fn(tokio_postgres::Error) -> SampleError + '_ {
    move |error| SampleError::Source(pg::Error::of(error, sql))
}
