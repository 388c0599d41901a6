//! The algorithm: seed rows, down, reference data, up.

use std::sync::Arc;

use futures_util::stream::TryStreamExt;

use super::progress::ProgressReporter;
use super::round::{Direction, Traversal};
use super::state::{Cause, Closure};
use crate::event::Listener;
use crate::sample::budget::{self, Budget};
use crate::sample::error::Result;
use crate::sample::graph::Graph;
use crate::sample::input::SelectionInput;
use crate::sample::pool::Pool;
use crate::sample::row_stream::read;
use crate::sample::seeds::{self, SeedQuery};

/// Finds all rows of a sample.
pub(in crate::sample) async fn close(
    pool: &Arc<Pool>,
    mut graph: Graph,
    input: &SelectionInput<'_>,
    listener: &dyn Listener,
) -> Result<Closure> {
    let sample = input.sample;
    let budget = Budget { rows: sample.max_rows, bytes: sample.max_bytes };
    let mut traversal = Traversal { pool, budget, jobs: sample.jobs, progress: ProgressReporter::new(listener) };
    // Twice: the first pass adds the slots of all seeds, so that every query of the second one reads all of them.
    for seeds in input.seeds {
        seeds::query(&mut graph, seeds)?;
    }
    let queries = input.seeds.iter().map(|seeds| seeds::query(&mut graph, seeds)).collect::<Result<Vec<_>>>()?;
    let mut closure = Closure::new(Arc::new(graph), input.explain);
    for query in &queries {
        closure.add_seeds(&mut traversal, query).await?;
    }
    closure.traverse(&mut traversal, Direction::Down).await?;
    closure.include(&mut traversal).await?;
    closure.traverse(&mut traversal, Direction::Up).await?;
    Ok(closure)
}

impl Closure {
    /// Adds the seed rows of one query, which must find all keys that were given.
    async fn add_seeds(&mut self, traversal: &mut Traversal<'_>, query: &SeedQuery) -> Result<()> {
        let mut rows = read(traversal.pool.clone(), self.slot_types(query.table), query.rows.clone());
        let mut found = query.empty_set();
        while let Some(batch) = rows.try_next().await? {
            for row in batch {
                self.add(query.table, &row, Cause::Seed);
                if let Some((slot, _)) = &query.expected {
                    found.insert(&row[*slot..=*slot]);
                }
            }
            budget::check(self, traversal.budget)?;
            traversal.progress.report(self, std::iter::once(query.table));
        }
        query.check_complete(&self.graph.tables[query.table].path, &found)
    }
}
