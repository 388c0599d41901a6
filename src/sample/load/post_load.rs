//! Materialized views and statistics, after rows and constraints.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::future::try_join_all;

use super::error::{Error, Result};
use crate::pg::catalog::materialized_views;
use crate::pg::{Session, identifier};

/// Refreshes materialized views in the order of their dependencies. Returns notes on those that failed.
pub(super) async fn refresh(session: &Session, in_transaction: bool) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for view in materialized_views(session).await? {
        let name = format!("{}.{}", identifier(&view.schema), identifier(&view.name));
        // Functions of the view may need the search_path of the database.
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
                    "materialized view {}.{} could not be refreshed and is empty: {error}",
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

/// The size of the tables of one ANALYZE statement, in bytes.
const BYTES: i64 = 4 * 1024 * 1024;
/// The most tables of one ANALYZE statement.
const TABLES: usize = 50;

/// Analyzes all tables with several sessions.
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
    let (mut statements, mut batch, mut bytes) = (VecDeque::new(), Vec::<String>::new(), 0);
    for row in rows {
        batch.push(row.get(0));
        bytes += row.get::<_, i64>(2);
        // A partitioned table is analyzed with its partitions.
        if row.get(1) || bytes > BYTES || batch.len() == TABLES {
            statements.push_back(format!("ANALYZE {}", std::mem::take(&mut batch).join(", ")));
            bytes = 0;
        }
    }
    if !batch.is_empty() {
        statements.push_back(format!("ANALYZE {}", batch.join(", ")));
    }
    let queue = &Mutex::new(statements);
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let out_of_resources = try_join_all(workers.iter().map(|worker| async move {
        let mut out_of_resources = false;
        while let Some(statement) = next() {
            match worker.run(&statement).await {
                Ok(_) => {}
                Err(error) => {
                    let error = Error::from(error);
                    // Locks and memory may be enough for one session and not for several.
                    if !error.is_out_of_resources() {
                        return Err(error);
                    }
                    out_of_resources = true;
                }
            }
        }
        Ok::<_, Error>(out_of_resources)
    }))
    .await?;
    if out_of_resources.contains(&true) {
        session.run("ANALYZE").await?;
    }
    Ok(())
}
