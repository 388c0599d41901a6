//! From the seed rows to all rows of a sample: down first, which settles what is owned, then up.
//!
//! Going down never needs what going up finds: required rows are not expanded downward. So each row is
//! either owned or required when it is first seen in its half, and never changes.

mod state;

use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Wanted;
use super::budget::{self, Budget};
use super::error::Result;
use super::graph::{Graph, Rule};
use super::keys::Keys;
use super::pool::Pool;
use super::query::{self, Ask, Newest, read};
use super::seeds;
use crate::config::Extent;

pub use state::{Cause, Closure, Reached, Step, Tally};

/// Keys in one query over an index: more make the planner prefer a scan of the table.
const CHUNK: usize = 8_192;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

/// Finds all rows.
pub(super) async fn close(pool: &Arc<Pool>, mut graph: Graph, wanted: &Wanted<'_>, budget: Budget) -> Result<Closure> {
    let jobs = wanted.sample.jobs;
    // Twice: a row is read for all that any of the seeds wants to know of it.
    for seeds in wanted.seeds {
        seeds::search(&mut graph, seeds)?;
    }
    let searches = wanted.seeds.iter().map(|seeds| seeds::search(&mut graph, seeds)).collect::<Result<Vec<_>>>()?;
    let mut closure = Closure::new(Arc::new(graph), wanted.explain);
    for search in searches {
        let kinds = closure.kinds(search.table);
        let mut rows = read(pool.clone(), kinds, search.ask.clone());
        let mut found = search.found();
        while let Some(batch) = rows.try_next().await? {
            for row in batch {
                closure.take(search.table, &row, Cause::Seed);
                if let Some((slot, _)) = &search.wanted {
                    found.insert(&row[*slot..=*slot]);
                }
            }
            budget::hold(&closure, budget)?;
        }
        search.must_be_complete(&closure.graph.tables[search.table].path, &found)?;
    }
    closure.walk(pool, Way::Down, budget, jobs).await?;
    closure.include(pool, budget).await?;
    closure.walk(pool, Way::Up, budget, jobs).await?;
    Ok(closure)
}

impl Closure {
    /// Follows edges one way until nothing new is found.
    async fn walk(&mut self, pool: &Arc<Pool>, way: Way, budget: Budget, jobs: usize) -> Result<()> {
        loop {
            self.first_of_round = self.steps.as_ref().map_or(0, Vec::len);
            let asks = self.round(way);
            let (pool, graph) = (pool.clone(), self.graph.clone());
            let streams = asks.map(move |(at, ask)| {
                let (table, cause) = match way {
                    Way::Down => (graph.edges[at].from.table, Cause::Down(at)),
                    Way::Up => (graph.edges[at].to.table, Cause::Up(at)),
                };
                let kinds = graph.tables[table].slots.iter().map(|slot| slot.kind).collect();
                read(pool.clone(), kinds, ask).map_ok(move |batch| (table, cause, batch)).boxed()
            });
            let mut found = stream::iter(streams).flatten_unordered(jobs);
            let mut asked = false;
            while let Some((table, cause, batch)) = found.try_next().await? {
                asked = true;
                for row in &batch {
                    self.take(table, row, cause);
                }
                budget::hold(self, budget)?;
            }
            if !asked {
                return Ok(());
            }
        }
    }

    /// The queries of the next round. An edge without an index costs a pass over its table, so it waits until
    /// all others have nothing more to ask, and then asks for all at once.
    fn round(&mut self, way: Way) -> impl Iterator<Item = (usize, Ask)> + Send + use<> {
        let graph = self.graph.clone();
        if way == Way::Up {
            for (at, edge) in graph.edges.iter().enumerate().filter(|(at, _)| self.target[*at].is_none()) {
                self.up[at].remove_all(&self.reached[edge.to.table].owned);
                self.up[at].remove_all(&self.reached[edge.to.table].required);
            }
        }
        let pending = if way == Way::Down { &mut self.down } else { &mut self.up };
        let is_indexed = |at: usize| match way {
            Way::Down => graph.edges[at].from.indexed,
            Way::Up => graph.edges[at].to.indexed,
        };
        let waiting: Vec<usize> = (0..pending.len()).filter(|at| !pending[*at].is_empty()).collect();
        let quick: Vec<usize> = waiting.iter().copied().filter(|at| is_indexed(*at)).collect();
        let chosen = if quick.is_empty() { waiting } else { quick };
        let taken: Vec<(usize, Keys)> = chosen.into_iter().map(|at| (at, pending[at].take())).collect();
        taken.into_iter().flat_map(move |(at, keys)| {
            let graph = graph.clone();
            let few = match way {
                Way::Down => graph.edges[at].from.indexed,
                Way::Up => graph.edges[at].to.indexed,
            };
            let size = if few { CHUNK } else { usize::MAX };
            keys.into_chunks(size).map(move |arrays| (at, ask(&graph, at, way, arrays, few)))
        })
    }

    /// Takes in what is configured as reference data.
    async fn include(&mut self, pool: &Arc<Pool>, budget: Budget) -> Result<()> {
        let graph = self.graph.clone();
        for (at, table) in graph.tables.iter().enumerate() {
            let relation = table.relation();
            let condition = match &table.extent {
                Some(Extent::All) => None,
                Some(Extent::Include(condition)) => Some(format!("({condition}\n)")),
                _ => continue,
            };
            let leads_on =
                self.out[at].iter().any(|edge| graph.tables[graph.edges[*edge].to.table].extent != Some(Extent::All));
            if condition.is_none() && !leads_on {
                let sql = format!("SELECT pg_catalog.count(*) FROM {relation} AS t");
                self.reached[at].whole = Some(query::count(&mut pool.take().await?, &sql).await?);
                budget::hold(self, budget)?;
                continue;
            }
            let is_whole = condition.is_none();
            let conditions: Vec<String> = condition.into_iter().collect();
            let sql = query::select(table, &relation, &conditions, None);
            let mut rows = read(pool.clone(), self.kinds(at), Ask { sql, parameters: Vec::new() });
            while let Some(batch) = rows.try_next().await? {
                for row in &batch {
                    if is_whole {
                        // Not kept one by one: all of them are copied.
                        *self.reached[at].whole.get_or_insert(0) += 1;
                        self.require(&graph, at, row);
                    } else {
                        self.take(at, row, Cause::Included);
                    }
                }
                budget::hold(self, budget)?;
            }
            if is_whole {
                self.reached[at].whole.get_or_insert(0);
            }
        }
        Ok(())
    }
}

/// The query for rows that one edge leads to.
fn ask(graph: &Graph, at: usize, way: Way, arrays: Vec<super::keys::Array>, few: bool) -> Ask {
    let edge = &graph.edges[at];
    let end = if way == Way::Down { &edge.from } else { &edge.to };
    let table = &graph.tables[end.table];
    let relation = table.relation_of(end);
    let mut conditions = vec![query::among(&end.terms, &query::places(&arrays), few)];
    let mut newest = None;
    if way == Way::Down {
        conditions.extend(edge.condition.as_ref().map(|condition| format!("({condition}\n)")));
        if let Some(Extent::Where(condition)) = &table.extent {
            conditions.push(format!("({condition}\n)"));
        }
        if let Rule::Limit { rows, newest_by } = &edge.rule {
            newest = Some(Newest { rows: *rows, by: newest_by, among: &end.terms });
        }
    }
    Ask { sql: query::select(table, &relation, &conditions, newest.as_ref()), parameters: arrays }
}
