//! References that the database does not declare, detected by names, types and a sample of values.

use std::fmt::Write as _;

use crate::config::{Reference, TablePath};
use crate::pg::{Session, identifier, literal};

use super::error::Result;
use super::graph::{Catalog, Comparison, Graph, GraphTable, Term};
use super::source::Source;

/// A likely reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The referencing table.
    pub table: TablePath,
    /// Its column.
    pub column: String,
    /// For a polymorphic reference, a `(type, id)` pair: the column with the type, and its value for the referenced table.
    pub discriminator: Option<(String, String)>,
    /// The referenced table.
    pub to: TablePath,
    /// Its key.
    pub key: String,
    /// The number of distinct values that were checked.
    pub checked: u64,
    /// The number of checked values that are keys of the referenced table.
    pub found: u64,
}

/// The most distinct values that are checked.
const MAX_VALUES: u64 = 1_000;
/// The most rows that are read to find them.
const MAX_ROWS: u64 = 10_000;
/// A reference is likely if at least this percentage of the values are keys. Some may be orphans, because nothing enforces
/// such a reference.
const MIN_PERCENT: u64 = 98;

/// Searches for references that are neither declared nor configured. It reads a few values of the columns whose names
/// suggest one. [`yaml`] formats the result.
///
/// # Errors
/// When a query fails, or a configured reference names an object that does not exist.
pub async fn suggest(source: &Source, references: &[Reference]) -> Result<Vec<Suggestion>> {
    let session = source.open().await?;
    let graph = Graph::without_rules(Catalog::read(&session).await?, references)?;
    let mut suggestions = Vec::new();
    for (at, table) in graph.tables.iter().enumerate() {
        for column in table.columns.iter().filter(|column| !column.generated && !column.array) {
            let is_known = graph
                .edges
                .iter()
                .any(|edge| edge.from.table == at && edge.from.columns().any(|name| name == column.name));
            let Some(stem) = stem(&column.name).filter(|_| !is_known) else { continue };
            let discriminators = discriminators(&session, table, stem).await?;
            for candidate in candidates(&graph, at, column, stem, &discriminators) {
                let (checked, found) = count_keys(&session, table, &column.name, &candidate).await?;
                if checked > 0 && found * 100 >= checked * MIN_PERCENT {
                    suggestions.push(Suggestion {
                        table: table.path.clone(),
                        column: column.name.clone(),
                        discriminator: candidate.discriminator,
                        to: candidate.table.path.clone(),
                        key: candidate.key.name,
                        checked,
                        found,
                    });
                }
            }
        }
    }
    Ok(suggestions)
}

/// A table that a column may refer to.
struct Candidate<'a> {
    table: &'a GraphTable,
    key: Term,
    discriminator: Option<(String, String)>,
}

/// Returns the tables with a key of the column's type whose names match the column or one of the discriminators.
fn candidates<'a>(
    graph: &'a Graph,
    at: usize,
    column: &crate::pg::catalog::Column,
    stem: &str,
    discriminators: &[(String, String)],
) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for (to, table) in graph.tables.iter().enumerate() {
        let Some(key) = table.single_column_key() else { continue };
        let discriminator = discriminators.iter().find(|(_, value)| is_name_of(&table.path.table, value)).cloned();
        let is_named = discriminator.is_some() || (discriminators.is_empty() && is_name_of(&table.path.table, stem));
        let is_itself = to == at && key.name == column.name;
        let same_type = table.columns.iter().any(|other| other.name == key.name && other.base == column.base);
        if is_named && !is_itself && same_type {
            candidates.push(Candidate { table, key, discriminator });
        }
    }
    candidates
}

/// Returns suggestions as lines of `devdb.yaml`.
pub fn yaml(suggestions: &[Suggestion]) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut yaml = String::from("references:\n");
    for suggestion in suggestions {
        let condition = suggestion.discriminator.as_ref().map_or_else(String::new, |(column, value)| {
            let sql = format!("{} = {}", identifier(column), literal(value));
            format!(", where: {}", quote(&sql))
        });
        let (table, to) = (quote(&suggestion.table.to_string()), quote(&suggestion.to.to_string()));
        let (column, key) = (quote(&suggestion.column), quote(&suggestion.key));
        let _ = writeln!(
            yaml,
            "  - {{ table: {table}, columns: [{column}]{condition}, to: {to}, key: [{key}] }} # {} of {} values",
            suggestion.found, suggestion.checked
        );
    }
    yaml
}

/// Returns `user` for `user_id`, `userId` and `user_uuid`, and `None` for other names.
fn stem(column: &str) -> Option<&str> {
    let suffixes = ["_id", "_uuid", "_key", "Id", "ID", "Uuid"];
    suffixes.iter().find_map(|suffix| column.strip_suffix(suffix)).filter(|stem| !stem.is_empty())
}

