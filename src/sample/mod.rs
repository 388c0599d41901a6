//! The data of a few users: selected, masked and copied out of a source that is only ever read.
//!
//! Down from the seed rows, up from everything, OR over several foreign keys: rows reached going down are
//! *owned* and are expanded both ways; rows that others need are *required* and are expanded upward only.
//!
//! The way through: [`graph`] is tables and edges, from the catalog and the configuration; `readable` asks
//! whether the role may read them; [`seeds`] finds the rows to start from; [`closure`] finds all others,
//! round by round; [`budget`] stops it when it grows too large; [`plan`] and [`why`] explain what was
//! found; and [`copy`] gives the rows as streams, which `read` takes once and keeps in a [`Spool`]. All of it sees
//! one snapshot, over the connections of [`pool`].

pub mod budget;
pub mod closure;
pub mod command;
pub mod error;
pub mod explain;
pub mod extract;
pub mod graph;
mod key_encoding;
pub mod key_set;
pub mod load;
pub mod manifest;
pub mod plan;
pub mod pool;
mod prefix_set;
mod private_dir;
mod privileges;
mod query;
mod read;
pub mod schema;
pub mod seeds;
mod set_size;
pub mod sink;
pub mod source;
mod spool;
pub mod suggest;
pub mod table_copy;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

pub use error::{Result, SampleError};
pub use explain::Hop;
pub use extract::{CopyStream, Extraction, Masks};
pub use plan::Plan;
pub use read::STEP as READ;
pub use seeds::{SeedFilter, Seeds};
pub use source::Source;
pub use spool::Spool;
pub use suggest::Suggestion;
pub use table_copy::{DumpConnection, TableCopy};

use tokio_postgres::error::SqlState;

use crate::config::{self, Reference, TablePath};
use crate::event::{Event, Listener};
use crate::pg;
use crate::pg::catalog::Column;
use closure::Closure;
use graph::{Catalog, Graph};
use pool::Pool;

/// New snapshots taken after a conflict with recovery before the run gives up.
pub const ATTEMPTS: u32 = 5;

/// What is sampled.
#[derive(Clone, Copy, Debug)]
pub struct SelectionInput<'a> {
    /// The rows to start from, of one or more tables.
    pub seeds: &'a [Seeds],
    /// The configuration.
    pub sample: &'a config::Sample,
    /// Foreign keys that the database does not declare.
    pub references: &'a [Reference],
    /// Whether [`Selection::why`] will be asked.
    pub explain: bool,
}

/// The rows of a sample, found and not yet copied.
pub struct Selection {
    pool: Arc<Pool>,
    closure: Closure,
    columns: Vec<Column>,
}

/// Finds the rows of a sample. A conflict with recovery on a standby starts over with a new snapshot.
/// `interrupt` ends it, and what runs on the source, when it ends.
///
/// # Errors
/// See [`SampleError`].
pub async fn select(
    source: &Source,
    wanted: &SelectionInput<'_>,
    listener: &dyn Listener,
    interrupt: impl Future<Output = ()>,
) -> Result<Selection> {
    let mut interrupt = pin!(interrupt);
    let mut attempt = 1;
    loop {
        let pool = tokio::select! {
            pool = Pool::open(source, wanted.sample.jobs) => pool?,
            () = &mut interrupt => return Err(SampleError::Interrupted),
        };
        let found = tokio::select! {
            found = find(&pool, wanted, listener) => found,
            () = &mut interrupt => {
                pool.cancel().await;
                return Err(SampleError::Interrupted);
            }
        };
        match found {
            Ok((closure, columns)) => return Ok(Selection { pool, closure, columns }),
            Err(error) if attempt < ATTEMPTS && pool.may_retry(&error) => {
                let message = format!("{error}; starting over from a new snapshot");
                listener.on_event(&Event::Warning { message });
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Checks that the configuration fits the database and that the role may read what it needs, without reading a
/// row. Answers the tables that a sample would have.
///
/// # Errors
/// [`SampleError::MissingPrivileges`] with the GRANTs that are lacking, and what [`select`] would say of the configuration.
pub async fn check(source: &Source, sample: &config::Sample, references: &[Reference]) -> Result<Vec<TableCopy>> {
    let session = source.open().await?;
    let graph = Graph::new(Catalog::read(&session).await?, sample, references, false)?;
    privileges::check(&session, &graph).await?;
    Ok(graph.tables.iter().map(TableCopy::of).collect())
}

/// The statements that give the source's role all that samples need, and no more.
///
/// # Errors
/// What the server says, or what [`select`] would say of the configuration.
pub async fn required_grants(
    source: &Source,
    sample: &config::Sample,
    references: &[Reference],
) -> Result<Vec<String>> {
    let session = source.open().await?;
    let graph = Graph::new(Catalog::read(&session).await?, sample, references, false)?;
    privileges::required_grants(&session, &source.credentials.user, &graph).await
}

async fn find(
    pool: &Arc<Pool>,
    wanted: &SelectionInput<'_>,
    listener: &dyn Listener,
) -> Result<(Closure, Vec<Column>)> {
    let catalog = Catalog::read(pool.leader()).await?;
    let columns = catalog.columns().to_vec();
    let graph = Graph::new(catalog, wanted.sample, wanted.references, wanted.explain)?;
    privileges::check(pool.leader(), &graph).await?;
    let closure = closure::close(pool, graph, wanted, listener).await?;
    Ok((closure, columns))
}

/// Looks for references that the database does not declare and the configuration does not name. Reads a few
/// values of columns whose names look like it; [`suggest::yaml`] writes what is found.
///
/// # Errors
/// What the server says, or when a configured reference names what is not there.
pub async fn suggest(source: &Source, references: &[Reference]) -> Result<Vec<Suggestion>> {
    let session = source.open().await?;
    let catalog = Catalog::read(&session).await?;
    suggest::suggest(&session, catalog, references).await
}

impl Selection {
    /// Columns of the source, for compiling masks.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// It in figures.
    pub fn plan(&self) -> Plan {
        Plan::of(&self.closure)
    }

    /// Why the row of a key is in the sample, from it to a seed row; none when it is not. Only for a selection that
    /// was made with [`SelectionInput::explain`].
    ///
    /// # Errors
    /// When there is no such table, or its rows have no key of one column, or the source fails.
    pub async fn why(&self, table: &TablePath, key: &str) -> Result<Option<Vec<Hop>>> {
        explain::why(&self.pool, &self.closure, table, key).await
    }

    /// Makes it ready to be copied, with these masks.
    pub fn extract(self, masks: &Masks) -> Extraction {
        Extraction::new(self.pool, self.closure, masks)
    }
}

/// Whether a query was ended by the server because of a conflict with recovery (on a standby) or of
/// serialization. What was read so far is worth nothing then; a new snapshot may come through.
pub fn is_conflict(error: &pg::Error) -> bool {
    // A deadlock is one of buffer pins. QUERY_CANCELED is not a conflict: a timeout, or a request.
    error.is_state(&SqlState::T_R_SERIALIZATION_FAILURE) || error.is_state(&SqlState::T_R_DEADLOCK_DETECTED)
}
