//! Progress of a rewrite, in the database's own `devdb_meta`: each row is written in the transaction that it describes.
//! Expressions are not stored: they contain constants derived from the key.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Error, Result};
use super::method::Method;
use super::obstacles::{Deferred, Round};
use super::outcome::Rewritten;
use super::table_mask::TableMask;
use super::unit::{Plan, Unit};
use crate::pg::Session;
use crate::pg::display_name;

/// What remains to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Obstacles are removed, tables are being rewritten.
    Rewriting,
    /// All tables are done, and obstacles are recreated except for deferred statements.
    Recreating,
    /// Everything is done.
    Done,
}

impl Stage {
    /// Parses a stored stage; `None` if another version wrote it.
    fn parse(text: &str) -> Option<Stage> {
        match text {
            "rewriting" => Some(Stage::Rewriting),
            "recreating" => Some(Stage::Recreating),
            "done" => Some(Stage::Done),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Stage::Rewriting => "rewriting",
            Stage::Recreating => "recreating",
            Stage::Done => "done",
        }
    }
}

/// Schema and name of a table.
pub(super) type Name = (String, String);

/// Recorded progress.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub stage: Stage,
    recipe: String,
    /// Method of each table, and why the fastest one is not used.
    pub tables: BTreeMap<Name, (Method, Option<String>)>,
    /// Tables that are done.
    pub done: BTreeSet<Name>,
}

impl Progress {
    /// Fails if it belongs to other tables or another recipe.
    pub fn require(&self, recipe: &str, masks: &[TableMask]) -> Result<()> {
        let wanted: BTreeSet<Name> = masks.iter().map(|mask| (mask.schema.clone(), mask.table.clone())).collect();
        let same = self.recipe == recipe && self.tables.keys().eq(wanted.iter());
        if same { Ok(()) } else { Err(Error::DifferentRecipe) }
    }
}

/// Whether a rewrite was begun in this database.
pub(super) async fn is_begun(session: &Session) -> Result<bool> {
    let exists = session.query_one("SELECT pg_catalog.to_regclass('devdb_meta.rewrite') IS NOT NULL", &[]).await?;
    Ok(exists.get(0) && read(session).await?.is_some())
}

/// Creates the missing tables of this file in `devdb_meta`, which must be this generation's own.
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
                 position integer, round smallint, lane text NOT NULL, name text NOT NULL, statements text NOT NULL,
                 PRIMARY KEY (position, round));
             CREATE TABLE IF NOT EXISTS devdb_meta.rewrite_role (name text PRIMARY KEY, release text NOT NULL)",
        )
        .await?;
    Ok(())
}

/// Returns the recorded progress, or `None` if no rewrite was begun.
pub(super) async fn read(session: &Session) -> Result<Option<Progress>> {
    let rows = session.query("SELECT recipe, stage FROM devdb_meta.rewrite", &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let stage = Stage::parse(row.get(1)).ok_or(Error::DifferentRecipe)?;
    let mut progress = Progress { stage, recipe: row.get(0), tables: BTreeMap::new(), done: BTreeSet::new() };
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

/// Records a plan as begun, in the transaction that removes its obstacles.
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
        session.execute(sql, &[&position, &0i16, &"", &obstacle.name, &obstacle.restore]).await?;
        if let Some(Deferred { round, lane, sql: deferred }) = &obstacle.deferred {
            session.execute(sql, &[&position, &(*round as i16), lane, &obstacle.name, deferred]).await?;
        }
    }
    Ok(())
}

/// Records the next stage, in the transaction of the previous stage's last statement.
pub(super) async fn enter(session: &Session, stage: Stage) -> Result<()> {
    session.execute("UPDATE devdb_meta.rewrite SET stage = $1", &[&stage.as_str()]).await?;
    Ok(())
}

/// Marks a unit as done in this transaction. Returns `false` if it is done already.
pub(super) async fn claim(session: &Session, unit: &Unit) -> Result<bool> {
    for table in &unit.tables {
        let sql =
            "UPDATE devdb_meta.rewrite_table SET done = true WHERE schema_name = $1 AND table_name = $2 AND NOT done";
        if session.execute(sql, &[&table.mask.schema, &table.mask.table]).await? != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Figures of a rewritten table; sizes in bytes.
pub(super) struct TableFigures {
    pub rows: i64,
    pub bytes_before: i64,
    pub bytes_after: i64,
    pub seconds: f64,
}

/// Records a table's figures, in the transaction of its rewrite.
pub(super) async fn record_figures(session: &Session, mask: &TableMask, figures: &TableFigures) -> Result<()> {
    let TableFigures { rows, bytes_before, bytes_after, seconds } = figures;
    let sql = "UPDATE devdb_meta.rewrite_table SET rows = $3, bytes_before = $4, bytes_after = $5, seconds = $6 \
               WHERE schema_name = $1 AND table_name = $2";
    session.execute(sql, &[&mask.schema, &mask.table, rows, bytes_before, bytes_after, seconds]).await?;
    Ok(())
}

/// Statements that are still to be run for a removed obstacle.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub position: i32,
    pub round: i16,
    pub lane: String,
    pub name: String,
    pub statements: String,
}

/// Returns the pending statements of a round, or those that recreate obstacles for `None`, in the order of execution.
pub(super) async fn pending(session: &Session, round: Option<Round>) -> Result<Vec<Pending>> {
    let round = round.map_or(0, |round| round as i16);
    let rows = session
        .query(
            "SELECT position, round, lane, name, statements FROM devdb_meta.rewrite_obstacle WHERE round = $1 ORDER BY position DESC",
            &[&round],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Pending {
            position: row.get(0),
            round: row.get(1),
            lane: row.get(2),
            name: row.get(3),
            statements: row.get(4),
        })
        .collect())
}

/// Removes pending statements from the record, in the transaction that runs them.
pub(super) async fn complete(session: &Session, pending: &Pending) -> Result<()> {
    let sql = "DELETE FROM devdb_meta.rewrite_obstacle WHERE position = $1 AND round = $2";
    session.execute(sql, &[&pending.position, &pending.round]).await?;
    Ok(())
}

/// Returns the schema before any obstacle was removed.
pub(super) async fn schema_before(session: &Session) -> Result<Vec<String>> {
    let text: String = session.query_one("SELECT schema_before FROM devdb_meta.rewrite", &[]).await?.get(0);
    Ok(text.lines().map(str::to_owned).collect())
}

/// Removes a line from the schema that is expected in the end.
pub(super) async fn drop_expectation(session: &Session, line: &str) -> Result<()> {
    let before: Vec<String> = schema_before(session).await?.into_iter().filter(|it| it != line).collect();
    session.execute("UPDATE devdb_meta.rewrite SET schema_before = $1", &[&before.join("\n")]).await?;
    Ok(())
}

/// Returns all tables with their figures, in the order of `masks`.
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
