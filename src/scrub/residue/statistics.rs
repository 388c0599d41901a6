//! The planner's statistics: most common values and histograms of production, in clear.

use std::time::Duration;

use super::dummy;
use super::{note, warn};
use crate::event::Listener;
use crate::pg::as_owner::{AssumedRole, run_as_owner};
use crate::pg::{Result, Session, display_name, identifier, literal, qualified_name};

/// Columns whose statistics `ANALYZE` does not touch: of a table without rows (it has nothing to
/// compute, and keeps the old ones), of a foreign table, or with a statistics target of 0.
pub(super) struct Stuck {
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
    /// Its type with its collation, as `ALTER COLUMN … TYPE` takes it.
    kind: String,
    /// Its storage, when it is not what the type brings.
    storage: Option<String>,
}

impl Stuck {
    pub(super) fn display_name(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        format!("{} ({})", display_name(&self.schema, &self.table), columns.join(", "))
    }
}

/// Finds them. `pg_stats` shows a table's statistics to those who may read the table, so that those of
/// others are looked at with their owner's rights.
pub(super) async fn stuck(session: &Session) -> Result<Vec<Stuck>> {
    let mut found = Vec::new();
    for owner in owners(session).await? {
        let assumed = match &owner {
            (Some(role), false) => match AssumedRole::assume(session, role).await {
                Ok(assumed) => Some(assumed),
                Err(error) if error.is_disconnect() => return Err(error),
                // Without the right to read its tables we see what developers see.
                Err(_) => None,
            },
            _ => None,
        };
        let rows = stuck_of(session, owner.0.as_deref()).await;
        if let Some(assumed) = assumed {
            assumed.release(session).await?;
        }
        found.extend(rows?);
    }
    Ok(found)
}

/// Owners of relations, each with whether we have its rights anyway.
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

