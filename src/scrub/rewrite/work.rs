//! Rewrites the tables, several in parallel, the largest first.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::try_join_all;

use super::error::{Error, Result};
use super::introspect::{MaskedTable, Relation};
use super::method::Method;
use super::options::{Options, STEP};
use super::progress::{self, TableFigures};
use super::unit::Unit;
use super::{alter, refill, session};
use crate::event::Event;
use crate::pg::connector::Connector;
use crate::pg::{self, Session};
use crate::scrub::ledger;
use crate::units::counted;

/// Rewrites all units that are not done. When one fails, the sessions of the others are closed, and the server rolls back what
/// they had not committed.
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
            rewrite_unit(&session, unit, options).await?;
        }
    };
    try_join_all((0..jobs).map(|_| worker())).await.map(drop)
}

/// Rewrites a unit and records it, in one transaction.
async fn rewrite_unit(session: &Session, unit: &Unit, options: &Options<'_>) -> Result<()> {
    let began = Instant::now();
    session.run("BEGIN").await?;
    if !progress::claim(session, unit).await? {
        session.run("ROLLBACK").await?;
        return Ok(());
    }
    let before = sizes(session, unit).await?;
    let rewritten = match unit.method {
        Method::Nothing => Ok(()),
        Method::Alter | Method::AlterWithoutObstacles => alter::rewrite(session, unit).await,
        Method::Refill => refill::rewrite(session, unit).await,
    };
    if let Err(cause) = rewritten {
        return Err(Error::Table { table: names(unit), cause });
    }
    let after = sizes(session, unit).await?;
    let mut done = Vec::new();
    for ((table, bytes_before), bytes_after) in unit.tables.iter().zip(before).zip(after) {
        let rows = record_masked(session, table, unit.method).await?;
        let seconds = began.elapsed().as_secs_f64();
        progress::record_figures(session, &table.mask, &TableFigures { rows, bytes_before, bytes_after, seconds })
            .await?;
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

/// Returns the names of a unit's tables.
fn names(unit: &Unit) -> String {
    unit.tables.iter().map(|table| table.shown.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns the size of each table with indexes, TOAST and partitions, in bytes.
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

/// Records the masked columns of each relation with storage in the ledger, and returns the number of rows of all.
async fn record_masked(session: &Session, table: &MaskedTable, method: Method) -> pg::Result<i64> {
    let columns = table.mask.columns.iter().map(|column| (column.name.as_str(), column.rule, column.keeps_parts));
    let columns: Vec<(&str, &str, bool)> = columns.collect();
    let mut total = 0;
    for relation in table.relations.iter().filter(|relation| relation.kind == 'r') {
        let rows = if method == Method::Nothing { 0 } else { rows(session, relation).await? };
        ledger::record_masked(session, relation.oid, rows, &columns).await?;
        total += rows;
    }
    Ok(total)
}

/// Counts the rows, after the rewrite, when the pages are cached. A table whose policies are forced on its owner cannot be read
/// while they are: with `row_security = off`, reading fails rather than hides rows.
async fn rows(session: &Session, relation: &Relation) -> pg::Result<i64> {
    let forced: bool =
        session.query_one("SELECT pg_catalog.row_security_active($1::oid)", &[&relation.oid]).await?.get(0);
    let set_force = async |clause: &str| match forced {
        true => session.run(&format!("ALTER TABLE {} {clause} ROW LEVEL SECURITY", relation.sql)).await,
        false => Ok(0),
    };
    set_force("NO FORCE").await?;
    let sql = format!("SELECT pg_catalog.count(*) FROM ONLY {}", relation.sql);
    let rows = session.query_one(&sql, &[]).await?.get(0);
    set_force("FORCE").await?;
    Ok(rows)
}
