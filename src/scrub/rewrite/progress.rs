//! How far a database has come, in its own `devdb_meta`: each line is written in the transaction of
//! what it tells about. Expressions are not kept: they hold constants derived from the key.

use std::collections::{BTreeMap, BTreeSet};

use super::obstacles::{Late, Round};
use super::plan::{Plan, Unit};
use super::{Error, Method, Result, Rewritten, TableMask};
use crate::pg::Session;
use crate::pg::display_name;
use crate::scrub::marker;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Obstacles are down, tables are being rewritten.
    Rewriting,
    /// All tables are done; obstacles are back but for what is late.
    PuttingBack,
    /// Nothing.
    Done,
}

impl Stage {
    fn of(text: &str) -> Stage {
        match text {
            "rewriting" => Stage::Rewriting,
            "putting back" => Stage::PuttingBack,
            _ => Stage::Done,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Stage::Rewriting => "rewriting",
            Stage::PuttingBack => "putting back",
            Stage::Done => "done",
        }
    }
}

/// Schema and name of a table.
pub(super) type Name = (String, String);

/// What is recorded.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub stage: Stage,
    recipe: String,
    /// Each table's method and why.
    pub tables: BTreeMap<Name, (Method, Option<String>)>,
    /// Tables that were done before this call.
    pub done: BTreeSet<Name>,
}

impl Progress {
    /// Whether it is about these tables under this recipe.
    pub fn must_be_of(&self, recipe: &str, masks: &[TableMask]) -> Result<()> {
        let wanted: BTreeSet<Name> = masks.iter().map(|mask| (mask.schema.clone(), mask.table.clone())).collect();
        let same = self.recipe == recipe && self.tables.keys().eq(wanted.iter());
        if same { Ok(()) } else { Err(Error::OtherRecipe) }
    }
}

