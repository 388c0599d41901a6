//! Loading into tables that are there: no trigger fires, keys wait or are not looked at meanwhile, and
//! afterwards every one of them is checked. All inside one transaction of the caller's.

use std::collections::{BTreeMap, BTreeSet};

use super::inspect::OWN;
use super::order::order;
use super::refusal::Refusal;
use super::target::Target;
use crate::pg::catalog::{ForeignKey, Form, foreign_keys, operators, tables};
use crate::pg::{Session, identifier};
use crate::sample::TableCopy;
use crate::sample::load::error::{Error, Result};

/// Tables made ready, and how they are put back.
pub(super) struct Ready {
    /// In which order the tables are filled, as indexes.
    pub(super) order: Vec<usize>,
    undo: Vec<String>,
}

/// Empties all tables when told to, and keeps triggers and keys from acting on what comes.
pub(super) async fn prepare(
    session: &Session,
    target: &Target,
    wanted: &[TableCopy],
    split: &[bool],
    replace: bool,
) -> Result<Ready> {
    let replica = try_replica(session).await?;
    let mut undo = triggers_off(session, target, replica).await?;
    if replace {
        empty(session, target).await?;
    }
    if replica {
        return Ok(Ready { order: (0..wanted.len()).collect(), undo });
    }
    let keys = foreign_keys(session).await?;
    let place = places(session, wanted).await?;
    let ends = |key: &ForeignKey| {
        let at = |schema: &str, table: &str| place.get(&(schema.to_owned(), table.to_owned())).copied();
        at(&key.schema, &key.table).zip(at(&key.to_schema, &key.to_table))
    };
    let known: Vec<&ForeignKey> = keys.iter().filter(|key| ends(key).is_some()).collect();
    let pairs: Vec<(usize, usize)> = known.iter().filter_map(|key| ends(key)).collect();
    let (order, deferred) = order(wanted.len(), &pairs, |table| split[table]);
    for key in deferred.iter().map(|index| known[*index]).filter(|key| !key.deferrable) {
        let alter = format!("ALTER TABLE {} ALTER CONSTRAINT {}", sql(&key.schema, &key.table), identifier(&key.name));
        session.run(&format!("{alter} DEFERRABLE INITIALLY DEFERRED")).await?;
        undo.push(format!("{alter} NOT DEFERRABLE"));
    }
    session.run("SET CONSTRAINTS ALL DEFERRED").await?;
    Ok(Ready { order, undo })
}

impl Ready {
    /// Has deferred keys checked, and puts triggers and keys back.
    pub(super) async fn finish(&self, session: &Session) -> Result<()> {
        session.run("SET CONSTRAINTS ALL IMMEDIATE").await?;
        for statement in &self.undo {
            session.run(statement).await?;
        }
        check(session).await
    }
}

