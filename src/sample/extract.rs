//! The rows of a sample as streams. The masks are part of the statements that read the rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::closure::Closure;
use super::copy_reader::{CopyReader, CopyStream, Statements, source_error};
use super::graph::{Graph, GraphTable, RowIdentity, TraversalRule, quoted};
use super::key_set::{KeySet, KeyValue, to_arrays};
use super::pool::Pool;
use super::query::{is_among, literals, range_condition};
use super::table_copy::{DumpConnection, TableCopy};
use crate::config::Extent;
use crate::mask::Expression;
use crate::pg::catalog::Column;
use crate::pg::{self, identifier};

/// Masks by schema, table and column.
pub type Masks = BTreeMap<(String, String, String), Expression>;

/// Rows in one statement.
const CHUNK: usize = 10_000;
/// Rows in one stream, which reads the statements of its chunks one after the other.
const PART: usize = 20 * CHUNK;

/// A selected sample, ready to be read: masked at the source, and from one snapshot. Dropping it ends the transactions on
/// the source.
pub struct Extraction {
    pool: Arc<Pool>,
    pub(super) graph: Arc<Graph>,
    pub(super) tables: Vec<TableCopy>,
    rows: Vec<SelectedRows>,
    select_lists: Vec<String>,
    dump_connection: DumpConnection,
}

/// The rows of one table.
enum SelectedRows {
    All,
    Keys(Arc<KeySet>),
}

impl Extraction {
    pub(super) fn new(pool: Arc<Pool>, closure: Closure, masks: &Masks) -> Extraction {
        let graph = closure.graph.clone();
        let source = pool.source();
        let dump_connection = DumpConnection {
            address: source.tunnel.address,
            server_name: source.tunnel.server_name.clone(),
            root_cert: source.root_cert.clone(),
            user: source.credentials.user.clone(),
            password: source.credentials.password.clone(),
            database: source.database.clone(),
            snapshot: pool.snapshot().to_owned(),
        };
        let tables = graph.tables.iter().enumerate().map(|(at, table)| {
            let rows = closure.rows(at);
            TableCopy { rows, bytes: rows * table.row_bytes(), ..TableCopy::of(table) }
        });
        let tables: Vec<TableCopy> = tables.collect();
        let select_lists = (0..tables.len()).map(|at| select_list(&graph, at, masks).join(", ")).collect();
        let rows = closure.reached.into_iter().zip(&graph.tables).map(|(reached, table)| match table.extent {
            Some(Extent::All) => SelectedRows::All,
            _ => {
                let mut keys = reached.owned.into_keys();
                keys.add_all(reached.required);
                SelectedRows::Keys(Arc::new(keys))
            }
        });
        Extraction { rows: rows.collect(), tables, select_lists, dump_connection, graph, pool }
    }

    /// Every table of the database, ordered by schema and name, including tables without selected rows. Foreign tables
    /// and partitions are not included.
    pub fn tables(&self) -> &[TableCopy] {
        &self.tables
    }

    /// The source's major version.
    pub fn major(&self) -> u32 {
        self.pool.leader().major()
    }

    /// How `pg_dump` reads the schema from the same snapshot.
    pub fn dump_connection(&self) -> &DumpConnection {
        &self.dump_connection
    }

    /// Cancels everything that runs on the source.
    pub async fn cancel(&self) {
        self.pool.cancel().await;
    }

    /// Ends the transactions on the source once everything is read.
    pub(super) async fn release(&self) {
        self.pool.release().await;
    }

    /// Begins one stream of a table in [`Extraction::tables`]: a complete `COPY`, masked, with its own header and trailer
    /// in binary format. Waits while all connections to the source are busy. Dropping the stream before its end cancels
    /// the query on the server.
    ///
    /// # Errors
    /// When a query fails. After a conflict, which [`is_conflict`](super::is_conflict) recognizes, the sample has to be
    /// selected and read again from a new snapshot.
    pub async fn copy(&self, table: usize, part: usize) -> pg::Result<CopyStream> {
        let mut session = self.pool.take().await.map_err(source_error)?;
        let by_keys = matches!(self.rows[table], SelectedRows::Keys(_));
        session.prefer_index(by_keys).await.map_err(source_error)?;
        let (select_list, binary) = (self.select_lists[table].clone(), self.tables[table].binary);
        Ok(CopyReader::new(session, self.statements(table, part), select_list, binary).into_stream())
    }

