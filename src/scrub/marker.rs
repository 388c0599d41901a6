//! The marker: a clone's own record, in its schema `devdb_meta`, of which generation it is and how far its rotation has
//! come. A connection through the record's name that reads its generation's marker has reached that generation.
//!
//! A snapshot may carry the `devdb_meta` of another clone, because production may once have been one. Its content is
//! ignored unless it names the generation at hand; otherwise it is dropped.
//!
//! Every configured database has a marker: it is claimed when the clone is secured, and everything that later steps store
//! in `devdb_meta` requires it.

use tokio_postgres::error::SqlState;

use crate::error::Failure;
use crate::pg::{Error, Result, Session, identifier, literal};
use crate::platform::Phase;

/// The row of `devdb_meta.generation`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marker {
    /// Name of the generation.
    pub generation: String,
    /// The snapshot that it was restored from.
    pub snapshot: String,
    /// Id of the run that last wrote the row.
    pub run: String,
    /// Fingerprint of the configuration and scripts that scrub it.
    pub recipe: String,
    /// Value of the phase tag.
    pub phase: String,
}

impl Marker {
    /// Whether this is the marker of `generation`, and that generation passed the publication gate.
    pub fn is_scrubbed(&self, generation: &str) -> bool {
        self.generation == generation && self.phase == Phase::Scrubbed.as_str()
    }
}

/// Returns the marker, whichever generation wrote it, or `None` if no table of that shape exists. Check
/// [`Marker::generation`] before using the rest.
pub async fn read_marker(session: &Session) -> Result<Option<Marker>> {
    let sql = "SELECT name, snapshot, run, recipe, phase FROM devdb_meta.generation";
    let absent = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME, SqlState::UNDEFINED_COLUMN];
    let rows = match session.query(sql, &[]).await {
        Err(error) if absent.iter().any(|state| error.is_state(state)) => return Ok(None),
        rows => rows?,
    };
    let [row] = rows.as_slice() else { return Ok(None) };
    let text = |column: usize| row.try_get::<_, String>(column).ok();
    let fields = (text(0), text(1), text(2), text(3), text(4));
    let (Some(generation), Some(snapshot), Some(run), Some(recipe), Some(phase)) = fields else { return Ok(None) };
    Ok(Some(Marker { generation, snapshot, run, recipe, phase }))
}

/// Writes the marker. Drops what another generation left in `devdb_meta`; keeps this generation's script progress.
/// Must not be called inside a transaction.
pub async fn mark(session: &Session, marker: &Marker) -> Result<()> {
    claim(session, &marker.generation).await?;
    let Marker { generation, snapshot, run, recipe, phase } = marker;
    let sql = "UPDATE devdb_meta.generation SET name = $1, snapshot = $2, run = $3, recipe = $4, phase = $5, \
               updated_at = pg_catalog.now()";
    session.execute(sql, &[generation, snapshot, run, recipe, phase]).await?;
    Ok(())
}

/// Writes the marker with the phase `scrubbed`, and lets every role read it: a role that samples has to see the proof,
/// and holds only what the team granted it in production. Nothing else in `devdb_meta` becomes readable.
///
/// Must not be called inside a transaction. Killed between its statements, it leaves the marker less readable than it
/// should be, never more; the next run calls it again.
pub async fn mark_scrubbed(session: &Session, marker: &Marker) -> Result<()> {
    let scrubbed = Marker { phase: Phase::Scrubbed.to_string(), ..marker.clone() };
    mark(session, &scrubbed).await?;
    let mut statements = revocations(session).await?;
    statements.push("GRANT USAGE ON SCHEMA devdb_meta TO PUBLIC".to_owned());
    statements.push("GRANT SELECT ON devdb_meta.generation TO PUBLIC".to_owned());
    session.run(&statements.join("; ")).await.map(drop)
}

/// Returns the statements that revoke what other roles hold on tables of `devdb_meta`: production's default privileges
/// apply to them too, and only the closed schema kept those roles out.
async fn revocations(session: &Session) -> Result<Vec<String>> {
    let rows = session
        .query(
            "SELECT DISTINCT c.relname::text, r.rolname::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee \
             WHERE n.nspname = 'devdb_meta' AND c.relkind = 'r' AND a.grantee <> c.relowner ORDER BY 1, 2",
            &[],
        )
        .await?;
    let revoke = |row: &tokio_postgres::Row| {
        let (table, role): (String, Option<String>) = (row.get(0), row.get(1));
        let role = role.map_or_else(|| "PUBLIC".to_owned(), |role| identifier(&role));
        format!("REVOKE ALL ON devdb_meta.{} FROM {role}", identifier(&table))
    };
    Ok(rows.iter().map(revoke).collect())
}

/// Makes `devdb_meta` this generation's own, if it is not already. This drops what another generation left there, so it
/// comes before the first step that stores anything there; later steps call [`require`].
pub async fn claim(session: &Session, generation: &str) -> Result<()> {
    if is_claimed(session, generation).await? {
        return Ok(());
    }
    // Everything is created anew: existing tables may have another shape, or triggers.
    // One message is one transaction: killed at any instant, the database has the old state or the new one.
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
    session.run(&sql).await.map(drop)
}

/// Fails if `devdb_meta` is not this generation's own: progress and fingerprints that it holds belong to another
/// generation, or there is nowhere to store them.
///
/// # Errors
/// [`Error::Database`], and server errors.
pub async fn require(session: &Session, generation: &str) -> Result<()> {
    if is_claimed(session, generation).await? {
        return Ok(());
    }
    let why = format!("has no marker of {generation} in its schema devdb_meta");
    Err(Error::Database { database: session.database().to_owned(), why })
}

async fn is_claimed(session: &Session, generation: &str) -> Result<bool> {
    Ok(read_marker(session).await?.is_some_and(|marker| marker.generation == generation))
}

/// Whether the database has a schema `devdb_meta`, whoever created it.
pub async fn has_schema(session: &Session) -> Result<bool> {
    let sql = "SELECT pg_catalog.to_regnamespace('devdb_meta') IS NOT NULL";
    Ok(session.query_one(sql, &[]).await?.get(0))
}

/// Returns the failure for a marker that could not be written into a database.
pub fn failure(error: Error, database: &str) -> Failure {
    let denied = error.is_permission_denied();
    let failure = Failure::from(error).during(format!("write the marker into database {database}"));
    if !denied {
        return failure;
    }
    let alter = format!("ALTER DATABASE {} OWNER TO …", identifier(database));
    failure.hint(format!(
        "make the master user the owner of the database, and of its schema devdb_meta if it has one: {alter}"
    ))
}
