//! The rows of a sample as streams: the mask stands in the very statement that reads the rows.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, TryStreamExt};
use tokio_postgres::CopyOutStream;

use super::closure::Closure;
use super::error::SampleError;
use super::graph::{Graph, Identity, Rule, Table, quoted};
use super::key_set::{Keys, Value, columns};
use super::pool::{Lease, Pool};
use super::query::{among, dense, literals};
use super::table_copy::{DumpConnection, TableCopy};
use crate::config::Extent;
use crate::discover::audit::is_scannable_in_binary;
use crate::mask::Expression;
use crate::pg::catalog::Column;
use crate::pg::{self, identifier};

/// Masks by schema, table and column.
pub type Masks = BTreeMap<(String, String, String), Expression>;

/// Rows in one statement.
const CHUNK: usize = 10_000;
/// Rows in one stream: so many statements follow one another in it.
const PART: usize = 20 * CHUNK;
/// Bytes that are handed on at a time.
const GATHERED: usize = 64 * 1024;
/// Bytes of a binary stream's header, when it has no extension, and of its trailer.
const HEADER: usize = 19;
const TRAILER: [u8; 2] = [0xff, 0xff];

/// The bytes of one `COPY … TO STDOUT`, from its beginning to its end, in pieces of any length.
pub type CopyStream = Pin<Box<dyn Stream<Item = pg::Result<Bytes>> + Send>>;

/// A selected sample, ready to be read: masked at the source, all of it from one snapshot. Dropping it ends the
/// transactions on the source.
pub struct Extraction {
    pool: Arc<Pool>,
    pub(super) graph: Arc<Graph>,
    pub(super) tables: Vec<TableCopy>,
    rows: Vec<Rows>,
    lists: Vec<String>,
    dump: DumpConnection,
}

impl TableCopy {
    /// A table without rows.
    pub(super) fn of(table: &Table) -> TableCopy {
        let columns: Vec<&Column> = table.columns.iter().filter(|column| !column.generated).collect();
        TableCopy {
            schema: table.path.schema.clone(),
            table: table.path.table.clone(),
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            types: columns.iter().map(|column| column.declared.clone()).collect(),
            binary: columns.iter().all(|column| is_binary(column) && is_scannable_in_binary(column)),
            rows: 0,
            bytes: 0,
        }
    }
}

/// The rows of one table.
enum Rows {
    All,
    Keys(Arc<Keys>),
}

impl Extraction {
    pub(super) fn new(pool: Arc<Pool>, closure: Closure, masks: &Masks) -> Extraction {
        let graph = closure.graph.clone();
        let source = pool.source();
        let dump = DumpConnection {
            address: source.tunnel.address,
            server_name: source.tunnel.server_name.clone(),
            root_cert: source.root_cert.clone(),
            user: source.credentials.user.clone(),
            password: source.credentials.password.clone(),
            database: source.database.clone(),
            snapshot: pool.snapshot().to_owned(),
        };
        let copied = graph.tables.iter().enumerate().map(|(at, table)| {
            let rows = closure.rows(at);
            TableCopy { rows, bytes: rows * table.row_bytes(), ..TableCopy::of(table) }
        });
        let tables: Vec<TableCopy> = copied.collect();
        let lists = (0..tables.len()).map(|at| expressions(&graph, at, masks).join(", ")).collect();
        let rows = closure.reached.into_iter().zip(&graph.tables).map(|(reached, table)| match table.extent {
            Some(Extent::All) => Rows::All,
            _ => {
                let mut keys = reached.owned.into_keys();
                keys.add_all(reached.required);
                Rows::Keys(Arc::new(keys))
            }
        });
        Extraction { rows: rows.collect(), tables, lists, dump, graph, pool }
    }

    /// Every table of the database, those without selected rows too, in the order of schema and name. Foreign tables
    /// and partitions are none.
    pub fn tables(&self) -> &[TableCopy] {
        &self.tables
    }

    /// The source's major version.
    pub fn major(&self) -> u32 {
        self.pool.leader().major()
    }

    /// How `pg_dump` reads the schema from the same snapshot.
    pub fn dump_connection(&self) -> &DumpConnection {
        &self.dump
    }

    /// Ends everything that runs on the source.
    pub async fn cancel(&self) {
        self.pool.cancel().await;
    }

