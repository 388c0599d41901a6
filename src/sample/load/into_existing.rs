//! Loading into existing tables, inside one transaction of the caller: no trigger fires, foreign keys are deferred or not
//! enforced meanwhile, and all of them are checked at the end.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Error, Result};
use super::inspect::USER_SCHEMAS;
use super::order::order;
use super::refusal::Refusal;
use super::target::LoadTarget;
use crate::pg::catalog::{ForeignKey, Form, foreign_keys, operators, tables};
use crate::pg::{Session, identifier};
use crate::sample::TableCopy;

/// Tables that are prepared for a load.
pub(super) struct PreparedTables {
    /// The indexes of the tables in the order in which they are filled.
    pub(super) order: Vec<usize>,
    /// The statements that restore triggers and constraints.
    undo: Vec<String>,
}

/// Truncates all tables if `replace` is set, disables triggers and defers foreign keys. `split` holds for each table
/// whether it is filled by several statements.
pub(super) async fn prepare(
    session: &Session,
    target: &LoadTarget,
    copies: &[TableCopy],
    split: &[bool],
    replace: bool,
) -> Result<PreparedTables> {
    let replica = try_replica(session).await?;
    let mut undo = disable_triggers(session, target, replica).await?;
    if replace {
        truncate_all(session, target).await?;
    }
    if replica {
        return Ok(PreparedTables { order: (0..copies.len()).collect(), undo });
    }
    let keys = foreign_keys(session).await?;
    let indexes = indexes(session, copies).await?;
    let ends = |key: &ForeignKey| {
        let index = |schema: &str, table: &str| indexes.get(&(schema.to_owned(), table.to_owned())).copied();
        index(&key.schema, &key.table).zip(index(&key.to_schema, &key.to_table))
    };
    let known: Vec<&ForeignKey> = keys.iter().filter(|key| ends(key).is_some()).collect();
    let pairs: Vec<(usize, usize)> = known.iter().filter_map(|key| ends(key)).collect();
    let (order, deferred) = order(copies.len(), &pairs, |table| split[table]);
    for key in deferred.iter().map(|index| known[*index]).filter(|key| !key.deferrable) {
        let alter = format!("ALTER TABLE {} ALTER CONSTRAINT {}", sql(&key.schema, &key.table), identifier(&key.name));
        session.run(&format!("{alter} DEFERRABLE INITIALLY DEFERRED")).await?;
        undo.push(format!("{alter} NOT DEFERRABLE"));
    }
    session.run("SET CONSTRAINTS ALL DEFERRED").await?;
    Ok(PreparedTables { order, undo })
}

impl PreparedTables {
    /// Checks all foreign keys and restores triggers and constraints.
    pub(super) async fn finish(&self, session: &Session) -> Result<()> {
        session.run("SET CONSTRAINTS ALL IMMEDIATE").await?;
        for statement in &self.undo {
            session.run(statement).await?;
        }
        check_foreign_keys(session).await
    }
}

