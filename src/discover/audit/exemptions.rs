//! What the audit does not report: the output of masks, and harmless mail domains.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::mask::RawMask;
use crate::config::{Masking, TablePath};
use crate::discover::detect::{Domains, Kind, resembled};
use crate::mask::Rule;
use crate::mask::coverage::{self, Catalog, Decision};

/// Values that are no detection.
#[derive(Clone, Debug)]
pub struct Exemptions {
    /// Harmless mail domains.
    pub domains: Domains,
    /// Kinds that the output of a column's mask resembles (see [`resembled`]).
    pub columns: BTreeMap<(TablePath, String), BTreeSet<Kind>>,
}

impl Exemptions {
    /// Only the reserved mail domains.
    pub fn reserved() -> Exemptions {
        Exemptions { domains: Domains::harmless([]), columns: BTreeMap::new() }
    }

    /// The exemptions that follow from masks and the configuration. `views` are columns of materialized views, which
    /// hold masked values.
    pub fn of(masking: &Masking, catalog: &Catalog, views: Vec<(TablePath, String)>) -> Exemptions {
        let domains = masking.rules.iter().flat_map(|(_, mask)| mail_domains(mask));
        let domains: Vec<String> = domains.chain(masking.mail_domains.iter().cloned()).collect();
        let coverage = coverage::decide(masking, catalog);
        let mut columns: BTreeMap<(TablePath, String), BTreeSet<Kind>> = BTreeMap::new();
        for one in &coverage.decided {
            let Some(kinds) = one.decision.rule().map(resembled).filter(|kinds| !kinds.is_empty()) else { continue };
            let table = TablePath { schema: one.column.schema.clone(), table: one.column.table.clone() };
            for below in coverage.descendants.get(&(table.clone(), one.column.name.clone())).into_iter().flatten() {
                let table = TablePath { schema: below.schema.clone(), table: below.table.clone() };
                columns.insert((table, below.name.clone()), kinds.clone());
            }
            columns.insert((table, one.column.name.clone()), kinds);
        }
        // A value computed from masked ones resembles what they resemble.
        let all: BTreeSet<Kind> = columns.values().flatten().copied().collect();
        for one in coverage.decided.iter().filter(|one| one.decision == Decision::Computed) {
            let table = TablePath { schema: one.column.schema.clone(), table: one.column.table.clone() };
            columns.insert((table, one.column.name.clone()), all.clone());
        }
        columns.extend(views.into_iter().map(|column| (column, all.clone())));
        Exemptions { domains: Domains::harmless(domains.iter().map(String::as_str)), columns }
    }
}

/// The mail domains of a mask and of all masks inside it.
fn mail_domains(mask: &RawMask) -> Vec<String> {
    fn of(rule: &Rule) -> Vec<String> {
        match rule.unvouched() {
            Rule::Email { domain } => vec![domain.clone()],
            Rule::Json(paths) => paths.iter().flat_map(|(_, rule)| of(rule)).collect(),
            Rule::Composite(parts) => parts.iter().filter_map(|(_, rule)| rule.as_ref()).flat_map(of).collect(),
            Rule::Hstore { keys, .. } => keys.iter().flat_map(|(_, rule)| of(rule)).collect(),
            _ => Vec::new(),
        }
    }
    Rule::resolve(mask).map(|rule| of(&rule)).unwrap_or_default()
}