    /// Ends the transactions on the source: everything was read.
    pub(super) async fn release(&self) {
        self.pool.release().await;
    }

    /// Begins one stream of a table in [`Extraction::tables`]: a whole `COPY`, masked, in binary with its own header and
    /// trailer. Waits while all connections to the source are busy. Dropping it before its end cancels the query on the
    /// server.
    ///
    /// # Errors
    /// What the server says. A conflict with recovery on a standby is one that
    /// [`is_conflict`](super::is_conflict) knows: the sample is then selected and read again from a new snapshot.
    pub async fn copy(&self, table: usize, part: usize) -> pg::Result<CopyStream> {
        let mut lease = self.pool.take().await.map_err(of_source)?;
        lease.by_index(matches!(self.rows[table], Rows::Keys(_))).await.map_err(of_source)?;
        let reading = Reading {
            lease,
            statements: self.statements(table, part),
            current: None,
            list: self.lists[table].clone(),
            binary: self.tables[table].binary,
            begun: false,
            gathered: BytesMut::new(),
        };
        Ok(Box::pin(stream::try_unfold(Some(reading), async |reading| match reading {
            None => Ok(None),
            Some(mut reading) => Ok(match reading.next().await? {
                (bytes, false) => Some((bytes, Some(reading))),
                (bytes, true) => Some((bytes, None)),
            }),
        })))
    }

    /// Into how many streams a table's rows are split; each may be read by itself, at the same time as others.
    pub fn parts(&self, table: usize) -> usize {
        match &self.rows[table] {
            Rows::All => 1,
            Rows::Keys(keys) => usize::try_from(keys.len()).unwrap_or(usize::MAX).div_ceil(PART).max(1),
        }
    }

    /// The statements of one part, in order. Each is written when its turn comes: those of all parts that are read at
    /// the same time would be as large as the sets of keys.
    fn statements(&self, at: usize, part: usize) -> Statements {
        let form = if self.tables[at].binary { " (FORMAT binary)" } else { "" };
        let copy = format!("COPY (SELECT {} FROM ", self.lists[at]);
        let end = format!(") TO STDOUT{form}");
        let relation = self.graph.tables[at].relation();
        let one = |rest: &str| Box::new(std::iter::once(format!("{copy}{relation} AS t{rest}{end}")));
        match &self.rows[at] {
            // In the order of the file: sorting a whole table would cost the source more than it is worth.
            Rows::All => one(""),
            Rows::Keys(keys) if keys.is_empty() => one(" WHERE false"),
            Rows::Keys(keys) => {
                let (keys, graph) = (keys.clone(), self.graph.clone());
                let (from, all) = (part * PART, usize::try_from(keys.len()).unwrap_or(usize::MAX));
                let chunks = (from..all.min(from + PART)).step_by(CHUNK);
                Box::new(chunks.flat_map(move |from| {
                    let some = keys.iter_from(from).take(CHUNK);
                    let parts = sources(&graph.tables[at], some).into_iter();
                    parts.map(|source| format!("{copy}{source}{end}")).collect::<Vec<_>>()
                }))
            }
        }
    }
}

/// Statements, one after the other.
type Statements = Box<dyn Iterator<Item = String> + Send>;

/// What stands behind FROM for these rows, in their order.
fn sources(table: &Table, keys: impl Iterator<Item = Vec<Value>>) -> Vec<String> {
    match &table.identity {
        Identity::Columns(terms) => {
            let arrays = columns(&table.identity.kinds(), keys);
            let condition = dense(terms, &arrays).unwrap_or_else(|| among(terms, &literals(&arrays), true));
            vec![format!("{} AS t WHERE {condition} ORDER BY {}", table.relation(), table.identity.order())]
        }
        Identity::Place => {
            let mut by_leaf: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for value in keys.flatten() {
                if let Value::Int(packed) = value {
                    let (leaf, place) = Table::unpack(packed);
                    by_leaf.entry(leaf).or_default().push(format!("\"{place}\""));
                }
            }
            let one = |(leaf, places): (usize, Vec<String>)| {
                // A place is one in a leaf: asked of the root, every leaf would be searched for it.
                let relation = format!("ONLY {}", quoted(&table.leaves[leaf].path));
                let places = format!("'{{{}}}'::pg_catalog.tid[]", places.join(","));
                format!("{relation} AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ({places}) ORDER BY t.ctid")
            };
            by_leaf.into_iter().map(one).collect()
        }
    }
}

