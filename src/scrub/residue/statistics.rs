//! The planner's statistics: production's most common values and histograms, in plain text.

use std::time::Duration;

use super::note::{note, warn};
use super::{dummy, inherited};
use crate::event::Listener;
use crate::pg::as_owner::{AssumedRole, run_as_owner};
use crate::pg::row_security::begin_unforced;
use crate::pg::{Result, Session, identifier, literal};
use crate::pg::{display_name, qualified_name};
use crate::units::counted;

/// Columns of one table whose statistics `ANALYZE` does not replace: of a table without rows (nothing is computed, and the old
/// ones stay), of a foreign table, or with a statistics target of 0.
pub(super) struct Frozen {
    oid: u32,
    schema: String,
    table: String,
    foreign: bool,
    empty: bool,
    owner: Option<String>,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    inherited: bool,
    /// Type with collation, for `ALTER COLUMN … TYPE`.
    type_name: String,
    /// Storage, if it differs from the type's default.
    storage: Option<String>,
}

impl Frozen {
    pub(super) fn display_name(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        format!("{} ({})", display_name(&self.schema, &self.table), columns.join(", "))
    }
}

/// Returns the columns with frozen statistics. `pg_stats` shows a table's statistics only to roles that may read the table, so
/// each owner's tables are read with the owner's privileges, and without policies that are forced on the owner.
pub(super) async fn frozen(session: &Session) -> Result<Vec<Frozen>> {
    let mut found = Vec::new();
    for owner in owners(session).await? {
        let assumed = match &owner {
            (Some(role), false) => match AssumedRole::assume(session, role).await {
                Ok(assumed) => Some(assumed),
                Err(error) if error.is_fatal() => return Err(error),
                // Without that privilege, the session sees what developers see.
                Err(_) => None,
            },
            _ => None,
        };
        let rows = match &owner.0 {
            Some(role) => {
                begin_unforced(session, role, None).await?;
                let rows = frozen_of(session, Some(role)).await;
                session.run("ROLLBACK").await?;
                rows
            }
            None => frozen_of(session, None).await,
        };
        if let Some(assumed) = assumed {
            assumed.release(session).await?;
        }
        found.extend(rows?);
    }
    Ok(found)
}