/// Whether triggers and keys can be told that this is replication.
async fn try_replica(session: &Session) -> Result<bool> {
    session.run("SAVEPOINT replica").await?;
    match session.run("SET LOCAL session_replication_role = replica").await {
        Ok(_) => Ok(true),
        Err(error) if error.sqlstate() == Some("42501") => {
            session.run("ROLLBACK TO replica").await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Switches off every trigger that would fire; answers how each is switched on again, as it was.
async fn triggers_off(session: &Session, target: &Target, replica: bool) -> Result<Vec<String>> {
    // Before 15, a partition's copy of a trigger counts as internal, as those of foreign keys do.
    // In a session of replication fire those marked ALWAYS and REPLICA; in others ALWAYS and the plain ones.
    let fires = if replica { "('A', 'R')" } else { "('A', 'O')" };
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled::text \
                 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint \
                 WHERE (NOT t.tgisinternal OR t.tgparentid <> 0 AND COALESCE(k.contype, 't') <> 'f') AND t.tgenabled IN {fires} AND c.relkind IN ('r', 'p') AND {OWN} \
                 ORDER BY n.nspname, c.relname, t.tgname"
            ),
            &[],
        )
        .await?;
    let mut undo = Vec::new();
    for row in &rows {
        let (schema, table): (String, String) = (row.get(0), row.get(1));
        let on = match row.get::<_, &str>(3) {
            "A" => "ENABLE ALWAYS TRIGGER",
            "R" => "ENABLE REPLICA TRIGGER",
            _ => "ENABLE TRIGGER",
        };
        let (alter, name) = (format!("ALTER TABLE ONLY {}", sql(&schema, &table)), identifier(row.get(2)));
        match session.run(&format!("{alter} DISABLE TRIGGER {name}")).await {
            Ok(_) => undo.push(format!("{alter} {on} {name}")),
            Err(error) if error.sqlstate() == Some("42501") => {
                let user = target.credentials.user.clone();
                return Err(Refusal::Triggers { table: format!("{schema}.{table}"), user }.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(undo)
}

/// Empties every table of the database.
async fn empty(session: &Session, target: &Target) -> Result<()> {
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, c.relkind::text \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE (c.relkind IN ('r', 'p') OR c.relkind = 'f' AND c.relispartition) AND {OWN} \
                   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x \
                                   WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                                     AND x.objid = c.oid AND x.deptype = 'e')"
            ),
            &[],
        )
        .await?;
    // TRUNCATE goes down to a foreign partition and empties the table on the other server.
    if let Some(row) = rows.iter().find(|row| row.get::<_, &str>(2) == "f") {
        let why = format!("its partition {}.{} is on another server", row.get::<_, &str>(0), row.get::<_, &str>(1));
        let (target, user) = (target.name(), target.credentials.user.clone());
        return Err(Refusal::NoWay { target, user, why }.into());
    }
    let all: Vec<String> = rows.iter().map(|row| sql(row.get(0), row.get(1))).collect();
    if !all.is_empty() {
        session.run(&format!("TRUNCATE {}", all.join(", "))).await?;
    }
    Ok(())
}

/// Where each table is among those wanted; a partition is where its root is.
async fn places(session: &Session, wanted: &[TableCopy]) -> Result<BTreeMap<(String, String), usize>> {
    let mut place: BTreeMap<(String, String), usize> =
        wanted.iter().enumerate().map(|(at, table)| ((table.schema.clone(), table.table.clone()), at)).collect();
    for table in tables(session).await? {
        if let Some(at) = table.root.as_ref().and_then(|root| place.get(root)).copied() {
            place.insert((table.schema, table.name), at);
        }
    }
    Ok(place)
}

/// Looks for rows whose foreign keys lead nowhere. Keys that were never validated promise nothing.
async fn check(session: &Session) -> Result<()> {
    let operators = operators(session).await?;
    let tables = tables(session).await?;
    let parted: BTreeSet<(&str, &str)> = tables
        .iter()
        .filter(|table| table.form == Form::Partitioned)
        .map(|table| (table.schema.as_str(), table.name.as_str()))
        .collect();
    // A key neither binds heirs nor leads to them; partitions it does.
    let rows_of = |schema: &str, table: &str| {
        format!("{}{}", if parted.contains(&(schema, table)) { "" } else { "ONLY " }, sql(schema, table))
    };
    for key in foreign_keys(session).await?.iter().filter(|key| key.validated) {
        // Those that the constraint itself compares with, which may be an extension's.
        let place = (key.schema.clone(), key.table.clone(), key.name.clone());
        let operators = operators.get(&place).map(|operators| operators.up.as_slice()).unwrap_or_default();
        let pairs = key.columns.iter().zip(&key.to_columns).zip(operators);
        let equal: Vec<String> = pairs
            .map(|((column, to), operator)| format!("p.{} {operator} c.{}", identifier(to), identifier(column)))
            .collect();
        let all = |word: &str, between: &str| {
            let each: Vec<String> =
                key.columns.iter().map(|column| format!("c.{} {word}", identifier(column))).collect();
            each.join(between)
        };
        // With MATCH FULL a row that is NULL in part is broken too.
        let held = if key.full { all("IS NOT NULL", " OR ") } else { all("IS NOT NULL", " AND ") };
        let query = format!(
            "SELECT count(*) FROM {} c WHERE ({held}) AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
            rows_of(&key.schema, &key.table),
            rows_of(&key.to_schema, &key.to_table),
            equal.join(" AND "),
        );
        let rows: i64 = session.query_one(&query, &[]).await?.get(0);
        if rows > 0 {
            return Err(Error::Dangling {
                constraint: key.name.clone(),
                table: format!("{}.{}", key.schema, key.table),
                to: format!("{}.{}", key.to_schema, key.to_table),
                rows,
            });
        }
    }
    Ok(())
}

fn sql(schema: &str, table: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(table))
}