    /// The number of streams of a table. They can be read at the same time.
    pub fn parts(&self, table: usize) -> usize {
        match &self.rows[table] {
            SelectedRows::All => 1,
            SelectedRows::Keys(keys) => usize::try_from(keys.len()).unwrap_or(usize::MAX).div_ceil(PART).max(1),
        }
    }

    /// Returns the statements of one part, in order. Each is built when it is needed: together, the statements of all
    /// parts that are read at the same time would be as large as the key sets.
    fn statements(&self, at: usize, part: usize) -> Statements {
        let form = if self.tables[at].binary { " (FORMAT binary)" } else { "" };
        let copy = format!("COPY (SELECT {} FROM ", self.select_lists[at]);
        let end = format!(") TO STDOUT{form}");
        let relation = self.graph.tables[at].relation();
        let one = |condition: &str| Box::new(std::iter::once(format!("{copy}{relation} AS t{condition}{end}")));
        match &self.rows[at] {
            // In physical order: sorting a whole table would cost the source more than it is worth.
            SelectedRows::All => one(""),
            SelectedRows::Keys(keys) if keys.is_empty() => one(" WHERE false"),
            SelectedRows::Keys(keys) => {
                let (keys, graph) = (keys.clone(), self.graph.clone());
                let (from, count) = (part * PART, usize::try_from(keys.len()).unwrap_or(usize::MAX));
                let starts = (from..count.min(from + PART)).step_by(CHUNK);
                Box::new(starts.flat_map(move |from| {
                    let chunk = keys.iter_from(from).take(CHUNK);
                    let selections = from_clauses(&graph.tables[at], chunk).into_iter();
                    selections.map(|selection| format!("{copy}{selection}{end}")).collect::<Vec<_>>()
                }))
            }
        }
    }
}

/// Returns what follows FROM in the statements that select some rows by their keys, in order.
fn from_clauses(table: &GraphTable, keys: impl Iterator<Item = Vec<KeyValue>>) -> Vec<String> {
    match &table.identity {
        RowIdentity::Columns(terms) => {
            let arrays = to_arrays(&table.identity.key_types(), keys);
            let condition =
                range_condition(terms, &arrays).unwrap_or_else(|| is_among(terms, &literals(&arrays), true));
            vec![format!("{} AS t WHERE {condition} ORDER BY {}", table.relation(), table.identity.order())]
        }
        RowIdentity::Ctid => {
            let mut by_leaf: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for value in keys.flatten() {
                if let KeyValue::Int(packed) = value {
                    let (leaf, ctid) = RowIdentity::unpack_ctid(packed);
                    by_leaf.entry(leaf).or_default().push(format!("\"{ctid}\""));
                }
            }
            let one = |(leaf, ctids): (usize, Vec<String>)| {
                // A `ctid` belongs to one leaf: in a query of the root, every leaf would be searched for it.
                let relation = format!("ONLY {}", quoted(&table.leaves[leaf].path));
                let ctids = format!("'{{{}}}'::pg_catalog.tid[]", ctids.join(","));
                format!("{relation} AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ({ctids}) ORDER BY t.ctid")
            };
            by_leaf.into_iter().map(one).collect()
        }
    }
}

/// Returns the expression that is copied for each column of a table, except generated ones.
fn select_list(graph: &Graph, at: usize, masks: &Masks) -> Vec<String> {
    let table = &graph.tables[at];
    let is_set_to_null = |column: &Column| {
        let mut rules = graph.edges.iter().filter(|edge| edge.from.table == at).map(|edge| &edge.rule);
        rules.any(|rule| matches!(rule, TraversalRule::Null(names) if names.contains(&column.name)))
    };
    let expression = |column: &Column| {
        let name = (table.path.schema.clone(), table.path.table.clone(), column.name.clone());
        if is_set_to_null(column) {
            format!("NULL::{}", column.declared)
        } else if let Some(mask) = masks.get(&name) {
            // Cast as an assignment to the column would be, because nothing else checks the type in binary format.
            // Without a length, which the target checks.
            let brackets = if column.array { "[]" } else { "" };
            format!("({})::{}{brackets}", mask.sql, column.base.qualified())
        } else {
            format!("t.{}", identifier(&column.name))
        }
    };
    table.columns.iter().filter(|column| !column.generated).map(expression).collect()
}
