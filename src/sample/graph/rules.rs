//! What the configuration says about tables and edges.

use crate::config::{EdgeChoice, EdgeRule, Extent, Sample};

use super::edge::{Edge, Rule};
use super::{Graph, column};
use crate::sample::error::{Result, SampleError};
use crate::sample::graph::table::{Identity, Table};

/// Puts the rules in force.
pub(super) fn apply(graph: &mut Graph, sample: &Sample) -> Result<()> {
    for (path, extent) in &sample.tables {
        let at = graph.named(path, "sample.tables")?;
        graph.tables[at].extent = Some(extent.clone());
    }
    let mut edges = std::mem::take(&mut graph.edges);
    for (index, choice) in sample.edges.iter().enumerate() {
        choose(graph, &mut edges, choice, &format!("sample.edges[{index}]"))?;
    }
    for at in 0..edges.len() {
        let is_none = |table: usize| graph.tables[table].extent == Some(Extent::None);
        let edge = &edges[at];
        if is_none(edge.from.table) || (is_none(edge.to.table) && !edge.declared) {
            edges[at].rule = Rule::Ignore;
        } else if is_none(edge.to.table) {
            edges[at].rule = Rule::Null(emptied(&graph.tables[edge.from.table], edge, &edges)?);
        }
    }
    graph.edges = edges;
    Ok(())
}

fn choose(graph: &Graph, edges: &mut [Edge], choice: &EdgeChoice, place: &str) -> Result<()> {
    let from = graph.named(&choice.table, place)?;
    let to = choice.to.as_ref().map(|to| graph.named(to, place)).transpose()?;
    let mut wanted = choice.columns.clone();
    wanted.sort();
    let is_meant = |edge: &Edge| {
        let mut names: Vec<&String> = edge.from.terms.iter().map(|term| &term.name).collect();
        names.sort();
        edge.from.table == from && to.is_none_or(|to| edge.to.table == to) && names.into_iter().eq(&wanted)
    };
    let meant: Vec<usize> = (0..edges.len()).filter(|at| is_meant(&edges[*at])).collect();
    let shown = format!("{} ({})", choice.table, choice.columns.join(", "));
    let [at] = meant.as_slice() else {
        let what = if meant.is_empty() {
            format!("{place}: {shown} refers to no table")
        } else {
            format!("{place}: {shown} refers to {} tables", meant.len())
        };
        let remedy = if meant.is_empty() {
            "name columns of a foreign key, or add it to `references`"
        } else {
            "say which one by `to`"
        };
        return Err(SampleError::Invalid { what, remedy: remedy.into() });
    };
    let table = &graph.tables[from];
    let rule = match &choice.rule {
        EdgeRule::Follow => Rule::Follow,
        EdgeRule::Stop => Rule::Stop,
        EdgeRule::Null => Rule::Null(emptied(table, &edges[*at], edges)?),
        EdgeRule::Limit { limit, newest_by } => {
            column(table, newest_by, place)?;
            Rule::Limit { rows: *limit, newest_by: newest_by.clone() }
        }
    };
    edges[*at].rule = rule;
    Ok(())
}

/// The columns that are NULL in the copy so that the edge refers to nothing: under `MATCH SIMPLE` those that
/// nothing else needs, if there are any.
fn emptied(table: &Table, edge: &Edge, edges: &[Edge]) -> Result<Vec<String>> {
    let mine: Vec<&str> = edge.from.columns().collect();
    let is_nullable = |name: &&str| {
        let found = table.columns.iter().find(|column| column.name == *name);
        found.is_some_and(|column| !column.not_null && !column.generated)
    };
    let is_free = |name: &str| {
        let mut elsewhere = edges.iter().filter(|other| other.from.table == edge.from.table && other.name != edge.name);
        let in_key = matches!(&table.identity, Identity::Columns(terms) if terms.iter().any(|term| term.name == name));
        !in_key && !elsewhere.any(|other| other.from.columns().any(|column| column == name))
    };
    let able: Vec<&str> = mine.iter().copied().filter(is_nullable).collect();
    let free: Vec<&str> = able.iter().copied().filter(|name| is_free(name)).collect();
    let chosen = if free.is_empty() || edge.full { able } else { free };
    if chosen.is_empty() || (edge.full && chosen.len() < mine.len()) {
        return Err(SampleError::Invalid {
            what: format!("{} ({}) cannot be emptied: it is not nullable", table.path, edge.from.shown()),
            remedy: "follow the edge, or give its table the rule `none`".into(),
        });
    }
    Ok(chosen.into_iter().map(str::to_owned).collect())
}
