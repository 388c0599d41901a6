//! Filling a database with a sample, so that it is either all there or the database is as it was.
//!
//! What is there decides the way ([`LoadStrategy`]): a scratch database that takes the target's name at the end; the
//! target itself in one transaction; or, where migrations have made the tables, those tables in one
//! transaction. Everything that speaks against writing is known before the first write.

mod apply;
pub mod error;
mod guard;
mod inspect;
mod into_existing;
mod locks;
mod order;
mod ownership;
mod parallel;
mod parallel_plan;
mod post_load;
mod progress;
mod refusal;
mod rows;
mod scheduler;
mod scratch;
mod sequences;
mod statement_target;
mod target;

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Mutex;

use futures_util::future::try_join_all;

pub use apply::LeftOut;
pub use guard::{Guard, Origin};
pub use inspect::LoadStrategy;
pub(crate) use progress::Progress;
pub use refusal::Refusal;
pub use rows::{Bytestream, Copied, Rows};
pub use target::Target;

use super::TableCopy;
use super::schema::Schema;
use crate::event::{Event, Listener};
use crate::pg::Session;
use apply::Apply;
use error::{Error, Result};
use scratch::Scratch;

/// The step that events of a load are of.
pub const STEP: &str = "load";

/// How to load.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Streams at a time, and sessions that add indexes and keys, where the way allows more than one.
    pub jobs: usize,
    /// Whether a database that is not empty may be replaced.
    pub replace: bool,
}

/// What a load has done.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// How.
    pub way: LoadStrategy,
    /// What went into each table, in the order of [`Rows::tables`].
    pub tables: Vec<Copied>,
    /// What did not come over.
    pub left_out: LeftOut,
    /// What a person should know: sequences, materialized views.
    pub notes: Vec<String>,
}

/// Loads a sample into a database. Ends early when `interrupt` ends. When this fails, the target is as it was.
///
/// # Errors
/// [`Error::Refused`] before anything is written; what failed otherwise.
pub async fn load<R: Rows + ?Sized>(
    rows: &R,
    schema: &Schema,
    target: &Target,
    guard: &Guard,
    options: Options,
    listener: &dyn Listener,
    interrupt: impl Future<Output = ()> + Send,
) -> Result<Loaded> {
    let (way, exists) = look(rows.tables(), rows.major(), target, guard, options.replace).await?;
    let work = Work { rows, schema, listener };
    if way != LoadStrategy::Scratch {
        // A session that is dropped ends its transaction.
        return until(interrupt, work.transaction(target, way, options.replace)).await;
    }
    work.scratch(target, exists, options, interrupt).await
}

/// Loads into a server of our own, which needs no guard.
pub(super) async fn load_own<R: Rows + ?Sized>(
    rows: &R,
    schema: &Schema,
    target: &Target,
    jobs: usize,
    listener: &dyn Listener,
) -> Result<Loaded> {
    let session = target.session(&target.database).await?;
    Work { rows, schema, listener }.database(&session, target, &target.database, jobs).await
}

/// Whether a sample of these tables, of a source of this major version, may be loaded, as far as that can be told before
/// there is one. [`load`] asks again.
///
/// # Errors
/// [`Error::Refused`]; what the target says.
pub async fn check(tables: &[TableCopy], major: u32, target: &Target, guard: &Guard, replace: bool) -> Result<()> {
    look(tables, major, target, guard, replace).await.map(drop)
}

/// Looks at the target and decides the way.
async fn look(
    tables: &[TableCopy],
    source_major: u32,
    target: &Target,
    guard: &Guard,
    replace: bool,
) -> Result<(LoadStrategy, bool)> {
    guard.check(&target.host, target.port, &target.database)?;
    let (observed, major) = match target.session(&target.database).await {
        Ok(session) => {
            guard.check_server(target, &session).await?;
            (inspect::observe(&session).await?, session.major())
        }
        Err(Error::Pg(error)) if error.sqlstate() == Some("3D000") => {
            let keeper = scratch::keeper(target).await?;
            guard.check_server(target, &keeper).await?;
            let may_create = inspect::may_create(&keeper).await?;
            (inspect::Observed { may_create, ..Default::default() }, keeper.major())
        }
        Err(error) => return Err(error),
    };
    let way = inspect::decide(&observed, target, tables, replace)?;
    // Rows have the same form in every version; statements of a schema do not.
    if way != LoadStrategy::Existing && major < source_major {
        return Err(Refusal::Older { target: target.name(), major, source_major }.into());
    }
    Ok((way, observed.exists))
}

