//! From the seed rows to all rows of a sample: down first, which settles what is owned, then up.
//!
//! Going down never needs what going up finds: required rows are not expanded downward. So each row is
//! either owned or required when it is first seen in its half, and never changes.

mod owned;
mod progress;
mod state;

use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::SelectionInput;
use super::budget::{self, Budget};
use super::error::Result;
use super::graph::{Edge, End, Graph, Rule};
use super::key_set::{Array, Keys, Value, columns};
use super::pool::Pool;
use super::query::{self, Ask, Newest, read};
use super::seeds;
use crate::config::Extent;
use crate::event::Listener;
use progress::ProgressReporter;

pub use owned::Owned;
pub use state::{Cause, Closure, Reached, Step, Tally, Total};

/// Keys in one query over an index: more make the planner prefer a scan of the table.
const CHUNK: usize = 8_192;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Down,
    Up,
}

/// What all rounds have in common.
struct Work<'a> {
    pool: &'a Arc<Pool>,
    budget: Budget,
    jobs: usize,
    told: ProgressReporter<'a>,
}

/// Finds all rows.
pub(super) async fn close(
    pool: &Arc<Pool>,
    mut graph: Graph,
    wanted: &SelectionInput<'_>,
    listener: &dyn Listener,
) -> Result<Closure> {
    let sample = wanted.sample;
    let budget = Budget { rows: sample.max_rows, bytes: sample.max_bytes };
    let mut work = Work { pool, budget, jobs: sample.jobs, told: ProgressReporter::to(listener) };
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
            budget::check(&closure, budget)?;
            work.told.tell(&closure, std::iter::once(search.table));
        }
        search.must_be_complete(&closure.graph.tables[search.table].path, &found)?;
    }
    closure.walk(&mut work, Direction::Down).await?;
    closure.include(&mut work).await?;
    closure.walk(&mut work, Direction::Up).await?;
    Ok(closure)
}

impl Closure {
    /// Follows edges one way until nothing new is found.
    async fn walk(&mut self, work: &mut Work<'_>, way: Direction) -> Result<()> {
        loop {
            self.first_of_round = self.steps.as_ref().map_or(0, Vec::len);
            let (edges, asks) = self.round(way);
            let (pool, graph) = (work.pool.clone(), self.graph.clone());
            let streams = asks.map(move |(at, ask)| {
                let table = graph.edges[at].end(way).table;
                let cause = if way == Direction::Down { Cause::Down(at) } else { Cause::Up(at) };
                let kinds = graph.tables[table].slots.iter().map(|slot| slot.kind).collect();
                read(pool.clone(), kinds, ask).map_ok(move |batch| (table, cause, batch)).boxed()
            });
            let mut found = stream::iter(streams).flatten_unordered(work.jobs);
            if edges.is_empty() {
                return Ok(());
            }
            while let Some((table, cause, batch)) = found.try_next().await? {
                for row in &batch {
                    self.take(table, row, cause);
                }
                budget::check(self, work.budget)?;
                work.told.tell(self, edges.iter().map(|at| self.graph.edges[*at].end(way).table));
            }
        }
    }