/// Whether a run under another generation's name was interrupted here. Its record is all that is left of
/// what it took down: it must not be replaced by ours.
pub(super) async fn is_of_another(session: &Session, generation: &str) -> Result<bool> {
    let marker = marker::read_marker(session).await?;
    if marker.is_some_and(|marker| marker.generation == generation) {
        return Ok(false);
    }
    match session.query("SELECT FROM devdb_meta.rewrite WHERE stage <> $1", &[&Stage::Done.as_str()]).await {
        Ok(rows) => Ok(!rows.is_empty()),
        // No such schema or table, or one of another shape.
        Err(error) if matches!(error.sqlstate(), Some("42P01" | "3F000" | "42703")) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes the tables of this file where they are not. In `devdb_meta`, which is this generation's own.
pub(super) async fn prepare(session: &Session) -> Result<()> {
    session
        .run(
            "CREATE TABLE IF NOT EXISTS devdb_meta.rewrite (
                 only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                 recipe text NOT NULL, stage text NOT NULL, schema_before text NOT NULL);
             CREATE TABLE IF NOT EXISTS devdb_meta.rewrite_table (
                 schema_name text, table_name text, method text NOT NULL, why text, done boolean NOT NULL DEFAULT false,
                 rows bigint NOT NULL DEFAULT 0, bytes_before bigint NOT NULL DEFAULT 0, bytes_after bigint NOT NULL DEFAULT 0,
                 seconds double precision NOT NULL DEFAULT 0, PRIMARY KEY (schema_name, table_name));
             CREATE TABLE IF NOT EXISTS devdb_meta.rewrite_obstacle (
                 position integer, round smallint, lane text NOT NULL, what text NOT NULL, statements text NOT NULL,
                 PRIMARY KEY (position, round));
             CREATE TABLE IF NOT EXISTS devdb_meta.rewrite_role (name text PRIMARY KEY, release text NOT NULL)",
        )
        .await?;
    Ok(())
}

/// What is recorded; none when nothing was begun.
pub(super) async fn read(session: &Session) -> Result<Option<Progress>> {
    let rows = session.query("SELECT recipe, stage FROM devdb_meta.rewrite", &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut progress =
        Progress { stage: Stage::of(row.get(1)), recipe: row.get(0), tables: BTreeMap::new(), done: BTreeSet::new() };
    for row in
        session.query("SELECT schema_name, table_name, method, why, done FROM devdb_meta.rewrite_table", &[]).await?
    {
        let name: Name = (row.get(0), row.get(1));
        let method = Method::ALL.into_iter().find(|method| method.as_str() == row.get::<_, &str>(2));
        if row.get(4) {
            progress.done.insert(name.clone());
        }
        progress.tables.insert(name, (method.unwrap_or(Method::Refill), row.get(3)));
    }
    Ok(Some(progress))
}

/// Records a plan as begun, in the transaction that takes its obstacles down.
pub(super) async fn begin(session: &Session, plan: &Plan, recipe: &str, before: &[String]) -> Result<()> {
    session
        .execute(
            "INSERT INTO devdb_meta.rewrite (recipe, stage, schema_before) VALUES ($1, $2, $3)",
            &[&recipe, &Stage::Rewriting.as_str(), &before.join("\n")],
        )
        .await?;
    for unit in &plan.units {
        for table in &unit.tables {
            let sql =
                "INSERT INTO devdb_meta.rewrite_table (schema_name, table_name, method, why) VALUES ($1, $2, $3, $4)";
            session
                .execute(sql, &[&table.mask.schema, &table.mask.table, &unit.method.as_str(), &unit.reason()])
                .await?;
        }
    }
    for (position, obstacle) in (0i32..).zip(&plan.obstacles) {
        let sql = "INSERT INTO devdb_meta.rewrite_obstacle VALUES ($1, $2, $3, $4, $5)";
        session.execute(sql, &[&position, &0i16, &"", &obstacle.what, &obstacle.back]).await?;
        if let Some(Late { round, lane, sql: late }) = &obstacle.late {
            session.execute(sql, &[&position, &(*round as i16), lane, &obstacle.what, late]).await?;
        }
    }
    Ok(())
}

/// Moves on, in the transaction of the last step of the stage before.
pub(super) async fn enter(session: &Session, stage: Stage) -> Result<()> {
    session.execute("UPDATE devdb_meta.rewrite SET stage = $1", &[&stage.as_str()]).await?;
    Ok(())
}

/// Takes a unit for this transaction; false when it is done already.
pub(super) async fn take(session: &Session, unit: &Unit) -> Result<bool> {
    for table in &unit.tables {
        let sql =
            "UPDATE devdb_meta.rewrite_table SET done = true WHERE schema_name = $1 AND table_name = $2 AND NOT done";
        if session.execute(sql, &[&table.mask.schema, &table.mask.table]).await? != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What was measured of a table.
pub(super) struct Measured {
    pub rows: i64,
    pub bytes_before: i64,
    pub bytes_after: i64,
    pub seconds: f64,
}

/// Records a table's figures, in the transaction of its rewrite.
pub(super) async fn measured(session: &Session, mask: &TableMask, measured: &Measured) -> Result<()> {
    let Measured { rows, bytes_before, bytes_after, seconds } = measured;
    let sql = "UPDATE devdb_meta.rewrite_table SET rows = $3, bytes_before = $4, bytes_after = $5, seconds = $6 \
               WHERE schema_name = $1 AND table_name = $2";
    session.execute(sql, &[&mask.schema, &mask.table, rows, bytes_before, bytes_after, seconds]).await?;
    Ok(())
}

/// Something to put back.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub position: i32,
    pub round: i16,
    pub lane: String,
    pub what: String,
    pub statements: String,
}

/// What waits in a round (0 is what is put back at once), in the order of putting back.
pub(super) async fn waiting(session: &Session, round: Option<Round>) -> Result<Vec<Waiting>> {
    let round = round.map_or(0, |round| round as i16);
    let rows = session
        .query(
            "SELECT position, round, lane, what, statements FROM devdb_meta.rewrite_obstacle WHERE round = $1 ORDER BY position DESC",
            &[&round],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Waiting {
            position: row.get(0),
            round: row.get(1),
            lane: row.get(2),
            what: row.get(3),
            statements: row.get(4),
        })
        .collect())
}

/// Forgets what was put back, in its transaction.
pub(super) async fn forget(session: &Session, waiting: &Waiting) -> Result<()> {
    let sql = "DELETE FROM devdb_meta.rewrite_obstacle WHERE position = $1 AND round = $2";
    session.execute(sql, &[&waiting.position, &waiting.round]).await?;
    Ok(())
}

/// The schema before anything was taken down.
pub(super) async fn schema_before(session: &Session) -> Result<Vec<String>> {
    let text: String = session.query_one("SELECT schema_before FROM devdb_meta.rewrite", &[]).await?.get(0);
    Ok(text.lines().map(str::to_owned).collect())
}

/// Takes a line out of the schema that is expected in the end.
pub(super) async fn no_longer_expect(session: &Session, line: &str) -> Result<()> {
    let before: Vec<String> = schema_before(session).await?.into_iter().filter(|it| it != line).collect();
    session.execute("UPDATE devdb_meta.rewrite SET schema_before = $1", &[&before.join("\n")]).await?;
    Ok(())
}

/// All tables with their figures, in the caller's order.
pub(super) async fn report(
    session: &Session,
    masks: &[TableMask],
    done_before: &BTreeSet<Name>,
) -> Result<Vec<Rewritten>> {
    let rows = session
        .query(
            "SELECT schema_name, table_name, method, why, rows, bytes_before, bytes_after, seconds FROM devdb_meta.rewrite_table \
             WHERE done",
            &[],
        )
        .await?;
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let mut report = Vec::new();
    for mask in masks {
        let is_it =
            |row: &&tokio_postgres::Row| row.get::<_, &str>(0) == mask.schema && row.get::<_, &str>(1) == mask.table;
        let Some(row) = rows.iter().find(is_it) else {
            return Err(Error::Refused(vec![format!(
                "{} is not recorded as masked",
                display_name(&mask.schema, &mask.table)
            )]));
        };
        let method = Method::ALL.into_iter().find(|method| method.as_str() == row.get::<_, &str>(2));
        report.push(Rewritten {
            schema: mask.schema.clone(),
            table: mask.table.clone(),
            columns: mask.columns.iter().map(|column| (column.name.clone(), column.rule)).collect(),
            method: method.unwrap_or(Method::Refill),
            why: row.get(3),
            rows: bytes(row.get(4)),
            bytes_before: bytes(row.get(5)),
            bytes_after: bytes(row.get(6)),
            seconds: row.get(7),
            already: done_before.contains(&(mask.schema.clone(), mask.table.clone())),
        });
    }
    Ok(report)
}
