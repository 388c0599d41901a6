//! Masks the tables of one database in place, each as fast as PostgreSQL can.
//!
//! The story: what stands in the way of `ALTER TABLE … TYPE … USING` is taken down in one transaction
//! (after it was put back once on trial, and the schema then compared), tables are rewritten on several
//! connections, and everything is put back. What was taken down, how each table is rewritten and which
//! are done is kept in `devdb_meta`, each change in the transaction of what it tells about: killed
//! anywhere, the next call goes on where this one was, puts back what is missing and masks no table
//! twice. In the end the schema is compared with what it was before.
//!
//! Why not each obstacle in the transaction of its table: views and foreign keys belong to several
//! tables, which could then not be rewritten at the same time.

mod alter;
mod attributes;
mod begin;
mod blocked;
mod disk_space;
mod error;
mod finish;
mod index_names;
mod introspect;
mod obstacles;
mod plan;
mod progress;
mod redacted_exec;
mod refill;
mod reparse;
mod roles;
mod schema_snapshot;
mod session;
mod work;

use std::fmt;

use crate::event::Listener;
use crate::mask::Expression;
use crate::pg::Session;
use crate::pg::connector::Connector;

pub use disk_space::Need;
pub use error::Error;

/// The name under which sessions of this room show in `pg_stat_activity`.
pub const APPLICATION_NAME: &str = "devdb masks";

/// Result of this room.
pub type Result<T> = std::result::Result<T, Error>;

const STEP: &str = "masks";

/// A table and what becomes of its columns: an ordinary table, a partitioned one (whose partitions are
/// never listed: they are reached through it), or one of a tree of inheritance (each listed by itself).
#[derive(Clone, Debug)]
pub struct TableMask {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Its masked columns, at least one.
    pub columns: Vec<ColumnMask>,
}

/// A column and the expression that makes its new value.
#[derive(Clone, Debug)]
pub struct ColumnMask {
    /// Its name.
    pub name: String,
    /// The rule's name, for the report.
    pub rule: &'static str,
    /// Over the old values of the row's columns.
    pub expression: Expression,
}

/// How a database is rewritten.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The generation's name. Progress of another one is not believed.
    pub generation: &'a str,
    /// Fingerprint of rules and key. What was half done by another one cannot be gone on with.
    pub recipe: &'a str,
    /// Tables rewritten at the same time, each on a connection of its own; at least 1.
    pub jobs: usize,
    /// Bytes free on the server's disk, where somebody knows.
    pub free_bytes: Option<u64>,
    /// Hears of each table.
    pub listener: &'a dyn Listener,
}

/// How a table gets its new values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `ALTER TABLE … TYPE … USING …`: one pass over the heap, then every index is built once.
    Alter,
    /// The same, with something in the way taken down before and put back after.
    AlterWithout,
    /// Masked rows are copied aside, the table is truncated and filled from the copy, in one
    /// transaction. Against an `UPDATE`: unique values never collide half-way, rows move to the
    /// partition they now belong to, and no dead row is left for a `VACUUM FULL`, which could not
    /// be in the same transaction.
    Refill,
    /// There is no value to mask.
    Nothing,
}

impl Method {
    const ALL: [Method; 4] = [Method::Alter, Method::AlterWithout, Method::Refill, Method::Nothing];

    /// The word for it in reports and in `devdb_meta`.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Alter => "alter",
            Method::AlterWithout => "alter, obstacles put back",
            Method::Refill => "refill",
            Method::Nothing => "nothing to mask",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a table would be rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePlan {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// How.
    pub method: Method,
    /// What is taken down for it and put back.
    pub obstacles: Vec<String>,
    /// Why it is not the fastest method.
    pub why: Option<String>,
    /// Bytes of the table with its indexes, TOAST and partitions.
    pub bytes: u64,
}

/// A table that has its new values.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Its masked columns, each with its rule's name.
    pub columns: Vec<(String, &'static str)>,
    /// How it was rewritten.
    pub method: Method,
    /// Why not by the fastest method, or what had to be put back.
    pub why: Option<String>,
    /// Rows of it, partitions included.
    pub rows: u64,
    /// Bytes with indexes, TOAST and partitions, before.
    pub bytes_before: u64,
    /// The same after.
    pub bytes_after: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Whether an interrupted run had done it.
    pub already: bool,
}

/// What would be done, by looking only.
///
/// # Errors
/// What cannot be done at all, and what the server says.
pub async fn plan(session: &Session, tables: &[TableMask]) -> Result<Vec<TablePlan>> {
    session::look(session).await?;
    let plan = plan::make(session, tables, &plan::Unproven::default()).await;
    session::leave(session).await?;
    Ok(plan?.shown())
}

/// Masks all tables of a database. Nobody else may be working in it.
///
/// # Errors
/// After one that [`Error::is_disconnect`], call again: it goes on where it was.
pub async fn rewrite(
    connector: &dyn Connector,
    database: &str,
    tables: &[TableMask],
    options: &Options<'_>,
) -> Result<Vec<Rewritten>> {
    let session = session::open(connector, database).await?;
    let mut run = begin::begin(&session, tables, options).await?;
    if run.stage == progress::Stage::Rewriting {
        work::rewrite(connector, database, &run.units, options).await?;
        finish::put_back(&session, &mut run).await?;
    }
    if run.stage == progress::Stage::PuttingBack {
        finish::validate_and_refresh(connector, database, &session, options).await?;
        finish::compare(&session).await?;
    }
    progress::report(&session, tables, &run.done_before).await
}
