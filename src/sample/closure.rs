//! From the seed rows to all rows of a sample: down first, which settles what is owned, then up.
//!
//! Going down never needs what going up finds: required rows are not expanded downward. So each row is
//! either owned or required when it is first seen in its half, and never changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Wanted;
use super::budget::{self, Budget};
use super::error::Result;
use super::graph::{Edge, Graph, Rule};
use super::keys::{Keys, Kind, Value};
use super::pool::Pool;
use super::query::{self, Ask, Newest, read};
use super::seeds;
use crate::config::Extent;

/// Keys in one query over an index: more make the planner prefer a scan of the table.
const CHUNK: usize = 8_192;

/// What was reached of one table.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Rows reached going down.
    pub owned: Keys,
    /// Rows needed by others.
    pub required: Keys,
    /// How many of the owned ones are seed rows.
    pub seeds: u64,
    /// Of a table that is taken as a whole, how many rows it has.
    pub whole: Option<u64>,
}

/// How many rows an edge brought that were not there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Going down, to rows that refer.
    pub down: u64,
    /// Going up, to rows referred to.
    pub up: u64,
}

/// Why a row came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is a seed row.
    Seed,
    /// Its table is configured so.
    Included,
    /// It refers to an owned row over this edge.
    Down(usize),
    /// A row refers to it over this edge.
    Up(usize),
}

/// Rows that came for one reason in one round.
#[derive(Clone, Debug)]
pub struct Step {
    /// Their table.
    pub table: usize,
    /// Why.
    pub cause: Cause,
    /// The rows.
    pub rows: Keys,
}

/// All rows of a sample.
#[derive(Clone, Debug)]
pub struct Closure {
    /// The tables and edges.
    pub graph: Arc<Graph>,
    /// What was reached, by table.
    pub reached: Vec<Reached>,
    /// What each edge brought.
    pub tally: Vec<Tally>,
    /// Every row with its reason, in the order of finding; only when asked for.
    pub steps: Option<Vec<Step>>,
    first_of_round: usize,
    /// By edge, keys of owned rows that nobody has asked for yet.
    down: Vec<Keys>,
    /// By edge, values of referring rows that nobody has asked for yet.
    up: Vec<Keys>,
    /// By what they are keys of, keys that were asked for going up, where that is not the rows' identity.
    asked: Vec<Keys>,
    /// By edge, which of `asked` it uses.
    target: Vec<Option<usize>>,
    /// By table, the edges from it and to it.
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
}

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
    fn new(graph: Arc<Graph>, explain: bool) -> Closure {
        let reached = graph.tables.iter().map(|table| {
            let kinds = table.identity.kinds();
            Reached { owned: Keys::new(&kinds), required: Keys::new(&kinds), seeds: 0, whole: None }
        });
        let mut targets: BTreeMap<(usize, Option<String>, Vec<String>, Vec<Kind>), usize> = BTreeMap::new();
        let (mut asked, mut target) = (Vec::new(), Vec::new());
        let (mut out, mut into) = (vec![Vec::new(); graph.tables.len()], vec![Vec::new(); graph.tables.len()]);
        for (at, edge) in graph.edges.iter().enumerate() {
            if edge.is_followed_up() {
                out[edge.from.table].push(at);
            }
            if edge.is_followed_down() {
                into[edge.to.table].push(at);
            }
            let names = edge.to.terms.iter().map(|term| term.sql.clone()).collect();
            let relation = edge.to.relation.as_ref().map(ToString::to_string);
            let place = (edge.to.table, relation, names, edge.to.kinds());
            target.push((!is_by_identity(&graph, edge)).then(|| {
                *targets.entry(place).or_insert_with(|| {
                    asked.push(Keys::new(&edge.to.kinds()));
                    asked.len() - 1
                })
            }));
        }
        Closure {
            reached: reached.collect(),
            tally: vec![Tally::default(); graph.edges.len()],
            steps: explain.then(Vec::new),
            first_of_round: 0,
            down: graph.edges.iter().map(|edge| Keys::new(&edge.from.kinds())).collect(),
            up: graph.edges.iter().map(|edge| Keys::new(&edge.to.kinds())).collect(),
            asked,
            target,
            out,
            into,
            graph,
        }
    }

    /// Rows of a table that are in the sample.
    pub fn rows(&self, table: usize) -> u64 {
        let reached = &self.reached[table];
        reached.whole.unwrap_or_else(|| reached.owned.len() + reached.required.len())
    }

    fn kinds(&self, table: usize) -> Vec<Kind> {
        self.graph.tables[table].slots.iter().map(|slot| slot.kind).collect()
    }

    /// Takes a row in, and notes what it leads to.
    fn take(&mut self, table: usize, row: &[Value], cause: Cause) {
        let graph = self.graph.clone();
        let key = graph.tables[table].identify(row);
        let reached = &mut self.reached[table];
        let is_new = match cause {
            Cause::Seed | Cause::Down(_) => reached.owned.insert(&key),
            Cause::Included | Cause::Up(_) => !reached.owned.contains(&key) && reached.required.insert(&key),
        };
        if !is_new {
            return;
        }
        match cause {
            Cause::Seed => reached.seeds += 1,
            Cause::Included => {}
            Cause::Down(edge) => self.tally[edge].down += 1,
            Cause::Up(edge) => self.tally[edge].up += 1,
        }
        self.explain(table, &key, cause);
        if matches!(cause, Cause::Seed | Cause::Down(_)) {
            for &at in &self.into[table] {
                let edge = &graph.edges[at];
                let values = edge.to.slots.iter().map(|slot| row[*slot].clone());
                if let Some(key) = edge.from.carry(values) {
                    self.down[at].insert(&key);
                }
            }
        }
        self.require(&graph, table, row);
    }

    /// Notes what a row refers to.
    fn require(&mut self, graph: &Graph, table: usize, row: &[Value]) {
        for &at in &self.out[table] {
            let edge = &graph.edges[at];
            if graph.tables[edge.to.table].extent == Some(Extent::All) {
                continue;
            }
            let values = edge.from.slots.iter().map(|slot| row[*slot].clone());
            let Some(key) = edge.to.carry(values) else { continue };
            let is_new = match self.target[at] {
                Some(target) => self.asked[target].insert(&key),
                None => {
                    let there = &self.reached[edge.to.table];
                    !there.owned.contains(&key) && !there.required.contains(&key)
                }
            };
            if is_new {
                self.up[at].insert(&key);
            }
        }
    }

    fn explain(&mut self, table: usize, key: &[Value], cause: Cause) {
        let Some(steps) = &mut self.steps else { return };
        let known = steps[self.first_of_round..].iter_mut().find(|step| step.table == table && step.cause == cause);
        match known {
            Some(step) => step.rows.insert(key),
            None => {
                let mut rows = Keys::new(&self.graph.tables[table].identity.kinds());
                rows.insert(key);
                steps.push(Step { table, cause, rows });
                true
            }
        };
    }

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

fn is_by_identity(graph: &Graph, edge: &Edge) -> bool {
    let table = &graph.tables[edge.to.table];
    let is_known = edge.to.relation.is_none() && table.identity.kinds() == edge.to.kinds();
    is_known && table.is_identity(&edge.to.terms)
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
