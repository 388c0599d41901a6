//! The state of the closure: the rows found so far, and the keys that they lead to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::owned::OwnedRows;
use crate::config::Extent;
use crate::sample::graph::{Edge, Graph, RowIdentity};
use crate::sample::key_set::{KeySet, KeyType, KeyValue};

/// The rows found of one table.
#[derive(Clone, Debug)]
pub struct ReachedRows {
    /// Rows reached downward, seed rows included.
    pub owned: OwnedRows,
    /// Rows that other rows refer to.
    pub required: KeySet,
    /// The number of owned rows that are seed rows.
    pub seeds: u64,
    /// The number of rows of a table that is taken as a whole.
    pub whole: Option<u64>,
}

/// The numbers of new rows that an edge contributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdgeTally {
    /// Downward: referencing rows.
    pub down: u64,
    /// Upward: referenced rows.
    pub up: u64,
}

/// The rows of all tables, and their estimated bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The reason why a row is in the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is a seed row.
    Seed,
    /// The configuration includes it as reference data.
    Included,
    /// It refers to an owned row over this edge.
    Down(usize),
    /// A row refers to it over this edge.
    Up(usize),
}

/// The rows of one table that were found for one reason in one round.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The table.
    pub table: usize,
    /// The reason.
    pub cause: Cause,
    /// The rows.
    pub rows: KeySet,
}

/// All rows of a sample.
#[derive(Clone, Debug)]
pub struct Closure {
    /// The tables and edges.
    pub graph: Arc<Graph>,
    /// The rows found, by table.
    pub reached: Vec<ReachedRows>,
    /// The rows that each edge contributed.
    pub tally: Vec<EdgeTally>,
    /// The rows of all tables, kept up to date because counting the sets takes time.
    pub total: Total,
    /// All rows with their reasons, in the order of discovery; only if an explanation is wanted.
    pub discoveries: Option<Vec<Discovery>>,
    first_of_round: usize,
    /// By edge, keys of owned rows that have not been looked up yet. Not used for the edges in `direct`.
    pub(super) down: Vec<KeySet>,
    /// By edge, values of referencing rows that have not been looked up yet.
    pub(super) up: Vec<KeySet>,
    /// By target, keys that were already looked up. Only for targets that are not the identity of the rows.
    looked_up: Vec<KeySet>,
    /// By edge, the index in `looked_up` of its target.
    target: Vec<Option<usize>>,
    /// By table, the edges from it that lead up.
    edges_up: Vec<Vec<usize>>,
    /// By table, the edges to it that lead down.
    edges_down: Vec<Vec<usize>>,
    /// By table, the edges to it that lead down from the identity of its rows, in any order of columns. They are
    /// followed in every round, directly from the set of owned rows.
    direct: Vec<Vec<usize>>,
}

/// What an edge leads up to: a table, its partition, and the columns with their types.
type Target = (usize, Option<String>, Vec<String>, Vec<KeyType>);

impl Closure {
    pub(super) fn new(graph: Arc<Graph>, explain: bool) -> Closure {
        let mut direct = vec![Vec::new(); graph.tables.len()];
        let mut targets: BTreeMap<Target, usize> = BTreeMap::new();
        let (mut looked_up, mut target) = (Vec::new(), Vec::new());
        let (mut edges_up, mut edges_down) =
            (vec![Vec::new(); graph.tables.len()], vec![Vec::new(); graph.tables.len()]);
        for (at, edge) in graph.edges.iter().enumerate() {
            if graph.leads_up(edge) {
                edges_up[edge.from.table].push(at);
            }
            if edge.is_followed_down() {
                let edges = if is_direct(&graph, edge) { &mut direct } else { &mut edges_down };
                edges[edge.to.table].push(at);
            }
            let names = edge.to.terms.iter().map(|term| term.sql.clone()).collect();
            let relation = edge.to.relation.as_ref().map(ToString::to_string);
            let edge_target = (edge.to.table, relation, names, edge.to.key_types());
            target.push((!leads_to_identity(&graph, edge)).then(|| {
                *targets.entry(edge_target).or_insert_with(|| {
                    looked_up.push(KeySet::new(&edge.to.key_types()));
                    looked_up.len() - 1
                })
            }));
        }
        let reached = graph.tables.iter().zip(&direct).map(|(table, direct)| {
            let types = table.identity.key_types();
            let owned = OwnedRows::new(&types, !direct.is_empty());
            ReachedRows { owned, required: KeySet::new(&types), seeds: 0, whole: None }
        });
        Closure {
            reached: reached.collect(),
            tally: vec![EdgeTally::default(); graph.edges.len()],
            total: Total::default(),
            discoveries: explain.then(Vec::new),
            first_of_round: 0,
            down: graph.edges.iter().map(|edge| KeySet::new(&edge.from.key_types())).collect(),
            up: graph.edges.iter().map(|edge| KeySet::new(&edge.to.key_types())).collect(),
            looked_up,
            target,
            edges_up,
            edges_down,
            direct,
            graph,
        }
    }

