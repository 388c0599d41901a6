//! From the catalog and the configured references to tables and edges.

use std::collections::BTreeMap;

use crate::config::{Reference, TablePath};
use crate::pg::catalog::{Column, ForeignKey, Form, Index, Operators};

use super::catalog::Catalog;
use super::edge::{Compare, Edge, End, Rule, Term};
use super::table::{Identity, Leaf, Table};
use super::{Graph, column, unknown};
use crate::sample::error::Result;

/// The tables, and the edges with the rule that stands when nothing is configured.
pub(super) fn graph(catalog: Catalog, references: &[Reference]) -> Result<Graph> {
    let mut place: BTreeMap<TablePath, usize> = BTreeMap::new();
    let mut graph = Graph { tables: tables(&catalog, &mut place), edges: Vec::new() };
    let indexes = Indexes(&catalog.indexes);
    for key in &catalog.keys {
        let named = (key.schema.clone(), key.table.clone(), key.name.clone());
        if let Some(edge) = declared(&graph, &place, key, catalog.operators.get(&named)) {
            add(&mut graph, edge, &indexes);
        }
    }
    for (index, reference) in references.iter().enumerate() {
        let edge = configured(&graph, &place, reference, &format!("references[{index}]"))?;
        add(&mut graph, edge, &indexes);
    }
    Ok(graph)
}

fn tables(catalog: &Catalog, place: &mut BTreeMap<TablePath, usize>) -> Vec<Table> {
    let mut columns: BTreeMap<TablePath, Vec<Column>> = BTreeMap::new();
    for column in &catalog.columns {
        let table = TablePath { schema: column.schema.clone(), table: column.table.clone() };
        columns.entry(table).or_default().push(column.clone());
    }
    let mut tables: Vec<Table> = Vec::new();
    for known in catalog.tables.iter().filter(|known| known.root.is_none() && known.form != Form::Foreign) {
        let path = TablePath { schema: known.schema.clone(), table: known.name.clone() };
        if catalog.brought.contains(&path) {
            continue;
        }
        let columns = columns.remove(&path).unwrap_or_default();
        place.insert(path.clone(), tables.len());
        tables.push(Table {
            partitioned: known.form == Form::Partitioned,
            leaves: Vec::new(),
            identity: identity(&path, &columns, &catalog.indexes),
            columns,
            extent: None,
            believed_rows: Some(0),
            bytes: 0,
            slots: Vec::new(),
            path,
        });
    }
    for known in &catalog.tables {
        let path = TablePath { schema: known.schema.clone(), table: known.name.clone() };
        let root = known.root.clone().map_or(path.clone(), |(schema, table)| TablePath { schema, table });
        let Some(&at) = place.get(&root) else { continue };
        place.insert(path.clone(), at);
        let table = &mut tables[at];
        table.bytes += known.bytes;
        if known.form == Form::Ordinary {
            table.believed_rows = table.believed_rows.zip(known.rows).map(|(all, rows)| all + rows);
            let oid = catalog.oids.get(&path).copied().unwrap_or_default();
            table.leaves.push(Leaf { path, oid });
        }
    }
    tables
}

fn identity(path: &TablePath, columns: &[Column], indexes: &[Index]) -> Identity {
    let named = |name: &String| columns.iter().find(|column| column.name == *name);
    let terms = |index: &Index| -> Option<Vec<Term>> {
        index
            .columns
            .iter()
            .zip(&index.equality)
            .map(|(name, equality)| {
                let column = name.as_ref().and_then(named)?;
                column.not_null.then(|| Term::column(column, native(column, column, equality.clone())))
            })
            .collect()
    };
    let mut mine: Vec<&Index> = indexes
        .iter()
        .filter(|index| index.unique && index.schema == path.schema && index.table == path.table)
        .collect();
    mine.sort_by_key(|index| (!index.primary, index.columns.len()));
    mine.into_iter().find_map(terms).map_or(Identity::Place, Identity::Columns)
}

/// How a column is looked up by values of another one.
fn native(own: &Column, other: &Column, operator: Option<String>) -> Compare {
    if let (Some(name), Some(_)) = (int(own), int(other)) {
        return Compare::Int(name);
    }
    let suffix = if other.array { "[]" } else { "" };
    let (base, quoted) = (&other.base, crate::pg::identifier);
    // The equality of what an extension brings is in the type's schema; all else compares by what is built in.
    let built_in = own.array || own.base.form != 'b' || own.base.schema == "pg_catalog";
    let schema = if built_in { "pg_catalog" } else { own.base.schema.as_str() };
    Compare::Native {
        operator: operator.unwrap_or_else(|| format!("OPERATOR({}.=)", quoted(schema))),
        cast: format!("{}.{}{suffix}", quoted(&base.schema), quoted(&base.name)),
        array: other.array,
        only_uuids: false,
    }
}

fn int(column: &Column) -> Option<&'static str> {
    let names = ["int2", "int4", "int8"];
    let is_built_in = column.base.schema == "pg_catalog" && !column.array;
    names.into_iter().find(|name| is_built_in && column.base.name == *name)
}

