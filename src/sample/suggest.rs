//! References that the database does not declare, found by names, types, and a look at some values.

use std::fmt::Write as _;

use crate::config::{Reference, TablePath};
use crate::pg::{Session, identifier};

use super::error::Result;
use super::graph::{Catalog, Graph, Table, Term};

/// A reference that is likely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The table that refers.
    pub table: TablePath,
    /// Its column.
    pub column: String,
    /// The column with the kind of what is referred to, and its value for this table: of `(type, id)` pairs.
    pub kind: Option<(String, String)>,
    /// The table referred to.
    pub to: TablePath,
    /// Its key.
    pub key: String,
    /// How many different values were looked at, and how many of them are keys.
    pub looked_at: u64,
    /// Of these, how many are keys.
    pub found: u64,
}

/// Values that are looked at.
const SOME: u64 = 1_000;
/// Rows that are read to find them.
const READ: u64 = 10_000;

/// Looks for references that are neither declared nor configured, in a session that may read the tables.
///
/// # Errors
/// What the server says, or when a configured reference names what is not there.
pub(super) async fn suggest(session: &Session, catalog: Catalog, references: &[Reference]) -> Result<Vec<Suggestion>> {
    let graph = Graph::known(catalog, references)?;
    let keys: Vec<(usize, Term)> =
        graph.tables.iter().enumerate().filter_map(|(at, table)| Some((at, table.only_key()?))).collect();
    let mut suggestions = Vec::new();
    for (at, table) in graph.tables.iter().enumerate() {
        for column in table.columns.iter().filter(|column| !column.generated && !column.array) {
            let is_known = graph
                .edges
                .iter()
                .any(|edge| edge.from.table == at && edge.from.columns().any(|name| name == column.name));
            let Some(stem) = stem(&column.name).filter(|_| !is_known) else { continue };
            let kinds = kinds(session, table, stem).await?;
            for (to, key) in &keys {
                let there = &graph.tables[*to];
                let mine = kinds.iter().find(|(_, value)| is_named(&there.path.table, value)).cloned();
                let own_key = *to == at && key.name == column.name;
                if own_key || (mine.is_none() && (!kinds.is_empty() || !is_named(&there.path.table, stem))) {
                    continue;
                }
                let alike = there.columns.iter().any(|other| other.name == key.name && other.base == column.base);
                if !alike {
                    continue;
                }
                let (looked_at, found) = contained(session, table, &column.name, mine.as_ref(), there, key).await?;
                // One in fifty may point to what is gone: nothing keeps such a reference whole.
                if looked_at > 0 && found * 50 >= looked_at * 49 {
                    suggestions.push(Suggestion {
                        table: table.path.clone(),
                        column: column.name.clone(),
                        kind: mine,
                        to: there.path.clone(),
                        key: key.name.clone(),
                        looked_at,
                        found,
                    });
                }
            }
        }
    }
    Ok(suggestions)
}

/// Suggestions as they stand in `devdb.yaml`.
pub fn yaml(suggestions: &[Suggestion]) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut yaml = String::from("references:\n");
    for one in suggestions {
        let condition = one.kind.as_ref().map_or_else(String::new, |(column, value)| {
            let sql = format!("{} = {}", identifier(column), crate::pg::literal(value));
            format!(", where: {}", quote(&sql))
        });
        let (table, to) = (quote(&one.table.to_string()), quote(&one.to.to_string()));
        let (column, key) = (quote(&one.column), quote(&one.key));
        let _ = writeln!(
            yaml,
            "  - {{ table: {table}, columns: [{column}]{condition}, to: {to}, key: [{key}] }} # {} of {} values",
            one.found, one.looked_at
        );
    }
    yaml
}

/// `user` of `user_id`, `userId`, `user_uuid`; nothing of other names.
fn stem(column: &str) -> Option<&str> {
    let ends = ["_id", "_uuid", "_key", "Id", "ID", "Uuid"];
    ends.iter().find_map(|end| column.strip_suffix(end)).filter(|stem| !stem.is_empty())
}

