//! The table that a sample would start from.

use std::collections::BTreeSet;

use crate::config::TablePath;
use crate::mask::coverage::Catalog;
use crate::pg::catalog::ForeignKey;

/// Names of tables of people, which samples are usually requested by.
const PEOPLE: [&str; 7] = ["users", "user", "members", "member", "customers", "customer", "accounts"];

/// A table to start samples from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRoot {
    /// The table.
    pub table: TablePath,
    /// Its primary key.
    pub key: Vec<String>,
    /// Number of tables that reference it, directly or through others.
    pub descendants: usize,
}

/// Returns the table that most tables reference, directly or through others; of several, the one that more foreign
/// keys reference directly. A referenced table of people goes first: a table of countries has many descendants too.
/// `None` if there are no foreign keys.
pub fn sample_root(catalog: &Catalog) -> Option<SampleRoot> {
    let candidates = catalog.tables.iter().filter(|table| table.root.is_none() && !table.primary_key.is_empty());
    let ranked = candidates.map(|table| {
        let path = (table.schema.as_str(), table.name.as_str());
        let direct = catalog.foreign_keys.iter().filter(|key| to(key) == path).count();
        let is_people = direct > 0 && PEOPLE.contains(&path.1);
        ((is_people, descendants(catalog, path), direct), table)
    });
    let ((_, descendants, _), table) = ranked.max_by_key(|(rank, _)| *rank)?;
    let path = TablePath { schema: table.schema.clone(), table: table.name.clone() };
    (descendants > 0).then(|| SampleRoot { table: path, key: table.primary_key.clone(), descendants })
}

fn descendants<'a>(catalog: &'a Catalog, table: (&'a str, &'a str)) -> usize {
    let mut reached = BTreeSet::from([table]);
    loop {
        let references = |key: &&ForeignKey| reached.contains(&to(key)) && !reached.contains(&from(key));
        let next: Vec<_> = catalog.foreign_keys.iter().filter(references).map(from).collect();
        if next.is_empty() {
            return reached.len() - 1;
        }
        reached.extend(next);
    }
}

fn from(key: &ForeignKey) -> (&str, &str) {
    (&key.schema, &key.table)
}

fn to(key: &ForeignKey) -> (&str, &str) {
    (&key.to_schema, &key.to_table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::catalog::{Form, Table};

    #[test]
    fn the_root_has_most_descendants() {
        let table = |name: &str| Table {
            schema: "public".into(),
            name: name.into(),
            form: Form::Ordinary,
            root: None,
            parents: Vec::new(),
            primary_key: vec!["id".into()],
            rows: None,
            bytes: 0,
        };
        let key = |from: &str, to: &str| ForeignKey {
            schema: "public".into(),
            table: from.into(),
            name: "k".into(),
            columns: vec!["x".into()],
            to_schema: "public".into(),
            to_table: to.into(),
            to_columns: vec!["id".into()],
            full: false,
            deferrable: false,
            validated: true,
        };
        let tables = ["teams", "people", "posts", "likes"].map(table).into();
        let keys =
            [("people", "teams"), ("posts", "people"), ("likes", "posts"), ("teams", "people"), ("likes", "people")];
        let catalog =
            Catalog { tables, foreign_keys: keys.map(|(from, to)| key(from, to)).into(), columns: Vec::new() };
        let found = sample_root(&catalog).unwrap();
        assert_eq!((found.table.table.as_str(), found.descendants), ("people", 3));
        assert_eq!(sample_root(&Catalog::default()), None);
    }
}
