//! Edges of the graph from foreign keys and configured references.

use std::collections::BTreeMap;

use crate::config::{Reference, TablePath};
use crate::pg::catalog::{Column, ForeignKey, Index, Operators};
use crate::sample::error::Result;

use super::catalog::Catalog;
use super::comparison::{Comparison, integer_type};
use super::edge::{Edge, EdgeEnd, TraversalRule};
use super::model::{Graph, require_column, unknown_name};
use super::table::GraphTable;
use super::term::Term;

/// Adds the declared and the configured edges, each with its default rule. `index` gives the table of each relation.
pub(super) fn add_all(
    graph: &mut Graph,
    catalog: &Catalog,
    index: &BTreeMap<TablePath, usize>,
    references: &[Reference],
) -> Result<()> {
    let indexes = Indexes(&catalog.indexes);
    for key in &catalog.keys {
        let constraint = (key.schema.clone(), key.table.clone(), key.name.clone());
        if let Some(edge) = declared(graph, index, key, catalog.operators.get(&constraint)) {
            add(graph, edge, &indexes);
        }
    }
    for (at, reference) in references.iter().enumerate() {
        let edge = configured(graph, index, reference, &format!("references[{at}]"))?;
        add(graph, edge, &indexes);
    }
    Ok(())
}

fn declared(
    graph: &Graph,
    index: &BTreeMap<TablePath, usize>,
    key: &ForeignKey,
    operators: Option<&Operators>,
) -> Option<Edge> {
    let from = TablePath { schema: key.schema.clone(), table: key.table.clone() };
    let to = TablePath { schema: key.to_schema.clone(), table: key.to_table.clone() };
    let mut ends = (end(graph, index, &from)?, end(graph, index, &to)?);
    for (at, (referencing, key)) in key.columns.iter().zip(&key.to_columns).enumerate() {
        let referencing = require_column(&graph.tables[ends.0.table], referencing, "").ok()?;
        let key = require_column(&graph.tables[ends.1.table], key, "").ok()?;
        let operator = |all: Option<&Vec<String>>| all.and_then(|all| all.get(at)).cloned();
        let (down, up) = (operator(operators.map(|all| &all.down)), operator(operators.map(|all| &all.up)));
        ends.0.terms.push(Term::column(referencing, Comparison::native(referencing, key, down)));
        ends.1.terms.push(Term::column(key, Comparison::native(key, referencing, up)));
    }
    Some(edge(key.name.clone(), true, ends, None, key.full))
}

fn configured(graph: &Graph, index: &BTreeMap<TablePath, usize>, reference: &Reference, name: &str) -> Result<Edge> {
    let find =
        |path: &TablePath| end(graph, index, path).ok_or_else(|| unknown_name(name, format!("the table {path}")));
    let mut ends = (find(&reference.table)?, find(&reference.to)?);
    let (from, to) = (&graph.tables[ends.0.table], &graph.tables[ends.1.table]);
    let keys: Vec<&Column> = reference.key.iter().map(|key| require_column(to, key, name)).collect::<Result<_>>()?;
    if let (Some(expression), [key]) = (&reference.expression, keys.as_slice()) {
        let sql = format!("({expression}\n)");
        ends.0.terms.push(Term { sql, name: expression.clone(), is_expression: true, comparison: Comparison::Text });
        ends.1.terms.push(Term::column(key, Comparison::with_text(key)));
    }
    for (referencing, key) in reference.columns.iter().zip(&keys) {
        let referencing = require_column(from, referencing, name)?;
        let same_type = referencing.base.oid == key.base.oid && referencing.array == key.array;
        let (down, up) = if same_type || (integer_type(referencing).is_some() && integer_type(key).is_some()) {
            (Comparison::native(referencing, key, None), Comparison::native(key, referencing, None))
        } else {
            (Comparison::Text, Comparison::with_text(key))
        };
        ends.0.terms.push(Term::column(referencing, down));
        ends.1.terms.push(Term::column(key, up));
    }
    Ok(edge(name.to_owned(), false, ends, reference.condition.clone(), false))
}

fn end(graph: &Graph, index: &BTreeMap<TablePath, usize>, path: &TablePath) -> Option<EdgeEnd> {
    let table = *index.get(path)?;
    let relation = (graph.tables[table].path != *path).then(|| path.clone());
    Some(EdgeEnd { table, relation, terms: Vec::new(), slots: Vec::new(), indexed: false })
}

fn edge(name: String, declared: bool, (from, to): (EdgeEnd, EdgeEnd), condition: Option<String>, full: bool) -> Edge {
    // An edge from a table to itself is followed down only on request: one folder would include the whole subtree, one
    // manager the whole company.
    let rule = if from.table == to.table { TraversalRule::Stop } else { TraversalRule::Follow };
    Edge { name, declared, from, to, condition, rule, full }
}

/// Adds an edge unless an equal one exists: a foreign key may be declared twice, and configured as well.
fn add(graph: &mut Graph, mut edge: Edge, indexes: &Indexes<'_>) {
    let names = |end: &EdgeEnd| end.terms.iter().map(|term| term.sql.clone()).collect::<Vec<_>>();
    let same = |a: &EdgeEnd, b: &EdgeEnd| (a.table, &a.relation) == (b.table, &b.relation) && names(a) == names(b);
    let is_known = graph
        .edges
        .iter()
        .any(|known| same(&known.from, &edge.from) && same(&known.to, &edge.to) && known.condition == edge.condition);
    if !is_known {
        for end in [&mut edge.from, &mut edge.to] {
            end.indexed = indexes.find_rows(&graph.tables[end.table], end);
        }
        graph.edges.push(edge);
    }
}

struct Indexes<'a>(&'a [Index]);

impl Indexes<'_> {
    /// Whether an index of the table, or one of each of its leaves, begins with one of the columns of an end.
    fn find_rows(&self, table: &GraphTable, end: &EdgeEnd) -> bool {
        let has_index = |path: &TablePath| {
            self.0.iter().filter(|index| index.schema == path.schema && index.table == path.table).any(|index| {
                let first = index.columns.first().and_then(Option::as_ref);
                let by_text = |name: &str| end.terms.iter().any(|t| t.name == name && t.comparison == Comparison::Text);
                // Only a B-tree is sure to support equality. Other indexes count as none, which costs a scan but is
                // always correct.
                let is_btree = index.equality.first().is_some_and(Option::is_some);
                is_btree && first.is_some_and(|first| end.columns().any(|name| name == first) && !by_text(first))
            })
        };
        has_index(end.relation.as_ref().unwrap_or(&table.path))
            || (table.partitioned && !table.leaves.is_empty() && table.leaves.iter().all(|leaf| has_index(&leaf.path)))
    }
}