/// Whether a table is named by a word, in the singular or the plural, whatever stands before it: `author_user`
/// is one of `users`.
fn is_named(table: &str, word: &str) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let (table, word) = (plain(table), plain(word.rsplit("::").next().unwrap_or(word)));
    let plural = |word: &str| match word.strip_suffix('y') {
        Some(stem) => [format!("{word}s"), format!("{stem}ies"), word.to_owned()],
        None => [format!("{word}s"), format!("{word}es"), word.to_owned()],
    };
    let is_it = |word: &str| plural(word).contains(&table);
    word.len() > 1 && (is_it(&word) || (table.len() > 3 && plural_ends(&word, &table)))
}

/// Whether a word ends with the singular of a table's name.
fn plural_ends(word: &str, table: &str) -> bool {
    let singular = table.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let singular = singular.or_else(|| table.strip_suffix('s').map(str::to_owned)).unwrap_or_else(|| table.to_owned());
    singular.len() > 2 && word.ends_with(&singular)
}

/// Of a `(type, id)` pair, the column with the types and the values in it; empty when there is none.
async fn kinds(session: &Session, table: &Table, stem: &str) -> Result<Vec<(String, String)>> {
    let names = [format!("{stem}_type"), format!("{stem}Type"), format!("{stem}_kind")];
    let Some(column) = table.columns.iter().find(|column| names.contains(&column.name)) else { return Ok(Vec::new()) };
    let name = identifier(&column.name);
    let sql = format!(
        "SELECT DISTINCT s.kind FROM (SELECT t.{name}::pg_catalog.text AS kind FROM {} AS t LIMIT {READ}) AS s WHERE s.kind IS NOT NULL ORDER BY 1 LIMIT 50",
        table.relation()
    );
    Ok(session.query(&sql, &[]).await?.iter().map(|row| (column.name.clone(), row.get(0))).collect())
}

async fn contained(
    session: &Session,
    table: &Table,
    column: &str,
    kind: Option<&(String, String)>,
    there: &Table,
    key: &Term,
) -> Result<(u64, u64)> {
    let condition = kind.map_or_else(String::new, |(name, value)| {
        let (name, value) = (identifier(name), crate::pg::literal(value));
        format!(" AND t.{name}::pg_catalog.text OPERATOR(pg_catalog.=) {value}")
    });
    let name = identifier(column);
    let equal = match &key.compare {
        super::graph::Compare::Native { operator, .. } => operator.clone(),
        _ => "OPERATOR(pg_catalog.=)".to_owned(),
    };
    let sql = format!(
        "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE EXISTS (SELECT FROM {} AS t WHERE {} {equal} v.value)) \
         FROM (SELECT DISTINCT s.value FROM (SELECT t.{name} AS value FROM {} AS t WHERE t.{name} IS NOT NULL{condition} LIMIT {READ}) AS s LIMIT {SOME}) AS v",
        there.relation(),
        key.sql,
        table.relation(),
    );
    let row = session.query_one(&sql, &[]).await?;
    let count = |at| row.get::<_, i64>(at).cast_unsigned();
    Ok((count(0), count(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_tables() {
        for (table, word) in [
            ("users", "user"),
            ("users", "User"),
            ("user", "user"),
            ("categories", "category"),
            ("boxes", "box"),
            ("users", "invited_by_user"),
            ("blog_posts", "Blog::BlogPost"),
        ] {
            assert!(is_named(table, word), "{table} {word}");
        }
        for (table, word) in [("users", "use"), ("plans", "user"), ("s", "user"), ("users", "s")] {
            assert!(!is_named(table, word), "{table} {word}");
        }
        assert_eq!(
            (stem("user_id"), stem("userId"), stem("id"), stem("_id"), stem("paid")),
            (Some("user"), Some("user"), None, None, None)
        );
    }

    #[test]
    fn suggestions_can_be_pasted() {
        let table = |name: &str| TablePath { schema: "public".into(), table: name.into() };
        let kind = Some(("owner_type".to_owned(), "User's".to_owned()));
        let one = Suggestion {
            table: table("no.tes"),
            column: "owner_id".into(),
            kind,
            to: table("users"),
            key: "id".into(),
            looked_at: 5,
            found: 5,
        };
        let text = yaml(&[one]);
        assert_eq!(
            text,
            "references:\n  - { table: 'public.\"no.tes\"', columns: ['owner_id'], where: '\"owner_type\" = ''User''''s''', to: 'public.users', key: ['id'] } # 5 of 5 values\n"
        );
    }
}