/// Whether a word names a table, in the singular or the plural, with any prefix: `author_user` names `users`.
fn is_name_of(table: &str, word: &str) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let (table, word) = (plain(table), plain(word.rsplit("::").next().unwrap_or(word)));
    let forms = match word.strip_suffix('y') {
        Some(stem) => [format!("{word}s"), format!("{stem}ies"), word.clone()],
        None => [format!("{word}s"), format!("{word}es"), word.clone()],
    };
    word.len() > 1 && (forms.contains(&table) || (table.len() > 3 && ends_with_singular(&word, &table)))
}

/// Whether a word ends with the singular of a table's name.
fn ends_with_singular(word: &str, table: &str) -> bool {
    let singular = table.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let singular = singular.or_else(|| table.strip_suffix('s').map(str::to_owned)).unwrap_or_else(|| table.to_owned());
    singular.len() > 2 && word.ends_with(&singular)
}

/// Returns the column that discriminates the tables of a polymorphic reference, with each value in it. Empty if the
/// reference is not polymorphic.
async fn discriminators(session: &Session, table: &GraphTable, stem: &str) -> Result<Vec<(String, String)>> {
    let names = [format!("{stem}_type"), format!("{stem}Type"), format!("{stem}_kind")];
    let Some(column) = table.columns.iter().find(|column| names.contains(&column.name)) else { return Ok(Vec::new()) };
    let name = identifier(&column.name);
    let sql = format!(
        "SELECT DISTINCT s.kind FROM (SELECT t.{name}::pg_catalog.text AS kind FROM {} AS t LIMIT {MAX_ROWS}) AS s WHERE s.kind IS NOT NULL ORDER BY 1 LIMIT 50",
        table.relation()
    );
    Ok(session.query(&sql, &[]).await?.iter().map(|row| (column.name.clone(), row.get(0))).collect())
}

/// Returns how many distinct values of a column were checked, and how many of them are keys of the candidate.
async fn count_keys(
    session: &Session,
    table: &GraphTable,
    column: &str,
    candidate: &Candidate<'_>,
) -> Result<(u64, u64)> {
    let condition = candidate.discriminator.as_ref().map_or_else(String::new, |(name, value)| {
        let (name, value) = (identifier(name), literal(value));
        format!(" AND t.{name}::pg_catalog.text OPERATOR(pg_catalog.=) {value}")
    });
    let name = identifier(column);
    let equal = match &candidate.key.comparison {
        Comparison::Native { operator, .. } => operator.clone(),
        _ => "OPERATOR(pg_catalog.=)".to_owned(),
    };
    let sql = format!(
        "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE EXISTS (SELECT FROM {} AS t WHERE {} {equal} v.value)) \
         FROM (SELECT DISTINCT s.value FROM (SELECT t.{name} AS value FROM {} AS t WHERE t.{name} IS NOT NULL{condition} LIMIT {MAX_ROWS}) AS s LIMIT {MAX_VALUES}) AS v",
        candidate.table.relation(),
        candidate.key.sql,
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
    fn names_match_tables() {
        for (table, word) in [
            ("users", "user"),
            ("users", "User"),
            ("user", "user"),
            ("categories", "category"),
            ("boxes", "box"),
            ("users", "invited_by_user"),
            ("blog_posts", "Blog::BlogPost"),
        ] {
            assert!(is_name_of(table, word), "{table} {word}");
        }
        for (table, word) in [("users", "use"), ("plans", "user"), ("s", "user"), ("users", "s")] {
            assert!(!is_name_of(table, word), "{table} {word}");
        }
        assert_eq!(
            (stem("user_id"), stem("userId"), stem("id"), stem("_id"), stem("paid")),
            (Some("user"), Some("user"), None, None, None)
        );
    }

    #[test]
    fn suggestions_are_valid_yaml() {
        let table = |name: &str| TablePath { schema: "public".into(), table: name.into() };
        let discriminator = Some(("owner_type".to_owned(), "User's".to_owned()));
        let suggestion = Suggestion {
            table: table("no.tes"),
            column: "owner_id".into(),
            discriminator,
            to: table("users"),
            key: "id".into(),
            checked: 5,
            found: 5,
        };
        let text = yaml(&[suggestion]);
        assert_eq!(
            text,
            "references:\n  - { table: 'public.\"no.tes\"', columns: ['owner_id'], where: '\"owner_type\" = ''User''''s''', to: 'public.users', key: ['id'] } # 5 of 5 values\n"
        );
    }
}
