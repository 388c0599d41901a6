//! What comes after rows and constraints: materialized views and statistics.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::future::try_join_all;

use crate::pg::catalog::materialized_views;
use crate::pg::{Session, identifier};
use crate::sample::load::error::{Error, Result};

/// Fills materialized views, those that others read first; answers sentences on those that could not be.
pub(super) async fn refresh(session: &Session, in_transaction: bool) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for view in materialized_views(session).await? {
        let name = format!("{}.{}", identifier(&view.schema), identifier(&view.name));
        // Functions that the view calls may need the database's own search_path.
        let refresh = format!("RESET search_path; REFRESH MATERIALIZED VIEW {name}; SET search_path = ''");
        if in_transaction {
            session.run("SAVEPOINT view").await?;
        }
        match session.run(&refresh).await {
            Ok(_) => {}
            Err(error) if error.is_disconnect() => return Err(error.into()),
            Err(error) => {
                session.run(if in_transaction { "ROLLBACK TO view" } else { "SET search_path = ''" }).await?;
                notes.push(format!(
                    "the materialized view {}.{} could not be filled and has no rows: {error}",
                    view.schema, view.name
                ));
            }
        }
        if in_transaction {
            session.run("RELEASE view").await?;
        }
    }
    Ok(notes)
}

/// Bytes, and tables, that one statement gathers statistics of.
const BYTES: i64 = 4 * 1024 * 1024;
const TABLES: usize = 50;

/// Gathers statistics of all tables over several sessions, so that the first query is planned well.
pub(super) async fn analyze(session: &Session, workers: &[Session]) -> Result<()> {
    let rows = session
        .query(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind = 'p', pg_catalog.pg_relation_size(c.oid) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND NOT c.relisshared AND NOT c.relispartition \
             ORDER BY 2 DESC, 3 DESC, 1",
            &[],
        )
        .await?;
    let (mut statements, mut gathered, mut bytes) = (VecDeque::new(), Vec::<String>::new(), 0);
    for row in rows {
        gathered.push(row.get(0));
        bytes += row.get::<_, i64>(2);
        // With a partitioned table go all below it.
        if row.get(1) || bytes > BYTES || gathered.len() == TABLES {
            statements.push_back(format!("ANALYZE {}", std::mem::take(&mut gathered).join(", ")));
            bytes = 0;
        }
    }
    if !gathered.is_empty() {
        statements.push_back(format!("ANALYZE {}", gathered.join(", ")));
    }
    let queue = &Mutex::new(statements);
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let short = try_join_all(workers.iter().map(|worker| async move {
        let mut short = false;
        while let Some(statement) = next() {
            match worker.run(&statement).await {
                // Locks, memory: what is enough for one session may not be for several.
                Err(error) if error.sqlstate().is_some_and(|code| code.starts_with("53")) => short = true,
                done => drop(done?),
            }
        }
        Ok::<_, Error>(short)
    }))
    .await?;
    if short.contains(&true) {
        session.run("ANALYZE").await?;
    }
    Ok(())
}
