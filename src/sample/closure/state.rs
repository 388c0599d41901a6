//! What was reached so far, and what that leads to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::owned::Owned;
use crate::config::Extent;
use crate::sample::graph::{Edge, Graph, Identity};
use crate::sample::key_set::{Keys, Kind, Value};

/// What was reached of one table.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Rows reached going down.
    pub owned: Owned,
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

/// Rows and bytes of all tables, the latter as they are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
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
    /// What was reached of all tables: sets of keys take their time to be counted.
    pub total: Total,
    /// Every row with its reason, in the order of finding; only when asked for.
    pub steps: Option<Vec<Step>>,
    pub(super) first_of_round: usize,
    /// By edge, keys of owned rows that nobody has asked for yet, unless the rows themselves tell.
    pub(super) down: Vec<Keys>,
    /// By edge, values of referring rows that nobody has asked for yet.
    pub(super) up: Vec<Keys>,
    /// By what they are keys of, keys that were asked for going up, where that is not the rows' identity.
    asked: Vec<Keys>,
    /// By edge, which of `asked` it uses.
    pub(super) target: Vec<Option<usize>>,
    /// By table, the edges from it and to it.
    pub(super) out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
    /// By table, the edges to it whose keys are those of its rows, in this or another order, and which are asked in
    /// every round.
    pub(super) direct: Vec<Vec<usize>>,
}

/// What edges lead up to: a table, its partition, and the columns with their kinds.
type Target = (usize, Option<String>, Vec<String>, Vec<Kind>);

impl Closure {
    pub(super) fn new(graph: Arc<Graph>, explain: bool) -> Closure {
        let mut direct = vec![Vec::new(); graph.tables.len()];
        let mut targets: BTreeMap<Target, usize> = BTreeMap::new();
        let (mut asked, mut target) = (Vec::new(), Vec::new());
        let (mut out, mut into) = (vec![Vec::new(); graph.tables.len()], vec![Vec::new(); graph.tables.len()]);
        for (at, edge) in graph.edges.iter().enumerate() {
            if graph.leads_up(edge) {
                out[edge.from.table].push(at);
            }
            if edge.is_followed_down() {
                let edges = if is_direct(&graph, edge) { &mut direct } else { &mut into };
                edges[edge.to.table].push(at);
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
        let reached = graph.tables.iter().zip(&direct).map(|(table, direct)| {
            let kinds = table.identity.kinds();
            let owned = Owned::new(&kinds, !direct.is_empty());
            Reached { owned, required: Keys::new(&kinds), seeds: 0, whole: None }
        });
        Closure {
            reached: reached.collect(),
            tally: vec![Tally::default(); graph.edges.len()],
            total: Total::default(),
            steps: explain.then(Vec::new),
            first_of_round: 0,
            down: graph.edges.iter().map(|edge| Keys::new(&edge.from.kinds())).collect(),
            up: graph.edges.iter().map(|edge| Keys::new(&edge.to.kinds())).collect(),
            asked,
            target,
            out,
            into,
            direct,
            graph,
        }
    }

    /// Rows of a table that are in the sample.
    pub fn rows(&self, table: usize) -> u64 {
        let reached = &self.reached[table];
        reached.whole.unwrap_or_else(|| reached.owned.len() + reached.required.len())
    }

    pub(super) fn kinds(&self, table: usize) -> Vec<Kind> {
        self.graph.tables[table].slots.iter().map(|slot| slot.kind).collect()
    }

    /// Takes a row in, and notes what it leads to.
    pub(super) fn take(&mut self, table: usize, row: &[Value], cause: Cause) {
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
        // Of a table that is taken as a whole they are counted elsewhere.
        if graph.tables[table].extent != Some(Extent::All) {
            self.total.add(1, graph.tables[table].row_bytes());
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

    /// Counts rows of a table that is taken as a whole.
    pub(super) fn count(&mut self, table: usize, rows: u64) {
        *self.reached[table].whole.get_or_insert(0) += rows;
        self.total.add(rows, self.graph.tables[table].row_bytes());
    }

    /// Notes what a row refers to.
    pub(super) fn require(&mut self, graph: &Graph, table: usize, row: &[Value]) {
        for &at in &self.out[table] {
            let edge = &graph.edges[at];
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
}

impl Total {
    fn add(&mut self, rows: u64, bytes_each: u64) {
        self.rows += rows;
        self.bytes += rows * bytes_each;
    }
}

fn is_by_identity(graph: &Graph, edge: &Edge) -> bool {
    let table = &graph.tables[edge.to.table];
    let is_known = edge.to.relation.is_none() && table.identity.kinds() == edge.to.kinds();
    is_known && table.is_identity(&edge.to.terms)
}

/// Whether what an edge asks for going down is the keys of the rows themselves. One without an index asks seldom, and
/// for all at once.
fn is_direct(graph: &Graph, edge: &Edge) -> bool {
    let Identity::Columns(terms) = &graph.tables[edge.to.table].identity else { return false };
    // The identity is what a row is read for first.
    let mut slots = edge.to.slots.clone();
    slots.sort_unstable();
    edge.from.indexed && slots.into_iter().eq(0..terms.len())
}
