//! One load by one of the strategies.

use std::future::Future;

use super::apply::{SchemaApplier, SkippedObjects};
use super::copy_tables::{copy_in_order, copy_in_parallel};
use super::error::{Error, Result};
use super::rows::Rows;
use super::scratch::{ScratchDatabase, maintenance_session};
use super::strategy::LoadStrategy;
use super::summary::{LoadOptions, LoadSummary, STEP};
use super::target::LoadTarget;
use super::{into_existing, locks, parallel, post_load, sequences};
use crate::event::{Event, Listener};
use crate::pg::Session;
use crate::sample::schema::Schema;

/// The inputs of one load.
pub(super) struct LoadRun<'a, R: Rows + ?Sized> {
    pub(super) rows: &'a R,
    pub(super) schema: &'a Schema,
    pub(super) listener: &'a dyn Listener,
}

/// Returns the result of `work`, or [`Error::Interrupted`] if `interrupt` ends first.
pub(super) async fn until<T>(interrupt: impl Future<Output = ()>, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        () = interrupt => Err(Error::Interrupted),
    }
}

impl<R: Rows + ?Sized> LoadRun<'_, R> {
    /// Fills a scratch database and gives it the target's name. Drops it if that fails.
    pub(super) async fn fill_scratch_database(
        &self,
        target: &LoadTarget,
        exists: bool,
        options: LoadOptions,
        interrupt: impl Future<Output = ()> + Send,
    ) -> Result<LoadSummary> {
        let scratch = ScratchDatabase::create(target, maintenance_session(target).await?, self.listener).await?;
        let filled = until(interrupt, async {
            let session = target.session(&scratch.name).await?;
            self.fill_unused_database(&session, target, &scratch.name, options.jobs).await
        })
        .await;
        let done = match filled {
            Ok(mut summary) => scratch.publish(target, exists, options.replace, &mut summary).await.map(|()| summary),
            Err(error) => Err(error),
        };
        if done.is_err()
            && let Err(error) = scratch.discard().await
        {
            let message =
                format!("scratch database {} could not be dropped, the next load drops it: {error}", scratch.name);
            self.listener.on_event(&Event::Warning { message });
        }
        done
    }

    /// Fills a database that nothing else uses, with several sessions.
    pub(super) async fn fill_unused_database(
        &self,
        session: &Session,
        target: &LoadTarget,
        database: &str,
        jobs: usize,
    ) -> Result<LoadSummary> {
        let mut applier = SchemaApplier::new(session, false);
        self.progress("creating schemas, types and tables");
        applier.apply(&self.schema.pre_data).await?;
        let mut sessions = Vec::new();
        for _ in 0..jobs.max(1) {
            sessions.push(target.session(database).await?);
        }
        let tables = copy_in_parallel(self.rows, session, &sessions, self.listener).await?;
        self.progress("creating indexes, constraints and triggers");
        parallel::run(&mut applier, &sessions, &self.schema.post_data).await?;
        let notes = self.finish(session, &sessions).await?;
        let skipped = applier.transfer_ownership().await?;
        Ok(LoadSummary { strategy: LoadStrategy::Scratch, tables, skipped, notes })
    }

    /// Fills the target in one transaction.
    pub(super) async fn in_transaction(
        &self,
        target: &LoadTarget,
        strategy: LoadStrategy,
        replace: bool,
    ) -> Result<LoadSummary> {
        let session = target.session(&target.database).await?;
        session.run(&format!("BEGIN; SET LOCAL lock_timeout = '{}s'", locks::TIMEOUT_SECONDS)).await?;
        let pid: i32 = session.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await?.get(0);
        let filled = match strategy {
            LoadStrategy::Existing => self.fill_existing_tables(&session, target, replace).await,
            LoadStrategy::Whole | LoadStrategy::Scratch => self.fill_empty_database(&session).await,
        };
        let committed = match filled {
            Ok(summary) => session.run("COMMIT").await.map(|_| summary).map_err(Error::from),
            Err(error) => Err(error),
        };
        match committed {
            Ok(summary) => Ok(summary),
            Err(error) => Err(locks::with_holders(target, pid, error).await),
        }
    }

    async fn fill_empty_database(&self, session: &Session) -> Result<LoadSummary> {
        let mut applier = SchemaApplier::new(session, true);
        applier.apply(&self.schema.pre_data).await?;
        let order: Vec<usize> = (0..self.rows.tables().len()).collect();
        let tables = copy_in_order(self.rows, session, &order, self.listener).await?;
        applier.apply(&self.schema.post_data).await?;
        let notes = self.finish(session, &[]).await?;
        let skipped = applier.transfer_ownership().await?;
        Ok(LoadSummary { strategy: LoadStrategy::Whole, tables, skipped, notes })
    }

    async fn fill_existing_tables(&self, session: &Session, target: &LoadTarget, replace: bool) -> Result<LoadSummary> {
        let split: Vec<bool> = (0..self.rows.tables().len()).map(|table| self.rows.parts(table) > 1).collect();
        let prepared = into_existing::prepare(session, target, self.rows.tables(), &split, replace).await?;
        let tables = copy_in_order(self.rows, session, &prepared.order, self.listener).await?;
        prepared.finish(session).await?;
        let notes = self.finish(session, &[]).await?;
        Ok(LoadSummary { strategy: LoadStrategy::Existing, tables, skipped: SkippedObjects::default(), notes })
    }

    /// Sets sequences, refreshes materialized views and analyzes. Without `others` it runs inside a transaction.
    async fn finish(&self, session: &Session, others: &[Session]) -> Result<Vec<String>> {
        self.progress("setting sequences, refreshing materialized views, analyzing");
        let mut notes = sequences::set(session).await?;
        notes.extend(post_load::refresh(session, others.is_empty()).await?);
        if others.is_empty() {
            session.run("ANALYZE").await?;
        } else {
            post_load::analyze(session, others).await?;
        }
        Ok(notes)
    }

    fn progress(&self, message: &str) {
        self.listener.on_event(&Event::Progress { step: STEP, message: message.to_owned() });
    }
}
