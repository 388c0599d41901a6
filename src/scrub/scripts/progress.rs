//! Which scripts are already in the clone. Kept in the clone itself, in the transaction of each script,
//! so that it is true whenever a run is killed.

use crate::pg::{Result, Session, literal};
use crate::scrub::scripts::Entry;

/// Whether a script of this generation is in the clone, which may have changed what the clone looks like.
pub(super) async fn any(session: &Session, generation: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM devdb_meta.script WHERE generation = $1)";
    match session.query_one(sql, &[&generation]).await {
        Ok(row) => Ok(row.get(0)),
        // No such schema or table.
        Err(error) if matches!(error.sqlstate(), Some("42P01" | "3F000")) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How many of these scripts, from the first, are in the clone as they are now. A changed, new or
/// removed script makes everything from its position count as not done.
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

/// The statements that record a script as done, and all after it as not.
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