async fn stuck_of(session: &Session, owner: Option<&str>) -> Result<Vec<Stuck>> {
    // After VACUUM the number of rows of an empty table is 0, not unknown. Only entries that quote
    // values count. The values of a list's partition key stand in the schema itself, and those of other
    // keys that are numbers, times or ids say nothing without their rows; a key cannot be altered.
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
    let mut found: Vec<Stuck> = Vec::new();
    for row in &rows {
        let (schema, table): (String, String) = (row.get(0), row.get(1));
        let column = Column { name: row.get(3), inherited: row.get(4), kind: row.get(5), storage: row.get(6) };
        match found.last_mut() {
            Some(last) if last.schema == schema && last.table == table => last.columns.push(column),
            _ => found.push(Stuck {
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

/// Removes them. What resists is found again by [`stuck`].
pub(super) async fn clear_stuck(session: &Session, listener: &dyn Listener) -> Result<()> {
    let mut cleared = 0;
    for stuck in stuck(session).await? {
        for column in &stuck.columns {
            match clear_column(session, &stuck, column).await {
                Ok(()) => cleared += 1,
                Err(error) if error.is_disconnect() => return Err(error),
                Err(error) => {
                    let column = format!("{}.{}", display_name(&stuck.schema, &stuck.table), column.name);
                    warn(listener, session, &format!("the statistics of {column} could not be removed: {error}"));
                }
            }
        }
    }
    if cleared > 0 {
        note(listener, session, &format!("statistics removed that ANALYZE leaves alone, columns: {cleared}"));
    }
    Ok(())
}

async fn clear_column(session: &Session, stuck: &Stuck, column: &Column) -> Result<()> {
    let owner = stuck.owner.as_deref();
    let first = run_as_owner(session, owner, &removal(session.major(), stuck, column)).await;
    match first {
        // A view, a policy or a partition key holds the type where it is: a row without values takes
        // the place of the old ones in the statistics.
        Err(error) if stuck.empty && !stuck.foreign && !error.is_disconnect() => {
            let sql =
                dummy::analyze_with_a_row(session, stuck.oid, &qualified_name(&stuck.schema, &stuck.table)).await?;
            run_as_owner(session, owner, &sql).await.map(drop)
        }
        other => other.map(drop),
    }
}

/// From PostgreSQL 18 on there is a function. Before, a change of the column's type to itself, which
/// rewrites nothing, drops its statistics.
fn removal(major: u32, stuck: &Stuck, column: &Column) -> String {
    if major >= 18 {
        return format!(
            "SELECT pg_catalog.pg_clear_attribute_stats({}, {}, {}, {})",
            literal(&stuck.schema),
            literal(&stuck.table),
            literal(&column.name),
            column.inherited
        );
    }
    let table = qualified_name(&stuck.schema, &stuck.table);
    let name = identifier(&column.name);
    let kind = if stuck.foreign { "FOREIGN TABLE" } else { "TABLE" };
    let mut sql = format!("ALTER {kind} {table} ALTER COLUMN {name} TYPE {}", column.kind);
    if let Some(storage) = &column.storage {
        sql.push_str(&format!(", ALTER COLUMN {name} SET STORAGE {storage}"));
    }
    sql
}

/// Rewrites the statistics' own tables: old versions of their rows stay in them otherwise. A `VACUUM`
/// that is not allowed says so to nobody, so the proof is that the file changed.
pub(super) async fn rewrite_catalog(session: &Session, listener: &dyn Listener) -> Result<()> {
    for table in ["pg_catalog.pg_statistic", "pg_catalog.pg_statistic_ext_data"] {
        let file = format!("SELECT pg_catalog.pg_relation_filenode('{table}')::text");
        let before: Option<String> = session.query_one(&file, &[]).await?.get(0);
        let result = session.run(&format!("VACUUM FULL {table}")).await;
        let after: Option<String> = session.query_one(&file, &[]).await?.get(0);
        match result {
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => warn(listener, session, &format!("{table} could not be rewritten: {error}")),
            Ok(_) if before == after => {
                note(
                    listener,
                    session,
                    &format!(
                        "{table} was not rewritten: only the database's owner may; dead versions of \
                     its rows are left, which only a superuser reading raw pages sees"
                    ),
                );
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// A table that the server's counters do not show to be in order.
pub(super) struct Counted {
    pub(super) place: String,
    /// The table itself, or the root of its partition tree.
    pub(super) root: String,
    pub(super) why: String,
}

/// Hands what this session has counted to the server, and waits until it can be seen.
pub(super) async fn flush(session: &Session) -> Result<()> {
    if session.major() >= 15 {
        session.run("SELECT pg_catalog.pg_stat_force_next_flush()").await?;
        return Ok(());
    }
    // Before, a session tells a collector process at the end of a transaction, but at most every half a
    // second, and the collector writes as often.
    const INTERVAL: Duration = Duration::from_millis(600);
    tokio::time::sleep(INTERVAL).await;
    session.run("SELECT").await?;
    tokio::time::sleep(INTERVAL).await;
    Ok(())
}

/// Tables that the counters do not show to be in order.
pub(super) async fn counters(session: &Session) -> Result<Vec<Counted>> {
    flush(session).await?;
    session.run("SELECT pg_catalog.pg_stat_clear_snapshot()").await?;
    let counting: String = session.query_one("SELECT pg_catalog.current_setting('track_counts')", &[]).await?.get(0);
    if counting != "on" {
        let why = "track_counts is off, so that nothing can be read back".into();
        return Ok(vec![Counted { place: "all tables".into(), root: String::new(), why }]);
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
                "it was not analyzed in this clone".to_owned()
            } else if changed > 0 {
                format!("rows changed since it was analyzed: {changed}")
            } else if dead > 0 {
                format!("dead rows that could not be removed: {dead}")
            } else if behind {
                "its statistics over all partitions are older than theirs".to_owned()
            } else {
                return None;
            };
            Some(Counted {
                place: display_name(row.get(0), row.get(1)),
                root: display_name(row.get(2), row.get(3)),
                why,
            })
        })
        .collect())
}