    /// The number of rows of a table in the sample.
    pub fn rows(&self, table: usize) -> u64 {
        let reached = &self.reached[table];
        reached.whole.unwrap_or_else(|| reached.owned.len() + reached.required.len())
    }

    /// The types of the values that are read for a row of a table.
    pub(super) fn slot_types(&self, table: usize) -> Vec<KeyType> {
        self.graph.tables[table].slots.iter().map(|slot| slot.key_type).collect()
    }

    /// Whether rows of a table refer to rows that have to be searched.
    pub(super) fn has_edges_up(&self, table: usize) -> bool {
        !self.edges_up[table].is_empty()
    }

    /// Begins a round, which separates its discoveries from those of the previous one.
    pub(super) fn begin_round(&mut self) {
        self.first_of_round = self.discoveries.as_ref().map_or(0, Vec::len);
    }

    /// Returns the owned rows found in the previous round, by table, with the edges that are followed down from them.
    pub(super) fn next_owned(&mut self) -> Vec<(Vec<usize>, Arc<KeySet>)> {
        let tables = self.direct.iter().zip(&mut self.reached).filter(|(edges, _)| !edges.is_empty());
        let keys = tables.map(|(edges, reached)| (edges.clone(), reached.owned.next_round()));
        keys.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// Removes the keys of rows that were found in the meantime from the keys to look up.
    pub(super) fn drop_found_targets(&mut self) {
        for (at, edge) in self.graph.edges.iter().enumerate().filter(|(at, _)| self.target[*at].is_none()) {
            let reached = &self.reached[edge.to.table];
            reached.owned.remove_from(&mut self.up[at]);
            self.up[at].remove_all(&reached.required);
        }
    }

    /// Adds a row and, if it is new, the keys that it leads to.
    pub(super) fn add(&mut self, table: usize, row: &[KeyValue], cause: Cause) {
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
        // The rows of a table that is taken as a whole are counted by `count`.
        if graph.tables[table].extent != Some(Extent::All) {
            self.total.add(1, graph.tables[table].row_bytes());
        }
        match cause {
            Cause::Seed => reached.seeds += 1,
            Cause::Included => {}
            Cause::Down(edge) => self.tally[edge].down += 1,
            Cause::Up(edge) => self.tally[edge].up += 1,
        }
        self.record(table, &key, cause);
        if matches!(cause, Cause::Seed | Cause::Down(_)) {
            for &at in &self.edges_down[table] {
                let edge = &graph.edges[at];
                let values = edge.to.slots.iter().map(|slot| row[*slot].clone());
                if let Some(key) = edge.from.convert(values) {
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

    /// Adds the keys that a row refers to.
    pub(super) fn require(&mut self, graph: &Graph, table: usize, row: &[KeyValue]) {
        for &at in &self.edges_up[table] {
            let edge = &graph.edges[at];
            let values = edge.from.slots.iter().map(|slot| row[*slot].clone());
            let Some(key) = edge.to.convert(values) else { continue };
            let is_new = match self.target[at] {
                Some(target) => self.looked_up[target].insert(&key),
                None => {
                    let reached = &self.reached[edge.to.table];
                    !reached.owned.contains(&key) && !reached.required.contains(&key)
                }
            };
            if is_new {
                self.up[at].insert(&key);
            }
        }
    }

    /// Records the reason of a row, if an explanation is wanted.
    fn record(&mut self, table: usize, key: &[KeyValue], cause: Cause) {
        let Some(discoveries) = &mut self.discoveries else { return };
        let mut round = discoveries[self.first_of_round..].iter_mut();
        match round.find(|discovery| discovery.table == table && discovery.cause == cause) {
            Some(discovery) => {
                discovery.rows.insert(key);
            }
            None => {
                let mut rows = KeySet::new(&self.graph.tables[table].identity.key_types());
                rows.insert(key);
                discoveries.push(Discovery { table, cause, rows });
            }
        }
    }
}

impl Total {
    fn add(&mut self, rows: u64, bytes_each: u64) {
        self.rows += rows;
        self.bytes += rows * bytes_each;
    }
}

/// Whether an edge refers to rows by their identity, of which the set of rows found is then also the set of keys found.
fn leads_to_identity(graph: &Graph, edge: &Edge) -> bool {
    let table = &graph.tables[edge.to.table];
    let same_types = edge.to.relation.is_none() && table.identity.key_types() == edge.to.key_types();
    same_types && table.is_identity(&edge.to.terms)
}

/// Whether the keys that an edge looks up downward are those of the rows themselves. An edge without an index is not
/// direct: it is queried rarely, and for all keys at once.
fn is_direct(graph: &Graph, edge: &Edge) -> bool {
    let RowIdentity::Columns(terms) = &graph.tables[edge.to.table].identity else { return false };
    // The identity occupies the first slots.
    let mut slots = edge.to.slots.clone();
    slots.sort_unstable();
    edge.from.indexed && slots.into_iter().eq(0..terms.len())
}
