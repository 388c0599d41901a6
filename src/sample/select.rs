//! Selection of the rows of a sample.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use super::closure::{Closure, close};
use super::conflict::Retries;
use super::error::{Result, SampleError};
use super::explain::{self, Hop};
use super::extract::{Extraction, Masks};
use super::graph::{Catalog, Graph};
use super::input::SelectionInput;
use super::plan::Plan;
use super::pool::Pool;
use super::privileges;
use super::source::Source;
use crate::config::TablePath;
use crate::event::Listener;
use crate::pg::catalog::Column;

/// The rows of a sample, found and not yet copied.
pub struct Selection {
    pool: Arc<Pool>,
    closure: Closure,
    columns: Vec<Column>,
}

/// Finds the rows of a sample. After a conflict with recovery on a standby, it starts over with a new snapshot. When
/// `interrupt` completes, the selection ends, and its queries on the source are cancelled.
///
/// # Errors
/// See [`SampleError`].
pub async fn select(
    source: &Source,
    input: &SelectionInput<'_>,
    listener: &dyn Listener,
    interrupt: impl Future<Output = ()>,
) -> Result<Selection> {
    let mut interrupt = pin!(interrupt);
    let mut retries = Retries::new();
    loop {
        let pool = tokio::select! {
            pool = Pool::open(source, input.sample.jobs) => pool?,
            () = &mut interrupt => return Err(SampleError::Interrupted),
        };
        let found = tokio::select! {
            found = find(&pool, input, listener) => found,
            () = &mut interrupt => {
                pool.cancel().await;
                return Err(SampleError::Interrupted);
            }
        };
        match found {
            Ok((closure, columns)) => return Ok(Selection { pool, closure, columns }),
            Err(error) if pool.may_retry(&error) && retries.warn(listener, &error) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn find(pool: &Arc<Pool>, input: &SelectionInput<'_>, listener: &dyn Listener) -> Result<(Closure, Vec<Column>)> {
    let catalog = Catalog::read(pool.leader()).await?;
    let columns = catalog.columns().to_vec();
    let graph = Graph::new(catalog, input.sample, input.references, input.explain)?;
    privileges::check(pool.leader(), &graph).await?;
    let closure = close(pool, graph, input, listener).await?;
    Ok((closure, columns))
}

impl Selection {
    /// Columns of the source, for compiling masks.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the rows and bytes of the sample by table and edge.
    pub fn plan(&self) -> Plan {
        Plan::of(&self.closure)
    }

    /// Returns the path from a row to a seed row, or `None` if the row is not in the sample. Requires
    /// [`SelectionInput::explain`].
    ///
    /// # Errors
    /// When the table does not exist, its key is not one column, or the source fails.
    pub async fn why(&self, table: &TablePath, key: &str) -> Result<Option<Vec<Hop>>> {
        explain::why(&self.pool, &self.closure, table, key).await
    }

    /// Prepares the rows to be copied with these masks.
    pub fn extract(self, masks: &Masks) -> Extraction {
        Extraction::new(self.pool, self.closure, masks)
    }
}