/// Sets the replication role, with which triggers and foreign keys do not fire. Returns `false` if that is not permitted.
async fn try_replica(session: &Session) -> Result<bool> {
    session.run("SAVEPOINT replica").await?;
    match session.run("SET LOCAL session_replication_role = replica").await {
        Ok(_) => Ok(true),
        Err(error) if error.is_permission_denied() => {
            session.run("ROLLBACK TO replica").await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Disables every trigger that would fire. Returns the statements that restore them.
async fn disable_triggers(session: &Session, target: &LoadTarget, replica: bool) -> Result<Vec<String>> {
    // With the replication role, triggers marked ALWAYS and REPLICA fire; otherwise ALWAYS and ordinary ones. Before 15,
    // the copy of a trigger on a partition counts as internal, like the triggers of foreign keys.
    let fires = if replica { "('A', 'R')" } else { "('A', 'O')" };
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled::text \
                 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint \
                 WHERE (NOT t.tgisinternal OR t.tgparentid <> 0 AND COALESCE(k.contype, 't') <> 'f') AND t.tgenabled IN {fires} AND c.relkind IN ('r', 'p') AND {USER_SCHEMAS} \
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
            Err(error) if error.is_permission_denied() => {
                let user = target.credentials.user.clone();
                return Err(Refusal::Triggers { table: format!("{schema}.{table}"), user }.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(undo)
}

/// Truncates every table of the database.
async fn truncate_all(session: &Session, target: &LoadTarget) -> Result<()> {
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, c.relkind::text \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE (c.relkind IN ('r', 'p') OR c.relkind = 'f' AND c.relispartition) AND {USER_SCHEMAS} \
                   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x \
                                   WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                                     AND x.objid = c.oid AND x.deptype = 'e')"
            ),
            &[],
        )
        .await?;
    // TRUNCATE would truncate the table behind a foreign partition, on the other server.
    if let Some(row) = rows.iter().find(|row| row.get::<_, &str>(2) == "f") {
        let why = format!("partition {}.{} is a foreign table", row.get::<_, &str>(0), row.get::<_, &str>(1));
        let (target, user) = (target.name(), target.credentials.user.clone());
        return Err(Refusal::NotReplaceable { target, user, why }.into());
    }
    let all: Vec<String> = rows.iter().map(|row| sql(row.get(0), row.get(1))).collect();
    if !all.is_empty() {
        session.run(&format!("TRUNCATE {}", all.join(", "))).await?;
    }
    Ok(())
}

/// Returns the index of each table in `copies`, by schema and name. A partition has the index of its root.
async fn indexes(session: &Session, copies: &[TableCopy]) -> Result<BTreeMap<(String, String), usize>> {
    let mut indexes: BTreeMap<(String, String), usize> =
        copies.iter().enumerate().map(|(index, table)| ((table.schema.clone(), table.table.clone()), index)).collect();
    for table in tables(session).await? {
        if let Some(index) = table.root.as_ref().and_then(|root| indexes.get(root)).copied() {
            indexes.insert((table.schema, table.name), index);
        }
    }
    Ok(indexes)
}

/// Searches for rows without a referenced row. Keys that are not validated (`NOT VALID`) are not checked.
async fn check_foreign_keys(session: &Session) -> Result<()> {
    let operators = operators(session).await?;
    let tables = tables(session).await?;
    let partitioned: BTreeSet<(&str, &str)> = tables
        .iter()
        .filter(|table| table.form == Form::Partitioned)
        .map(|table| (table.schema.as_str(), table.name.as_str()))
        .collect();
    // A foreign key covers partitions, but not the children of ordinary inheritance.
    let rows_of = |schema: &str, table: &str| {
        format!("{}{}", if partitioned.contains(&(schema, table)) { "" } else { "ONLY " }, sql(schema, table))
    };
    for key in foreign_keys(session).await?.iter().filter(|key| key.validated) {
        // The operators of the constraint itself, which may be an extension's.
        let constraint = (key.schema.clone(), key.table.clone(), key.name.clone());
        let operators = operators.get(&constraint).map(|operators| operators.up.as_slice()).unwrap_or_default();
        let pairs = key.columns.iter().zip(&key.to_columns).zip(operators);
        let equal: Vec<String> = pairs
            .map(|((column, to), operator)| format!("p.{} {operator} c.{}", identifier(to), identifier(column)))
            .collect();
        let not_null: Vec<String> =
            key.columns.iter().map(|column| format!("c.{} IS NOT NULL", identifier(column))).collect();
        // With MATCH FULL, a row that is NULL in some columns only is a violation too.
        let checked = not_null.join(if key.full { " OR " } else { " AND " });
        let query = format!(
            "SELECT count(*) FROM {} c WHERE ({checked}) AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
            rows_of(&key.schema, &key.table),
            rows_of(&key.to_schema, &key.to_table),
            equal.join(" AND "),
        );
        let rows: i64 = session.query_one(&query, &[]).await?.get(0);
        if rows > 0 {
            return Err(Error::ForeignKeyViolated {
                constraint: key.name.clone(),
                table: format!("{}.{}", key.schema, key.table),
                to: format!("{}.{}", key.to_schema, key.to_table),
                rows: rows.unsigned_abs(),
            });
        }
    }
    Ok(())
}

fn sql(schema: &str, table: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(table))
}