    /// The queries of the next round. An edge without an index costs a pass over its table, so it waits until
    /// all others have nothing more to ask, and then asks for all at once.
    fn round(&mut self, way: Direction) -> (Vec<usize>, impl Iterator<Item = (usize, Ask)> + Send + use<>) {
        let graph = self.graph.clone();
        if way == Direction::Up {
            for (at, edge) in graph.edges.iter().enumerate().filter(|(at, _)| self.target[*at].is_none()) {
                self.reached[edge.to.table].owned.remove_from(&mut self.up[at]);
                self.up[at].remove_all(&self.reached[edge.to.table].required);
            }
        }
        let mut found: Vec<(usize, Arc<Keys>)> = Vec::new();
        if way == Direction::Down {
            for (edges, reached) in self.direct.iter().zip(&mut self.reached).filter(|(edges, _)| !edges.is_empty()) {
                let keys = reached.owned.next();
                found.extend(edges.iter().filter(|_| !keys.is_empty()).map(|at| (*at, keys.clone())));
            }
        }
        let pending = if way == Direction::Down { &mut self.down } else { &mut self.up };
        let waiting: Vec<usize> = (0..pending.len()).filter(|at| !pending[*at].is_empty()).collect();
        let quick: Vec<usize> = waiting.iter().copied().filter(|at| graph.edges[*at].end(way).indexed).collect();
        let chosen = if quick.is_empty() && found.is_empty() { waiting } else { quick };
        let taken: Vec<(usize, Keys)> = chosen.iter().map(|at| (*at, pending[*at].take())).collect();
        let edges = chosen.into_iter().chain(found.iter().map(|(at, _)| *at)).collect();
        let (graph_of_taken, graph_of_found) = (graph.clone(), graph);
        let taken = taken.into_iter().flat_map(move |(at, keys)| {
            let graph = graph_of_taken.clone();
            let few = graph.edges[at].end(way).indexed;
            let size = if few { CHUNK } else { usize::MAX };
            keys.into_chunks(size).map(move |arrays| (at, ask(&graph, at, way, arrays, few)))
        });
        let found = found.into_iter().flat_map(move |(at, keys)| {
            let graph = graph_of_found.clone();
            let all = usize::try_from(keys.len()).unwrap_or(usize::MAX);
            let chunks = (0..all).step_by(CHUNK).map({
                let graph = graph.clone();
                move |from| carried(&graph.edges[at], &keys, from)
            });
            let some = chunks.filter(|arrays| !arrays.first().is_none_or(Array::is_empty));
            some.map(move |arrays| (at, ask(&graph, at, way, arrays, true)))
        });
        (edges, taken.chain(found))
    }

    /// Takes in what is configured as reference data.
    async fn include(&mut self, work: &mut Work<'_>) -> Result<()> {
        let graph = self.graph.clone();
        for (at, table) in graph.tables.iter().enumerate() {
            let relation = table.relation();
            let condition = match &table.extent {
                Some(Extent::All) => None,
                Some(Extent::Include(condition)) => Some(format!("({condition}\n)")),
                _ => continue,
            };
            if condition.is_none() && self.out[at].is_empty() {
                let sql = format!("SELECT pg_catalog.count(*) FROM {relation} AS t");
                let rows = query::count(&mut work.pool.take().await?, &sql).await?;
                self.count(at, rows);
                budget::check(self, work.budget)?;
                continue;
            }
            let is_whole = condition.is_none();
            let conditions: Vec<String> = condition.into_iter().collect();
            let sql = query::select(table, &relation, &conditions, None);
            let mut rows =
                read(work.pool.clone(), self.kinds(at), Ask { sql, parameters: Vec::new(), by_index: false });
            while let Some(batch) = rows.try_next().await? {
                for row in &batch {
                    if is_whole {
                        // Not kept one by one: all of them are copied.
                        self.count(at, 1);
                        self.require(&graph, at, row);
                    } else {
                        self.take(at, row, Cause::Included);
                    }
                }
                budget::check(self, work.budget)?;
                work.told.tell(self, std::iter::once(at));
            }
            if is_whole {
                self.count(at, 0);
            }
        }
        Ok(())
    }
}

impl Edge {
    /// The side on which rows are looked for.
    fn end(&self, way: Direction) -> &End {
        if way == Direction::Down { &self.from } else { &self.to }
    }
}

/// What some rows, from one of so many on, are referred to by over an edge.
fn carried(edge: &Edge, keys: &Keys, from: usize) -> Vec<Array> {
    let values = |key: Vec<Value>| edge.from.carry(edge.to.slots.iter().map(|slot| key[*slot].clone()));
    columns(&edge.from.kinds(), keys.iter_from(from).take(CHUNK).filter_map(values))
}

/// The query for rows that one edge leads to.
fn ask(graph: &Graph, at: usize, way: Direction, arrays: Vec<Array>, few: bool) -> Ask {
    let edge = &graph.edges[at];
    let end = edge.end(way);
    let table = &graph.tables[end.table];
    let relation = table.relation_of(end);
    let mut conditions = vec![query::among(&end.terms, &query::places(&arrays), few)];
    let mut newest = None;
    if way == Direction::Down {
        conditions.extend(edge.condition.as_ref().map(|condition| format!("({condition}\n)")));
        if let Some(Extent::Where(condition)) = &table.extent {
            conditions.push(format!("({condition}\n)"));
        }
        if let Rule::Limit { rows, newest_by } = &edge.rule {
            newest = Some(Newest { rows: *rows, by: newest_by, among: &end.terms });
        }
    }
    let sql = query::select(table, &relation, &conditions, newest.as_ref());
    Ask { sql, parameters: arrays, by_index: few }
}