async fn until<T>(interrupt: impl Future<Output = ()>, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        () = interrupt => Err(Error::Interrupted),
    }
}

/// What every way has in common.
struct Work<'a, R: Rows + ?Sized> {
    rows: &'a R,
    schema: &'a Schema,
    listener: &'a dyn Listener,
}

impl<R: Rows + ?Sized> Work<'_, R> {
    /// Fills a scratch database and gives it the target's name; drops it when that fails.
    async fn scratch(
        &self,
        target: &Target,
        exists: bool,
        options: Options,
        interrupt: impl Future<Output = ()> + Send,
    ) -> Result<Loaded> {
        let scratch = Scratch::create(target, scratch::keeper(target).await?, self.listener).await?;
        let done = until(interrupt, async {
            let session = target.session(&scratch.name).await?;
            self.database(&session, target, &scratch.name, options.jobs).await
        })
        .await;
        let done = match done {
            Ok(mut loaded) => scratch.publish(target, exists, options.replace, &mut loaded).await.map(|()| loaded),
            Err(error) => Err(error),
        };
        if done.is_err()
            && let Err(error) = scratch.discard().await
        {
            let message = format!("the scratch database {} is left, the next load drops it: {error}", scratch.name);
            self.listener.on_event(&Event::Warning { message });
        }
        done
    }

    /// Fills a database that nobody else uses.
    async fn database(&self, session: &Session, target: &Target, database: &str, jobs: usize) -> Result<Loaded> {
        let mut apply = Apply::begin(session, false);
        self.tell("making schemas, types and tables");
        apply.run(&self.schema.pre_data).await?;
        let plain = plain_tables(session).await?;
        let mut sessions = Vec::new();
        for _ in 0..jobs.max(1) {
            sessions.push(target.session(database).await?);
        }
        let tables = self.copy(&sessions, &plain).await?;
        self.tell("adding indexes, constraints and triggers");
        parallel::run(&mut apply, &sessions, &self.schema.post_data).await?;
        let notes = self.finish(session, &sessions).await?;
        Ok(Loaded { way: LoadStrategy::Scratch, tables, left_out: apply.give().await?, notes })
    }

    /// Fills the target in one transaction.
    async fn transaction(&self, target: &Target, way: LoadStrategy, replace: bool) -> Result<Loaded> {
        let session = target.session(&target.database).await?;
        session.run(&format!("BEGIN; SET LOCAL lock_timeout = '{}s'", locks::PATIENCE)).await?;
        let own: i32 = session.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await?.get(0);
        match self.fill(&session, target, way, replace).await {
            Ok(loaded) => Ok(loaded),
            Err(error) => Err(locks::named(target, own, error).await),
        }
    }

    async fn fill(&self, session: &Session, target: &Target, way: LoadStrategy, replace: bool) -> Result<Loaded> {
        let loaded = if way == LoadStrategy::Whole {
            let mut apply = Apply::begin(session, true);
            apply.run(&self.schema.pre_data).await?;
            let order: Vec<usize> = (0..self.rows.tables().len()).collect();
            let tables = self.copy_in_order(session, &order).await?;
            apply.run(&self.schema.post_data).await?;
            let notes = self.finish(session, &[]).await?;
            Loaded { way, tables, left_out: apply.give().await?, notes }
        } else {
            let mut split = Vec::new();
            for table in 0..self.rows.tables().len() {
                split.push(self.rows.parts(table) > 1);
            }
            let ready = into_existing::prepare(session, target, self.rows.tables(), &split, replace).await?;
            let tables = self.copy_in_order(session, &ready.order).await?;
            ready.finish(session).await?;
            let notes = self.finish(session, &[]).await?;
            Loaded { way, tables, left_out: LeftOut::default(), notes }
        };
        session.run("COMMIT").await?;
        Ok(loaded)
    }

    /// What comes after rows and constraints; in one transaction when there are no other sessions.
    async fn finish(&self, session: &Session, others: &[Session]) -> Result<Vec<String>> {
        self.tell("setting sequences, filling materialized views, gathering statistics");
        let mut notes = sequences::set(session).await?;
        notes.extend(post_load::refresh(session, others.is_empty()).await?);
        if others.is_empty() {
            session.run("ANALYZE").await?;
        } else {
            post_load::analyze(session, others).await?;
        }
        Ok(notes)
    }

    /// Copies all tables, several streams at a time. The biggest go first, so that none is left alone at the end.
    async fn copy(&self, sessions: &[Session], plain: &BTreeSet<(String, String)>) -> Result<Vec<Copied>> {
        let tables = self.rows.tables();
        let progress = Progress::new(self.listener, STEP, tables.iter().map(|table| table.bytes).sum());
        let mut queue: Vec<(usize, usize, usize)> = Vec::new();
        for at in (0..tables.len()).filter(|at| tables[*at].rows > 0) {
            let parts = self.rows.parts(at);
            queue.extend((0..parts).map(|part| (at, part, parts)));
        }
        queue.sort_by_key(|(at, part, parts)| (std::cmp::Reverse(tables[*at].bytes / *parts as u64), *at, *part));
        let (queue, done) = (Mutex::new(VecDeque::from(queue)), Mutex::new(Vec::new()));
        let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
        let (next, done_ref, progress_ref) = (&next, &done, &progress);
        try_join_all(sessions.iter().map(|session| async move {
            while let Some((at, part, parts)) = next() {
                let table = &tables[at];
                // Rows of a table emptied in the same transaction need no log where the server keeps a
                // minimal one, and are frozen: nothing is left to be written when they are first read.
                let alone = parts == 1 && plain.contains(&(table.schema.clone(), table.table.clone()));
                if alone {
                    session.run(&format!("BEGIN; TRUNCATE ONLY {}", table.sql())).await?;
                }
                let stream = self.rows.copy(at, part).await?;
                let moved = |bytes| progress_ref.moved(&table.path(), bytes);
                let copied = rows::copy_in(session, table, alone, stream, moved).await?;
                if alone {
                    session.run("COMMIT").await?;
                }
                if let Ok(mut done) = done_ref.lock() {
                    done.push((at, part, copied));
                }
            }
            Ok::<(), Error>(())
        }))
        .await?;
        self.collect(done.into_inner().unwrap_or_default(), &progress)
    }

    /// Copies all tables one after the other.
    async fn copy_in_order(&self, session: &Session, order: &[usize]) -> Result<Vec<Copied>> {
        let tables = self.rows.tables();
        let progress = Progress::new(self.listener, STEP, tables.iter().map(|table| table.bytes).sum());
        let mut done = Vec::new();
        for at in order.iter().copied().filter(|at| tables[*at].rows > 0) {
            for part in 0..self.rows.parts(at) {
                let stream = self.rows.copy(at, part).await?;
                let moved = |bytes| progress.moved(&tables[at].path(), bytes);
                done.push((at, part, rows::copy_in(session, &tables[at], false, stream, moved).await?));
            }
        }
        self.collect(done, &progress)
    }

    /// Puts the streams of each table together and compares with what was announced.
    fn collect(&self, mut done: Vec<(usize, usize, Stream)>, progress: &Progress<'_>) -> Result<Vec<Copied>> {
        done.sort_by_key(|(at, part, _)| (*at, *part));
        let mut copied = Vec::new();
        for (at, table) in self.rows.tables().iter().enumerate() {
            let streams: Vec<&Stream> =
                done.iter().filter(|(of, _, _)| *of == at).map(|(_, _, stream)| stream).collect();
            let rows: u64 = streams.iter().map(|(rows, _, _)| rows).sum();
            let bytes = streams.iter().map(|(_, bytes, _)| bytes).sum();
            if rows != table.rows {
                let what = format!("rows of {}", table.path());
                return Err(Error::Differs { what, expected: table.rows.to_string(), found: rows.to_string() });
            }
            if rows > 0 {
                progress.table(&table.path(), rows, bytes);
            }
            let hashes: Vec<[u8; 32]> = streams.iter().map(|(_, _, hash)| *hash).collect();
            copied.push(Copied { rows, bytes, sha256: rows::combine(&hashes) });
        }
        Ok(copied)
    }

    fn tell(&self, message: &str) {
        self.listener.on_event(&Event::Progress { step: STEP, message: message.to_owned() });
    }
}

/// Rows, bytes and hash of one stream.
type Stream = (u64, u64, [u8; 32]);

/// Tables with rows of their own, which can take frozen ones.
async fn plain_tables(session: &Session) -> Result<BTreeSet<(String, String)>> {
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
