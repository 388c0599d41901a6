//! Progress of the scripts: which are committed. Recorded in the clone, in the transaction of each script, so that it is
//! correct whenever a run is killed.

use tokio_postgres::error::SqlState;

use super::folder::Entry;
use crate::pg::{Result, Session, literal};

/// Whether a script of this generation is committed; it may have changed the clone's schema.
pub async fn has_begun(session: &Session, generation: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM devdb_meta.script WHERE generation = $1)";
    let absent = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME];
    match session.query_one(sql, &[&generation]).await {
        Ok(row) => Ok(row.get(0)),
        Err(error) if absent.iter().any(|state| error.is_state(state)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns how many of these scripts, from the first, are committed with their current content. A changed, new or removed
/// script makes everything from its position count as not done.
pub(super) async fn done(session: &Session, generation: &str, wanted: &[&Entry]) -> Result<usize> {
    let rows = session
        .query("SELECT position, path, sha256 FROM devdb_meta.script WHERE generation = $1", &[&generation])
        .await?;
    let recorded = |position: usize, entry: &Entry| {
        rows.iter().any(|row| {
            let (at, path, sha256): (i32, &str, &str) = (row.get(0), row.get(1), row.get(2));
            usize::try_from(at) == Ok(position) && path == entry.path && sha256 == entry.sha256
        })
    };
    Ok(wanted.iter().enumerate().take_while(|(position, entry)| recorded(*position, entry)).count())
}

/// Returns the statements that record a script as done, and all later ones as not done.
pub(super) fn record(generation: &str, position: usize, entry: &Entry) -> Vec<String> {
    let generation = literal(generation);
    vec![
        format!("DELETE FROM devdb_meta.script WHERE generation <> {generation} OR position >= {position}"),
        format!(
            "INSERT INTO devdb_meta.script (generation, position, stage, path, sha256) \
             VALUES ({generation}, {position}, {}, {}, {})",
            literal(entry.stage.as_str()),
            literal(&entry.path),
            literal(&entry.sha256),
        ),
    ]
}
