//! What looks personal in a database, held against what the configuration says may look so.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::mask::WrittenMask;
use crate::config::{ColumnPath, Masking, Survivor, TablePath};
use crate::discover::audit;
use crate::discover::audit::Exemptions;
use crate::discover::detect::{Domains, Kind, resembled};
use crate::discover::value_samples::Error;
use crate::event::{Event, Listener};
use crate::mask::Rule;
use crate::mask::coverage::{self, Catalog, Class};
use crate::pg::Session;

/// A column with values that look like something.
#[derive(Clone, Debug)]
pub struct Look {
    /// The column.
    pub column: ColumnPath,
    /// What they look like.
    pub kind: Kind,
    /// In how many rows.
    pub rows: u64,
    /// The reason for which they may.
    pub kept: Option<String>,
}

impl Look {
    /// A finding, held against what the configuration lists.
    pub fn of(finding: audit::Finding, survivors: &[Survivor]) -> Look {
        // Of survivors of one column nothing is known here but that they may be there.
        let kept = survivors.iter().find(|one| one.place.matches(&finding.schema, &finding.table, &finding.column));
        Look {
            column: ColumnPath::of(&TablePath { schema: finding.schema, table: finding.table }, &finding.column),
            kind: finding.kind,
            rows: finding.rows,
            kept: kept.map(|one| one.reason.clone()),
        }
    }

    /// For reports.
    pub fn event(&self, database: &str) -> Event {
        Event::Leak {
            database: database.to_owned(),
            place: self.column.to_string(),
            rows: self.rows,
            of: format!("what looks like {}", self.kind.plural()),
            kept: self.kept.clone(),
        }
    }
}

/// Looks at every value. Without a configuration nothing may look personal but reserved mail domains.
///
/// # Errors
/// Tables that may not be read, and what the server says.
pub async fn looks(session: &Session, masking: Option<&Masking>) -> Result<Vec<Look>, Error> {
    let spared = match masking {
        Some(masking) => spared(masking, &Catalog::read(session).await?, views(session).await?),
        None => Exemptions { domains: Domains::harmless([]), columns: BTreeMap::new() },
    };
    let survivors = masking.map_or(&[][..], |masking| masking.survivors.as_slice());
    let found = audit::audit(session, &spared).await?;
    Ok(found.into_iter().map(|finding| Look::of(finding, survivors)).collect())
}

/// Tells of every column with values that look personal; answers how many have no reason to.
///
/// # Errors
/// As [`looks`].
pub async fn tell(session: &Session, masking: Option<&Masking>, listener: &dyn Listener) -> Result<usize, Error> {
    let found = looks(session, masking).await?;
    found.iter().for_each(|one| listener.on_event(&one.event(session.database())));
    Ok(found.iter().filter(|one| one.kept.is_none()).count())
}

/// A number of such columns in words.
pub fn columns(number: usize) -> String {
    match number {
        0 => "nothing looks personal".to_owned(),
        1 => "1 column has values that look personal".to_owned(),
        _ => format!("{number} columns have values that look personal"),
    }
}

/// Columns of materialized views: made of what is looked at in its tables.
async fn views(session: &Session) -> Result<Vec<(TablePath, String)>, Error> {
    let sql = "SELECT n.nspname::text, c.relname::text, a.attname::text FROM pg_catalog.pg_class c \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
               WHERE c.relkind = 'm'";
    let rows = session.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (TablePath { schema: row.get(0), table: row.get(1) }, row.get(2))).collect())
}

/// What is no finding, by the masks and what the configuration says. `views` are columns made of masked ones.
pub fn spared(masking: &Masking, catalog: &coverage::Catalog, views: Vec<(TablePath, String)>) -> Exemptions {
    let mails = masking.rules.iter().flat_map(|(_, mask)| mail_domains(mask));
    let domains: Vec<String> = mails.chain(masking.mail_domains.iter().cloned()).collect();
    let decided = coverage::decide(masking, catalog);
    let mut columns: BTreeMap<(TablePath, String), BTreeSet<Kind>> = BTreeMap::new();
    for one in &decided.decided {
        let Some(kinds) = one.class.rule().map(resembled).filter(|kinds| !kinds.is_empty()) else { continue };
        let table = TablePath { schema: one.column.schema.clone(), table: one.column.table.clone() };
        for below in decided.below.get(&(table.clone(), one.column.name.clone())).into_iter().flatten() {
            let table = TablePath { schema: below.schema.clone(), table: below.table.clone() };
            columns.insert((table, below.name.clone()), kinds.clone());
        }
        columns.insert((table, one.column.name.clone()), kinds);
    }
    // What is computed from masked values looks as they do.
    let all: BTreeSet<Kind> = columns.values().flatten().copied().collect();
    for one in decided.decided.iter().filter(|one| one.class == Class::Computed) {
        let table = TablePath { schema: one.column.schema.clone(), table: one.column.table.clone() };
        columns.insert((table, one.column.name.clone()), all.clone());
    }
    columns.extend(views.into_iter().map(|place| (place, all.clone())));
    Exemptions { domains: Domains::harmless(domains.iter().map(String::as_str)), columns }
}

/// The domains at which a mask makes addresses, however deep it stands.
fn mail_domains(mask: &WrittenMask) -> Vec<String> {
    fn of(rule: &Rule) -> Vec<String> {
        match rule {
            Rule::Email { domain } => vec![domain.clone()],
            Rule::Json(paths) => paths.iter().flat_map(|(_, rule)| of(rule)).collect(),
            Rule::Composite(parts) => parts.iter().filter_map(|(_, rule)| rule.as_ref()).flat_map(of).collect(),
            Rule::Hstore { keys, .. } => keys.iter().flat_map(|(_, rule)| of(rule)).collect(),
            _ => Vec::new(),
        }
    }
    Rule::meant(mask).map(|rule| of(&rule)).unwrap_or_default()
}
