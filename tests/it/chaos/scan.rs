use std::collections::BTreeMap;

use devdb::pg::Session;

use super::company::{DEVELOPER, ORIGINALS};
use super::stage::{Generation, Stage};
use crate::support::databases::CONFIGURED;

/// Tables and materialized views that a role may read, but the program's own.
const READABLE: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'devdb_meta') \
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1";

/// What a role can read in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// A hash of all rows.
    pub rows: String,
    /// Tables, and statistics, with originals.
    pub originals: Vec<String>,
    /// The marker: generation and phase.
    pub marker: String,
}

/// What a developer can read in a generation, by database. Databases that developers cannot enter are missing.
pub async fn as_developer(stage: &Stage, generation: &Generation) -> BTreeMap<String, Content> {
    if !generation.is_open {
        return BTreeMap::new();
    }
    read_as(stage, generation, DEVELOPER).await
}

/// What a role can read in a generation, by database.
pub async fn read_as(stage: &Stage, generation: &Generation, login: (&str, &str)) -> BTreeMap<String, Content> {
    let mut found = BTreeMap::new();
    let mut names: Vec<String> = CONFIGURED.map(str::to_owned).into();
    names.push("template1".to_owned());
    for name in CONFIGURED {
        // Also databases that the configuration does not name.
        if let Ok(session) = stage.login(generation, login, name).await {
            let all = session.query("SELECT datname::text FROM pg_catalog.pg_database WHERE datallowconn", &[]).await;
            names.extend(all.into_iter().flatten().map(|row| row.get::<_, String>(0)));
            break;
        }
    }
    names.sort();
    names.dedup();
    for name in names {
        if let Ok(session) = stage.login(generation, login, &name).await
            && let Ok(content) = content(&session).await
        {
            found.insert(name, content);
        }
    }
    found
}

async fn content(session: &Session) -> devdb::pg::Result<Content> {
    let pattern = ORIGINALS.join("|");
    let (mut rows, mut originals) = (String::new(), Vec::new());
    for table in session.query(READABLE, &[]).await? {
        let table: String = table.get(0);
        let sql = format!(
            "SELECT pg_catalog.count(*) FILTER (WHERE line ~ $1), \
             pg_catalog.md5(coalesce(pg_catalog.string_agg(line, ',' ORDER BY line), '')) \
             FROM (SELECT t::text AS line FROM {table} t) x"
        );
        let row = session.query_one(&sql, &[&pattern]).await?;
        rows.push_str(&format!("{table} {}\n", row.get::<_, String>(1)));
        if row.get::<_, i64>(0) > 0 {
            originals.push(format!("{table}: {} rows", row.get::<_, i64>(0)));
        }
    }
    for (what, sql) in [
        ("statistics", "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stats s WHERE s::text ~ $1"),
        ("comments", "SELECT pg_catalog.count(*) FROM pg_catalog.pg_description WHERE description ~ $1"),
    ] {
        let count: i64 = session.query_one(sql, &[&pattern]).await?.get(0);
        if count > 0 {
            originals.push(format!("{what}: {count}"));
        }
    }
    let marker = session.query("SELECT name || ' ' || phase FROM devdb_meta.generation", &[]).await;
    let marker = marker.ok().and_then(|rows| rows.first().map(|row| row.get(0))).unwrap_or_default();
    Ok(Content { rows, originals, marker })
}