fn declared(
    graph: &Graph,
    place: &BTreeMap<TablePath, usize>,
    key: &ForeignKey,
    operators: Option<&Operators>,
) -> Option<Edge> {
    let from = TablePath { schema: key.schema.clone(), table: key.table.clone() };
    let to = TablePath { schema: key.to_schema.clone(), table: key.to_table.clone() };
    let mut ends = (end(graph, place, &from)?, end(graph, place, &to)?);
    for (index, (referring, key)) in key.columns.iter().zip(&key.to_columns).enumerate() {
        let referring = column(&graph.tables[ends.0.table], referring, "").ok()?;
        let key = column(&graph.tables[ends.1.table], key, "").ok()?;
        let operator = |all: Option<&Vec<String>>| all.and_then(|all| all.get(index)).cloned();
        let (down, up) = (operator(operators.map(|all| &all.down)), operator(operators.map(|all| &all.up)));
        ends.0.terms.push(Term::column(referring, native(referring, key, down)));
        ends.1.terms.push(Term::column(key, native(key, referring, up)));
    }
    Some(edge(key.name.clone(), true, ends, None, key.full))
}

fn configured(graph: &Graph, place: &BTreeMap<TablePath, usize>, reference: &Reference, name: &str) -> Result<Edge> {
    let known = |path: &TablePath| end(graph, place, path).ok_or_else(|| unknown(name, format!("the table {path}")));
    let mut ends = (known(&reference.table)?, known(&reference.to)?);
    let (from, to) = (&graph.tables[ends.0.table], &graph.tables[ends.1.table]);
    let keys: Vec<&Column> = reference.key.iter().map(|key| column(to, key, name)).collect::<Result<_>>()?;
    if let (Some(expression), [key]) = (&reference.expression, keys.as_slice()) {
        let sql = format!("({expression}\n)");
        ends.0.terms.push(Term { sql, name: expression.clone(), is_expression: true, compare: Compare::Text });
        ends.1.terms.push(Term::column(key, from_text(key)));
    }
    for (referring, key) in reference.columns.iter().zip(&keys) {
        let referring = column(from, referring, name)?;
        let alike = referring.base.oid == key.base.oid && referring.array == key.array;
        let (down, up) = if alike || (int(referring).is_some() && int(key).is_some()) {
            (native(referring, key, None), native(key, referring, None))
        } else {
            (Compare::Text, from_text(key))
        };
        ends.0.terms.push(Term::column(referring, down));
        ends.1.terms.push(Term::column(key, up));
    }
    Ok(edge(name.to_owned(), false, ends, reference.condition.clone(), false))
}

/// How a key is looked up by text that may be anything.
pub(super) fn from_text(key: &Column) -> Compare {
    match (int(key), key.base.name.as_str()) {
        (Some(name), _) => Compare::Int(name),
        (None, "text" | "varchar") if key.base.schema == "pg_catalog" && !key.array => native(key, key, None),
        (None, "uuid") if key.base.schema == "pg_catalog" && !key.array => match native(key, key, None) {
            Compare::Native { operator, cast, array, .. } => {
                Compare::Native { operator, cast, array, only_uuids: true }
            }
            other => other,
        },
        _ => Compare::Text,
    }
}

fn end(graph: &Graph, place: &BTreeMap<TablePath, usize>, path: &TablePath) -> Option<End> {
    let table = *place.get(path)?;
    let relation = (graph.tables[table].path != *path).then(|| path.clone());
    Some(End { table, relation, terms: Vec::new(), slots: Vec::new(), indexed: false })
}

fn edge(name: String, declared: bool, (from, to): (End, End), condition: Option<String>, full: bool) -> Edge {
    // A tree goes down only when asked: one folder would bring all below it, one manager a company.
    let rule = if from.table == to.table { Rule::Stop } else { Rule::Follow };
    Edge { name, declared, from, to, condition, rule, full }
}

/// Adds an edge unless there is the same already: a foreign key may be declared twice, and configured too.
fn add(graph: &mut Graph, mut edge: Edge, indexes: &Indexes<'_>) {
    let names = |end: &End| end.terms.iter().map(|term| term.sql.clone()).collect::<Vec<_>>();
    let same = |a: &End, b: &End| (a.table, &a.relation) == (b.table, &b.relation) && names(a) == names(b);
    let is_known = graph
        .edges
        .iter()
        .any(|known| same(&known.from, &edge.from) && same(&known.to, &edge.to) && known.condition == edge.condition);
    if !is_known {
        for end in [&mut edge.from, &mut edge.to] {
            end.indexed = indexes.lead_to(&graph.tables[end.table], end);
        }
        graph.edges.push(edge);
    }
}

struct Indexes<'a>(&'a [Index]);

impl Indexes<'_> {
    /// Whether an index begins with one of the columns, in the table itself or in all of its leaves.
    fn lead_to(&self, table: &Table, end: &End) -> bool {
        let begins = |path: &TablePath| {
            self.0.iter().filter(|index| index.schema == path.schema && index.table == path.table).any(|index| {
                let first = index.columns.first().and_then(Option::as_ref);
                let by_text = |name: &str| end.terms.iter().any(|t| t.name == name && t.compare == Compare::Text);
                // Only a B-tree is sure to answer equality; the others cost a pass, which is always right.
                let is_btree = index.equality.first().is_some_and(Option::is_some);
                is_btree && first.is_some_and(|first| end.columns().any(|name| name == first) && !by_text(first))
            })
        };
        begins(end.relation.as_ref().unwrap_or(&table.path))
            || (table.partitioned && !table.leaves.is_empty() && table.leaves.iter().all(|leaf| begins(&leaf.path)))
    }
}
