//! Rounds of the traversal: each queries, for every edge, the rows that the keys of the previous round lead to.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::progress::ProgressReporter;
use super::state::{Cause, Closure};
use crate::config::Extent;
use crate::sample::budget::{self, Budget};
use crate::sample::error::Result;
use crate::sample::graph::{Edge, EdgeEnd, Graph, TraversalRule};
use crate::sample::key_set::{KeyArray, KeySet, KeyValue, to_arrays};
use crate::sample::pool::Pool;
use crate::sample::query::{self, Newest, RowQuery};
use crate::sample::row_stream::read;

/// Keys in one query that uses an index. With more, the planner prefers a scan of the table.
const CHUNK: usize = 8_192;

/// The direction in which edges are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From referenced rows to the rows that refer to them.
    Down,
    /// From referencing rows to the rows that they refer to.
    Up,
}

/// What all rounds share.
pub(super) struct Traversal<'a> {
    pub(super) pool: &'a Arc<Pool>,
    pub(super) budget: Budget,
    pub(super) jobs: usize,
    pub(super) progress: ProgressReporter<'a>,
}

/// The queries of a round, each with the index of its edge.
type Queries = Box<dyn Iterator<Item = (usize, RowQuery)> + Send>;

impl Closure {
    /// Follows edges in one direction until no new rows are found.
    pub(super) async fn traverse(&mut self, traversal: &mut Traversal<'_>, direction: Direction) -> Result<()> {
        loop {
            self.begin_round();
            let (edges, queries) = self.round(direction);
            let (pool, graph) = (traversal.pool.clone(), self.graph.clone());
            let streams = queries.map(move |(at, query)| {
                let table = graph.edges[at].searched_end(direction).table;
                let cause = if direction == Direction::Down { Cause::Down(at) } else { Cause::Up(at) };
                let types = graph.tables[table].slots.iter().map(|slot| slot.key_type).collect();
                read(pool.clone(), types, query).map_ok(move |batch| (table, cause, batch)).boxed()
            });
            let mut found = stream::iter(streams).flatten_unordered(traversal.jobs);
            if edges.is_empty() {
                return Ok(());
            }
            while let Some((table, cause, batch)) = found.try_next().await? {
                for row in &batch {
                    self.add(table, row, cause);
                }
                budget::check(self, traversal.budget)?;
                let tables = edges.iter().map(|at| self.graph.edges[*at].searched_end(direction).table);
                traversal.progress.report(self, tables);
            }
        }
    }

    /// Returns the edges of the next round and their queries. An edge without an index costs a scan of its table, so it
    /// waits until no other edge has keys left, and then looks all of them up at once.
    fn round(&mut self, direction: Direction) -> (Vec<usize>, Queries) {
        let graph = self.graph.clone();
        let mut shared: Vec<(usize, Arc<KeySet>)> = Vec::new();
        match direction {
            Direction::Down => {
                for (edges, keys) in self.next_owned() {
                    shared.extend(edges.into_iter().map(|at| (at, keys.clone())));
                }
            }
            Direction::Up => self.drop_found_targets(),
        }
        let pending = if direction == Direction::Down { &mut self.down } else { &mut self.up };
        let waiting: Vec<usize> = (0..pending.len()).filter(|at| !pending[*at].is_empty()).collect();
        let is_indexed = |at: &usize| graph.edges[*at].searched_end(direction).indexed;
        let indexed: Vec<usize> = waiting.iter().copied().filter(is_indexed).collect();
        let chosen = if indexed.is_empty() && shared.is_empty() { waiting } else { indexed };
        let taken: Vec<(usize, KeySet)> = chosen.iter().map(|at| (*at, pending[*at].take())).collect();
        let edges = chosen.into_iter().chain(shared.iter().map(|(at, _)| *at)).collect();
        let taken = taken_queries(graph.clone(), direction, taken);
        (edges, Box::new(taken.chain(shared_queries(graph, direction, shared))))
    }
}

/// The queries for keys that were collected by edge.
fn taken_queries(
    graph: Arc<Graph>,
    direction: Direction,
    taken: Vec<(usize, KeySet)>,
) -> impl Iterator<Item = (usize, RowQuery)> + Send {
    taken.into_iter().flat_map(move |(at, keys)| {
        let graph = graph.clone();
        let by_index = graph.edges[at].searched_end(direction).indexed;
        let size = if by_index { CHUNK } else { usize::MAX };
        keys.into_chunks(size).map(move |arrays| (at, row_query(&graph, at, direction, arrays, by_index)))
    })
}

/// The queries for the keys of owned rows that several edges share.
fn shared_queries(
    graph: Arc<Graph>,
    direction: Direction,
    shared: Vec<(usize, Arc<KeySet>)>,
) -> impl Iterator<Item = (usize, RowQuery)> + Send {
    shared.into_iter().flat_map(move |(at, keys)| {
        let graph = graph.clone();
        let count = usize::try_from(keys.len()).unwrap_or(usize::MAX);
        let starts = (0..count).step_by(CHUNK);
        starts.filter_map(move |from| {
            let arrays = referencing_values(&graph.edges[at], &keys, from);
            let is_empty = arrays.first().is_none_or(KeyArray::is_empty);
            (!is_empty).then(|| (at, row_query(&graph, at, direction, arrays, true)))
        })
    })
}

impl Edge {
    /// The end at which rows are searched.
    fn searched_end(&self, direction: Direction) -> &EdgeEnd {
        if direction == Direction::Down { &self.from } else { &self.to }
    }
}

/// Returns the values by which rows refer over an edge to one chunk of keys, which begins at an index.
fn referencing_values(edge: &Edge, keys: &KeySet, from: usize) -> Vec<KeyArray> {
    let values = |key: Vec<KeyValue>| edge.from.convert(edge.to.slots.iter().map(|slot| key[*slot].clone()));
    to_arrays(&edge.from.key_types(), keys.iter_from(from).take(CHUNK).filter_map(values))
}

/// Returns the query for the rows that one edge leads to.
fn row_query(graph: &Graph, at: usize, direction: Direction, arrays: Vec<KeyArray>, by_index: bool) -> RowQuery {
    let edge = &graph.edges[at];
    let end = edge.searched_end(direction);
    let table = &graph.tables[end.table];
    let relation = table.relation_of(end);
    let mut conditions = vec![query::is_among(&end.terms, &query::placeholders(&arrays), by_index)];
    let mut newest = None;
    if direction == Direction::Down {
        conditions.extend(edge.condition.as_ref().map(|condition| format!("({condition}\n)")));
        if let Some(Extent::Where(condition)) = &table.extent {
            conditions.push(format!("({condition}\n)"));
        }
        if let TraversalRule::Limit { rows, newest_by } = &edge.rule {
            newest = Some(Newest { rows: *rows, by: newest_by, among: &end.terms });
        }
    }
    let sql = query::select(table, &relation, &conditions, newest.as_ref());
    RowQuery { sql, parameters: arrays, by_index }
}
