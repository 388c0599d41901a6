//! Copying all tables of a sample into a database.

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use futures_util::future::try_join_all;

use super::error::{Error, Result};
use super::progress::Progress;
use super::rows::{self, CopiedStream, CopiedTable, Rows};
use super::summary::STEP;
use crate::event::Listener;
use crate::pg::Session;

/// A copied stream of a table: the indexes of table and stream, and its totals.
type CopiedPart = (usize, usize, CopiedStream);

/// Copies all tables, one stream per session at a time. The largest streams go first, so that none is left alone at
/// the end. `session` is another session in the same database.
pub(super) async fn copy_in_parallel<R: Rows + ?Sized>(
    rows: &R,
    session: &Session,
    sessions: &[Session],
    listener: &dyn Listener,
) -> Result<Vec<CopiedTable>> {
    let plain = &plain_tables(session).await?;
    let tables = rows.tables();
    let progress = &progress(rows, listener);
    let mut queue: Vec<(usize, usize, usize)> = Vec::new();
    for index in (0..tables.len()).filter(|index| tables[*index].rows > 0) {
        let parts = rows.parts(index);
        queue.extend((0..parts).map(|part| (index, part, parts)));
    }
    queue.sort_by_key(|(index, part, parts)| (Reverse(tables[*index].bytes / *parts as u64), *index, *part));
    let (queue, done) = (&Mutex::new(VecDeque::from(queue)), &Mutex::new(Vec::new()));
    let next = &|| queue.lock().ok().and_then(|mut queue| queue.pop_front());
    try_join_all(sessions.iter().map(|session| async move {
        while let Some((index, part, parts)) = next() {
            let table = &tables[index];
            // Rows of a table that is truncated in the same transaction need no WAL if `wal_level` is minimal, and
            // are frozen: the first read has nothing to write.
            let freeze = parts == 1 && plain.contains(&(table.schema.clone(), table.table.clone()));
            if freeze {
                session.run(&format!("BEGIN; TRUNCATE ONLY {}", table.sql())).await?;
            }
            let stream = rows.copy(index, part).await?;
            let moved = |bytes| progress.moved(&table.path(), bytes);
            let copied = rows::copy_in(session, table, freeze, stream, moved).await?;
            if freeze {
                session.run("COMMIT").await?;
            }
            if let Ok(mut done) = done.lock() {
                done.push((index, part, copied));
            }
        }
        Ok::<(), Error>(())
    }))
    .await?;
    let done = done.lock().map(|mut done| std::mem::take(&mut *done)).unwrap_or_default();
    verify(rows, done, progress)
}

/// Copies all tables one after the other.
pub(super) async fn copy_in_order<R: Rows + ?Sized>(
    rows: &R,
    session: &Session,
    order: &[usize],
    listener: &dyn Listener,
) -> Result<Vec<CopiedTable>> {
    let tables = rows.tables();
    let progress = progress(rows, listener);
    let mut done = Vec::new();
    for index in order.iter().copied().filter(|index| tables[*index].rows > 0) {
        for part in 0..rows.parts(index) {
            let stream = rows.copy(index, part).await?;
            let moved = |bytes| progress.moved(&tables[index].path(), bytes);
            done.push((index, part, rows::copy_in(session, &tables[index], false, stream, moved).await?));
        }
    }
    verify(rows, done, &progress)
}

fn progress<'a, R: Rows + ?Sized>(rows: &R, listener: &'a dyn Listener) -> Progress<'a> {
    Progress::new(listener, STEP, rows.tables().iter().map(|table| table.bytes).sum())
}

/// Adds up the streams of each table and compares the row counts with those of the sample.
fn verify<R: Rows + ?Sized>(rows: &R, mut done: Vec<CopiedPart>, progress: &Progress<'_>) -> Result<Vec<CopiedTable>> {
    done.sort_by_key(|(index, part, _)| (*index, *part));
    let mut copied = Vec::new();
    for (index, table) in rows.tables().iter().enumerate() {
        let streams = done.iter().filter(|(of, _, _)| *of == index).map(|(_, _, stream)| stream);
        let total = CopiedTable::of(&streams.collect::<Vec<_>>());
        if total.rows != table.rows {
            let what = format!("rows of {}", table.path());
            let (expected, found) = (table.rows.to_string(), total.rows.to_string());
            return Err(Error::Mismatch { what, expected, found });
        }
        if total.rows > 0 {
            progress.table(&table.path(), total.rows, total.bytes);
        }
        copied.push(total);
    }
    Ok(copied)
}

/// Returns schema and name of all ordinary tables. Only these take frozen rows.
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
