//! Reference data: rows that the configuration includes whether or not a row refers to them.

use futures_util::stream::TryStreamExt;

use super::round::Traversal;
use super::state::{Cause, Closure};
use crate::config::Extent;
use crate::sample::budget;
use crate::sample::error::Result;
use crate::sample::query::{self, RowQuery};
use crate::sample::row_stream::{count, read};

impl Closure {
    /// Adds the reference data.
    pub(super) async fn include(&mut self, traversal: &mut Traversal<'_>) -> Result<()> {
        let graph = self.graph.clone();
        for (at, table) in graph.tables.iter().enumerate() {
            let relation = table.relation();
            let condition = match &table.extent {
                Some(Extent::All) => None,
                Some(Extent::Include(condition)) => Some(format!("({condition}\n)")),
                _ => continue,
            };
            if condition.is_none() && !self.has_edges_up(at) {
                let sql = format!("SELECT pg_catalog.count(*) FROM {relation} AS t");
                let rows = count(&mut traversal.pool.take().await?, &sql).await?;
                self.count(at, rows);
                budget::check(self, traversal.budget)?;
                continue;
            }
            let is_whole = condition.is_none();
            let conditions: Vec<String> = condition.into_iter().collect();
            let sql = query::select(table, &relation, &conditions, None);
            let rows = RowQuery { sql, parameters: Vec::new(), by_index: false };
            let mut rows = read(traversal.pool.clone(), self.slot_types(at), rows);
            while let Some(batch) = rows.try_next().await? {
                for row in &batch {
                    if is_whole {
                        // The keys are not stored, because all rows are copied.
                        self.count(at, 1);
                        self.require(&graph, at, row);
                    } else {
                        self.add(at, row, Cause::Included);
                    }
                }
                budget::check(self, traversal.budget)?;
                traversal.progress.report(self, std::iter::once(at));
            }
            if is_whole {
                self.count(at, 0);
            }
        }
        Ok(())
    }
}