fn of_source(error: SampleError) -> pg::Error {
    match error {
        SampleError::Source(error) => error,
        other => pg::Error::Connection { place: "the source".into(), why: other.to_string() },
    }
}

/// One stream that is being read: statements one after the other, told as one COPY.
struct Reading {
    lease: Lease,
    /// Those to come.
    statements: Statements,
    current: Option<Pin<Box<CopyOutStream>>>,
    /// What an error may quote: the statements hold keys, and those may be somebody's name.
    list: String,
    binary: bool,
    /// Whether a header was handed on.
    begun: bool,
    gathered: BytesMut,
}

impl Reading {
    /// The next bytes, and whether they are the last.
    async fn next(&mut self) -> pg::Result<(Bytes, bool)> {
        // The last two bytes may be the trailer of a statement that another one follows.
        let kept = if self.binary { TRAILER.len() } else { 0 };
        loop {
            if self.current.is_none() {
                let Some(sql) = self.statements.next() else {
                    self.lease.ended();
                    return Ok((self.gathered.split().freeze(), true));
                };
                let session = self.lease.begin().map_err(of_source)?;
                let stream = session.client().copy_out(&sql).await.map_err(|error| pg::Error::of(error, &self.list))?;
                self.current = Some(Box::pin(stream));
                if self.begun && self.binary {
                    self.skip_header().await?;
                }
                self.begun = true;
            }
            let Some(stream) = &mut self.current else { continue };
            match stream.try_next().await.map_err(|error| pg::Error::of(error, &self.list))? {
                Some(bytes) => self.gathered.extend_from_slice(&bytes),
                None => {
                    self.current = None;
                    continue;
                }
            }
            if self.gathered.len() >= GATHERED + kept {
                let bytes = self.gathered.split_to(self.gathered.len() - kept);
                return Ok((bytes.freeze(), false));
            }
        }
    }

    /// Takes the trailer of the statement before and the header of this one out of the stream.
    async fn skip_header(&mut self) -> pg::Result<()> {
        if self.gathered.ends_with(&TRAILER) {
            self.gathered.truncate(self.gathered.len() - TRAILER.len());
        }
        let mut header = BytesMut::new();
        while header.len() < HEADER {
            let Some(stream) = &mut self.current else { break };
            match stream.try_next().await.map_err(|error| pg::Error::of(error, &self.list))? {
                Some(bytes) => header.extend_from_slice(&bytes),
                None => break,
            }
        }
        self.gathered.extend_from_slice(header.get(HEADER..).unwrap_or_default());
        Ok(())
    }
}

/// What each column of a row is copied as, without the generated ones.
fn expressions(graph: &Graph, at: usize, masks: &Masks) -> Vec<String> {
    let table = &graph.tables[at];
    let is_emptied = |column: &Column| {
        let mut rules = graph.edges.iter().filter(|edge| edge.from.table == at).map(|edge| &edge.rule);
        rules.any(|rule| matches!(rule, Rule::Null(names) if names.contains(&column.name)))
    };
    let one = |column: &Column| {
        let name = (table.path.schema.clone(), table.path.table.clone(), column.name.clone());
        if is_emptied(column) {
            format!("NULL::{}", column.declared)
        } else if let Some(mask) = masks.get(&name) {
            // As an assignment to the column would take it: in binary nobody else looks at the type. Without a
            // length, which the target holds against it.
            let brackets = if column.array { "[]" } else { "" };
            format!("({})::{}{brackets}", mask.sql, column.base.qualified())
        } else {
            format!("t.{}", identifier(&column.name))
        }
    };
    table.columns.iter().filter(|column| !column.generated).map(one).collect()
}

/// Whether a column's binary form means the same in every database: what holds object identifiers of types does not.
fn is_binary(column: &Column) -> bool {
    let base = &column.base;
    let is_built_in = base.schema == "pg_catalog" && base.oid < 10_000;
    match base.form {
        'b' => is_built_in && !base.name.starts_with("reg") && base.name != "aclitem" && !base.name.starts_with("pg_"),
        'e' => !column.array,
        'r' | 'm' => is_built_in,
        _ => false,
    }
}