/// Returns the owners of relations, each with whether the session has its privileges.
async fn owners(session: &Session) -> Result<Vec<(Option<String>, bool)>> {
    let rows = session
        .query(
            "SELECT DISTINCT r.rolname::text, COALESCE(pg_catalog.pg_has_role(r.oid, 'USAGE'), false) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn frozen_of(session: &Session, owner: Option<&str>) -> Result<Vec<Frozen>> {
    // After VACUUM the row count of an empty table is 0, not unknown. Only entries that quote values count. The values of a
    // list partition key are part of the schema, and those of other keys that are numbers, times or ids identify nothing
    // without their rows; a partition key cannot be altered.
    let rows = session
        .query(
            "SELECT s.schemaname::text, s.tablename::text, c.relkind = 'f', s.attname::text, s.inherited, \
                 pg_catalog.format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation IN (0, t.typcollation) THEN '' \
                     ELSE (SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname) \
                           FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace \
                           WHERE co.oid = a.attcollation) END, \
                 CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' \
                     WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END, \
                 c.oid, c.reltuples = 0 \
             FROM pg_catalog.pg_stats s \
             JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname \
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
               AND r.rolname = $1::text::name \
               AND (c.relkind = 'f' OR c.reltuples = 0 OR a.attstattarget = 0) \
               AND (s.most_common_vals IS NOT NULL OR s.histogram_bounds IS NOT NULL OR s.most_common_elems IS NOT NULL \
                    OR pg_catalog.to_jsonb(s) ->> 'range_bounds_histogram' IS NOT NULL) \
               AND NOT EXISTS ( \
                   SELECT FROM pg_catalog.pg_partition_ancestors(c.oid::regclass) ancestor(relid) \
                   JOIN pg_catalog.pg_partitioned_table k ON k.partrelid = ancestor.relid::oid \
                   JOIN pg_catalog.pg_attribute ka ON ka.attrelid = k.partrelid AND ka.attnum = ANY (k.partattrs) \
                   WHERE ka.attname = a.attname \
                     AND (k.partstrat = 'l' OR t.typcategory IN ('N', 'D', 'B', 'E') OR t.typname = 'uuid')) \
             ORDER BY 1, 2, a.attnum, 5",
            &[&owner],
        )
        .await?;
    let mut found: Vec<Frozen> = Vec::new();
    for row in &rows {
        let (schema, table): (String, String) = (row.get(0), row.get(1));
        let column = Column { name: row.get(3), inherited: row.get(4), type_name: row.get(5), storage: row.get(6) };
        match found.last_mut() {
            Some(last) if last.schema == schema && last.table == table => last.columns.push(column),
            _ => found.push(Frozen {
                schema,
                table,
                foreign: row.get(2),
                oid: row.get(7),
                empty: row.get(8),
                owner: owner.map(str::to_owned),
                columns: vec![column],
            }),
        }
    }
    Ok(found)
}

/// Removes frozen statistics. [`frozen`] finds again what could not be removed.
pub(super) async fn clear_frozen(session: &Session, listener: &dyn Listener) -> Result<()> {
    let mut cleared = 0;
    for frozen in frozen(session).await? {
        for column in &frozen.columns {
            match clear_column(session, &frozen, column).await {
                Ok(()) => cleared += 1,
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => {
                    let column = format!("{}.{}", display_name(&frozen.schema, &frozen.table), column.name);
                    warn(listener, session, &format!("the statistics of {column} could not be removed: {error}"));
                }
            }
        }
    }
    if cleared > 0 {
        let columns = counted(cleared, "column");
        note(listener, session, &format!("statistics of {columns} removed that ANALYZE does not replace"));
    }
    Ok(())
}

async fn clear_column(session: &Session, frozen: &Frozen, column: &Column) -> Result<()> {
    let owner = frozen.owner.as_deref();
    let mut result = run_as_owner(session, owner, &removal(session.major(), frozen, column)).await.map(drop);
    // The type of an inherited column can be altered in the topmost table only.
    if result.as_ref().is_err_and(|error| !error.is_fatal())
        && let Some(top) = inherited::topmost(session, frozen.oid, &column.name).await?
    {
        result =
            run_as_owner(session, top.owner.as_deref(), &top.removal(&column.name, &column.type_name)).await.map(drop);
    }
    match result {
        // A view, a policy or a partition key forbids to alter the type: a dummy row replaces the values in the statistics.
        Err(error) if frozen.empty && !frozen.foreign && !error.is_fatal() => {
            let sql =
                dummy::analyze_with_a_row(session, frozen.oid, &qualified_name(&frozen.schema, &frozen.table)).await?;
            run_as_owner(session, owner, &sql).await.map(drop)
        }
        other => other,
    }
}

/// Returns the statement that removes a column's statistics. PostgreSQL 18 has a function. Before, altering the column's type
/// to itself drops them and rewrites nothing.
fn removal(major: u32, frozen: &Frozen, column: &Column) -> String {
    if major >= 18 {
        return format!(
            "SELECT pg_catalog.pg_clear_attribute_stats({}, {}, {}, {})",
            literal(&frozen.schema),
            literal(&frozen.table),
            literal(&column.name),
            column.inherited
        );
    }
    let table = qualified_name(&frozen.schema, &frozen.table);
    let name = identifier(&column.name);
    let kind = if frozen.foreign { "FOREIGN TABLE" } else { "TABLE" };
    let mut sql = format!("ALTER {kind} {table} ALTER COLUMN {name} TYPE {}", column.type_name);
    if let Some(storage) = &column.storage {
        sql.push_str(&format!(", ALTER COLUMN {name} SET STORAGE {storage}"));
    }
    sql
}

/// Rewrites the tables that store the statistics, which would otherwise keep dead rows. A `VACUUM` without the privilege
/// succeeds, so a changed file proves that it ran.
pub(super) async fn rewrite_catalog(session: &Session, listener: &dyn Listener) -> Result<()> {
    for table in ["pg_catalog.pg_statistic", "pg_catalog.pg_statistic_ext_data"] {
        let file = format!("SELECT pg_catalog.pg_relation_filenode('{table}')::text");
        let before: Option<String> = session.query_one(&file, &[]).await?.get(0);
        let result = session.run(&format!("VACUUM FULL {table}")).await;
        let after: Option<String> = session.query_one(&file, &[]).await?.get(0);
        match result {
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => warn(listener, session, &format!("{table} could not be rewritten: {error}")),
            Ok(_) if before == after => {
                note(
                    listener,
                    session,
                    &format!(
                        "{table} was not rewritten: only the database's owner may do that; its dead rows stay, \
                     which only a superuser reading raw pages sees"
                    ),
                );
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// A table that is stale according to the server's counters.
pub(super) struct StaleTable {
    pub(super) place: String,
    /// The table itself, or the root of its partition tree.
    pub(super) root: String,
    pub(super) why: String,
}

/// Sends this session's counters to the server, and waits until they are visible.
pub(super) async fn flush(session: &Session) -> Result<()> {
    if session.major() >= 15 {
        session.run("SELECT pg_catalog.pg_stat_force_next_flush()").await?;
        return Ok(());
    }
    // Before PostgreSQL 15, a session reports to a collector process at the end of a transaction, at most every half a second,
    // and the collector writes at the same interval.
    const INTERVAL: Duration = Duration::from_millis(600);
    tokio::time::sleep(INTERVAL).await;
    session.run("SELECT").await?;
    tokio::time::sleep(INTERVAL).await;
    Ok(())
}

/// Returns the tables that are stale according to the counters.
pub(super) async fn stale_tables(session: &Session) -> Result<Vec<StaleTable>> {
    flush(session).await?;
    session.run("SELECT pg_catalog.pg_stat_clear_snapshot()").await?;
    let counting: String = session.query_one("SELECT pg_catalog.current_setting('track_counts')", &[]).await?.get(0);
    if counting != "on" {
        let why = "track_counts is off, so nothing can be verified".into();
        return Ok(vec![StaleTable { place: "all tables".into(), root: String::new(), why }]);
    }
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, rn.nspname::text, rc.relname::text, \
                 GREATEST(s.last_analyze, s.last_autoanalyze) IS NULL AS never, \
                 COALESCE(s.n_mod_since_analyze, 0) AS changed, \
                 CASE WHEN c.relkind = 'p' THEN 0 ELSE COALESCE(s.n_dead_tup, 0) END AS dead, \
                 c.relkind = 'p' AND EXISTS ( \
                     SELECT FROM pg_catalog.pg_partition_tree(c.oid::regclass) p \
                     JOIN pg_catalog.pg_stat_all_tables l ON l.relid = p.relid::oid \
                     WHERE p.isleaf AND l.last_autoanalyze > s.last_analyze) AS behind \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_class rc ON rc.oid = COALESCE( \
                 CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid::regclass)::oid END, c.oid) \
             JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace \
             LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid \
             WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' \
               AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'devdb_meta') ORDER BY 1, 2",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            let (never, behind): (bool, bool) = (row.get("never"), row.get("behind"));
            let (changed, dead): (i64, i64) = (row.get("changed"), row.get("dead"));
            let why = if never {
                "not analyzed in this clone".to_owned()
            } else if changed > 0 {
                format!("{} changed since it was analyzed", counted(changed.unsigned_abs(), "row"))
            } else if dead > 0 {
                format!("{} that VACUUM could not remove", counted(dead.unsigned_abs(), "dead row"))
            } else if behind {
                "its statistics over all partitions are older than those of the partitions".to_owned()
            } else {
                return None;
            };
            Some(StaleTable {
                place: display_name(row.get(0), row.get(1)),
                root: display_name(row.get(2), row.get(3)),
                why,
            })
        })
        .collect())
}
