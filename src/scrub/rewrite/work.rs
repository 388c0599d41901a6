//! Rewrites the tables, several at the same time, the biggest first.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::try_join_all;

use super::introspect::Table;
use super::plan::Unit;
use super::progress::{self, Measured};
use super::{Error, Method, Options, Result, STEP, alter, refill, session};
use crate::event::Event;
use crate::pg::connector::Connector;
use crate::pg::{self, Session};
use crate::units::counted;

/// Rewrites all units that are not done. When one fails, the sessions of the others are closed with it:
/// what they had not committed is undone by the server.
pub(super) async fn rewrite(
    connector: &dyn Connector,
    database: &str,
    units: &[Unit],
    options: &Options<'_>,
) -> Result<()> {
    let mut order: Vec<&Unit> = units.iter().collect();
    order.sort_by_key(|unit| std::cmp::Reverse(unit.bytes()));
    let jobs = options.jobs.clamp(1, order.len().max(1));
    let queue = Mutex::new(VecDeque::from(order));
    let worker = async || -> Result<()> {
        let session = session::open(connector, database).await?;
        // Functions in indexes and constraints may need the database's own search path.
        session.run("SET search_path TO DEFAULT").await?;
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(unit) = next else { return Ok(()) };
            one(&session, unit, options).await?;
        }
    };
    try_join_all((0..jobs).map(|_| worker())).await.map(drop)
}

/// One transaction: the unit's new values, and the record that it has them.
async fn one(session: &Session, unit: &Unit, options: &Options<'_>) -> Result<()> {
    let began = Instant::now();
    session.run("BEGIN").await?;
    if !progress::take(session, unit).await? {
        session.run("ROLLBACK").await?;
        return Ok(());
    }
    let before = sizes(session, unit).await?;
    let rewritten = match unit.method {
        Method::Nothing => Ok(()),
        Method::Alter | Method::AlterWithout => alter::rewrite(session, unit).await,
        Method::Refill => refill::rewrite(session, unit).await,
    };
    if let Err(cause) = rewritten {
        return Err(Error::Table { table: names(unit), cause });
    }
    let after = sizes(session, unit).await?;
    let mut done = Vec::new();
    for ((table, bytes_before), bytes_after) in unit.tables.iter().zip(before).zip(after) {
        let rows = rows(session, table, unit.method).await?;
        let seconds = began.elapsed().as_secs_f64();
        progress::measured(session, &table.mask, &Measured { rows, bytes_before, bytes_after, seconds }).await?;
        done.push((table, rows));
    }
    session.run("COMMIT").await?;
    for (table, rows) in done {
        let (database, method, seconds) = (session.database(), unit.method, began.elapsed().as_secs_f64());
        let message =
            format!("{database}: {}: {}, {method}, {seconds:.1} s", table.shown, counted(rows.unsigned_abs(), "row"));
        options.listener.on_event(&Event::Progress { step: STEP, message });
    }
    Ok(())
}

fn names(unit: &Unit) -> String {
    unit.tables.iter().map(|table| table.shown.as_str()).collect::<Vec<_>>().join(", ")
}

async fn sizes(session: &Session, unit: &Unit) -> pg::Result<Vec<i64>> {
    let mut sizes = Vec::new();
    for table in &unit.tables {
        let relations: Vec<u32> = table.relations.iter().map(|relation| relation.oid).collect();
        let sql = "SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_total_relation_size(oid)), 0)::pg_catalog.int8 \
                   FROM pg_catalog.unnest($1::oid[]) AS relation(oid)";
        sizes.push(session.query_one(sql, &[&relations]).await?.get(0));
    }
    Ok(sizes)
}

/// Counted after the rewrite, when the pages are at hand. A table whose policies are forced on its owner
/// too cannot be read while they are: `row_security` is off, and fails rather than hides a row.
async fn rows(session: &Session, table: &Table, method: Method) -> pg::Result<i64> {
    if method == Method::Nothing {
        return Ok(0);
    }
    let mut total = 0;
    for relation in table.relations.iter().filter(|relation| relation.kind == 'r') {
        let forced: bool =
            session.query_one("SELECT pg_catalog.row_security_active($1::oid)", &[&relation.oid]).await?.get(0);
        let force = async |word: &str| match forced {
            true => session.run(&format!("ALTER TABLE {} {word} ROW LEVEL SECURITY", relation.sql)).await,
            false => Ok(0),
        };
        force("NO FORCE").await?;
        let sql = format!("SELECT pg_catalog.count(*) FROM ONLY {}", relation.sql);
        total += session.query_one(&sql, &[]).await?.get::<_, i64>(0);
        force("FORCE").await?;
    }
    Ok(total)
}
