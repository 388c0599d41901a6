//! The rules of the configuration for tables and edges.

use crate::config::{EdgeChoice, EdgeRule, Extent, Sample};
use crate::sample::error::{Result, SampleError};

use super::edge::{Edge, TraversalRule};
use super::identity::RowIdentity;
use super::model::{Graph, require_column};
use super::table::GraphTable;

/// Applies the rules to the graph.
pub(super) fn apply(graph: &mut Graph, sample: &Sample) -> Result<()> {
    for (path, extent) in &sample.tables {
        let at = graph.require_table(path, "sample.tables")?;
        graph.tables[at].extent = Some(extent.clone());
    }
    let mut edges = std::mem::take(&mut graph.edges);
    for (index, choice) in sample.edges.iter().enumerate() {
        apply_edge_rule(graph, &mut edges, choice, &format!("sample.edges[{index}]"))?;
    }
    for at in 0..edges.len() {
        let is_left_empty = |table: usize| graph.tables[table].extent == Some(Extent::None);
        let edge = &edges[at];
        if is_left_empty(edge.from.table) || (is_left_empty(edge.to.table) && !edge.declared) {
            edges[at].rule = TraversalRule::Ignore;
        } else if is_left_empty(edge.to.table) {
            edges[at].rule = TraversalRule::Null(columns_to_null(&graph.tables[edge.from.table], edge, &edges)?);
        }
    }
    graph.edges = edges;
    Ok(())
}

fn apply_edge_rule(graph: &Graph, edges: &mut [Edge], choice: &EdgeChoice, place: &str) -> Result<()> {
    let from = graph.require_table(&choice.table, place)?;
    let to = choice.to.as_ref().map(|to| graph.require_table(to, place)).transpose()?;
    let mut columns = choice.columns.clone();
    columns.sort();
    let matches = |edge: &Edge| {
        let mut names: Vec<&String> = edge.from.terms.iter().map(|term| &term.name).collect();
        names.sort();
        edge.from.table == from && to.is_none_or(|to| edge.to.table == to) && names.into_iter().eq(&columns)
    };
    let matching: Vec<usize> = (0..edges.len()).filter(|at| matches(&edges[*at])).collect();
    let [at] = matching.as_slice() else {
        let columns = format!("{} ({})", choice.table, choice.columns.join(", "));
        let (what, remedy) = if matching.is_empty() {
            (format!("{columns} refers to no table"), "name columns of a foreign key, or add it to `references`")
        } else {
            (format!("{columns} refers to {} tables", matching.len()), "choose one with `to`")
        };
        return Err(SampleError::Invalid { what: format!("{place}: {what}"), remedy: remedy.into() });
    };
    let table = &graph.tables[from];
    edges[*at].rule = match &choice.rule {
        EdgeRule::Follow => TraversalRule::Follow,
        EdgeRule::Stop => TraversalRule::Stop,
        EdgeRule::Null => TraversalRule::Null(columns_to_null(table, &edges[*at], edges)?),
        EdgeRule::Limit { limit, newest_by } => {
            require_column(table, newest_by, place)?;
            TraversalRule::Limit { rows: *limit, newest_by: newest_by.clone() }
        }
    };
    Ok(())
}

/// Returns the columns that are NULL in the copy so that the edge refers to nothing. Under `MATCH SIMPLE` these are the
/// nullable columns that no key and no other edge uses, if there are any.
fn columns_to_null(table: &GraphTable, edge: &Edge, edges: &[Edge]) -> Result<Vec<String>> {
    let columns: Vec<&str> = edge.from.columns().collect();
    let is_nullable = |name: &&str| {
        let column = table.columns.iter().find(|column| column.name == *name);
        column.is_some_and(|column| !column.not_null && !column.generated)
    };
    let is_unused = |name: &str| {
        let mut others = edges.iter().filter(|other| other.from.table == edge.from.table && other.name != edge.name);
        let in_key =
            matches!(&table.identity, RowIdentity::Columns(terms) if terms.iter().any(|term| term.name == name));
        !in_key && !others.any(|other| other.from.columns().any(|column| column == name))
    };
    let nullable: Vec<&str> = columns.iter().copied().filter(is_nullable).collect();
    let unused: Vec<&str> = nullable.iter().copied().filter(|name| is_unused(name)).collect();
    let chosen = if unused.is_empty() || edge.full { nullable } else { unused };
    if chosen.is_empty() || (edge.full && chosen.len() < columns.len()) {
        return Err(SampleError::Invalid {
            what: format!("{} ({}) cannot be set to NULL: it is not nullable", table.path, edge.from.names()),
            remedy: "follow the edge, or give its table the rule `none`".into(),
        });
    }
    Ok(chosen.into_iter().map(str::to_owned).collect())
}
