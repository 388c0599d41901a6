//! What a clone says about itself, in its schema `devdb_meta`: which generation it is, how far it has
//! come, which scripts ran. A connection through the record's name that reads its generation's marker
//! has reached that very generation.
//!
//! A snapshot can carry the `devdb_meta` of another clone, for production may once have been one.
//! So nothing in it is believed unless it names the generation at hand; else it is dropped.

use crate::pg::{Error, Result, Session, literal};

/// The row of `devdb_meta.generation`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marker {
    /// The generation's name.
    pub generation: String,
    /// The snapshot it was restored from.
    pub snapshot: String,
    /// The run that last wrote this.
    pub run: String,
    /// Fingerprint of the configuration and scripts it is scrubbed by.
    pub recipe: String,
    /// How far it has come: the word in the phase tag.
    pub phase: String,
}

/// Reads the marker, whoever wrote it; none when there is none that can be read as one. Compare
/// its generation before believing it.
pub async fn read_marker(session: &Session) -> Result<Option<Marker>> {
    let sql = "SELECT name, snapshot, run, recipe, phase FROM devdb_meta.generation";
    let rows = match session.query(sql, &[]).await {
        // No such schema or table, or one of another shape.
        Err(error) if matches!(error.sqlstate(), Some("42P01" | "3F000" | "42703")) => return Ok(None),
        rows => rows?,
    };
    let [row] = rows.as_slice() else { return Ok(None) };
    let text = |column: usize| row.try_get::<_, String>(column).ok();
    let fields = (text(0), text(1), text(2), text(3), text(4));
    let (Some(generation), Some(snapshot), Some(run), Some(recipe), Some(phase)) = fields else { return Ok(None) };
    Ok(Some(Marker { generation, snapshot, run, recipe, phase }))
}

/// Writes the marker. What another generation left in `devdb_meta` is dropped first; the record of
/// this one's scripts stays. Not to be called inside a transaction.
pub async fn mark(session: &Session, marker: &Marker) -> Result<()> {
    claim(session, &marker.generation).await?;
    let Marker { generation, snapshot, run, recipe, phase } = marker;
    let sql = "UPDATE devdb_meta.generation SET name = $1, snapshot = $2, run = $3, recipe = $4, phase = $5, \
               updated_at = pg_catalog.now()";
    session.execute(sql, &[generation, snapshot, run, recipe, phase]).await?;
    Ok(())
}

/// Makes `devdb_meta` this generation's own, if it is not already.
pub async fn claim(session: &Session, generation: &str) -> Result<()> {
    if read_marker(session).await?.is_some_and(|marker| marker.generation == generation) {
        return Ok(());
    }
    // Everything is made anew: what is there may have another shape, or triggers.
    // One message, so one transaction: killed anywhere, the old state or the new one is there.
    let sql = format!(
        "DROP SCHEMA IF EXISTS devdb_meta CASCADE;
         CREATE SCHEMA devdb_meta;
         REVOKE ALL ON SCHEMA devdb_meta FROM PUBLIC;
         CREATE TABLE devdb_meta.generation (
             only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
             name text NOT NULL,
             snapshot text NOT NULL DEFAULT '',
             run text NOT NULL DEFAULT '',
             recipe text NOT NULL DEFAULT '',
             phase text NOT NULL DEFAULT '',
             updated_at timestamptz NOT NULL DEFAULT pg_catalog.now()
         );
         CREATE TABLE devdb_meta.script (
             generation text NOT NULL,
             position integer PRIMARY KEY,
             stage text NOT NULL,
             path text NOT NULL,
             sha256 text NOT NULL,
             finished_at timestamptz NOT NULL DEFAULT pg_catalog.now()
         );
         INSERT INTO devdb_meta.generation (name) VALUES ({})",
        literal(generation)
    );
    match session.run(&sql).await {
        Ok(_) => Ok(()),
        Err(Error::Server(error)) if error.code == "42501" => Err(Error::Identity {
            place: session.database().to_owned(),
            why: format!("has a schema devdb_meta that the master user may not replace: {error}"),
        }),
        Err(error) => Err(error),
    }
}
