//! The state of a target before a load. Nothing is written.

use std::collections::BTreeMap;

use super::error::Result;
use crate::pg::{Session, catalog, identifier};
use crate::units::counted;

/// The schemas that are not the system's, as a condition on `pg_namespace n`.
pub(super) const USER_SCHEMAS: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'";

/// The state of a target database.
#[derive(Clone, Debug, Default)]
pub(super) struct TargetState {
    /// Whether the database exists.
    pub exists: bool,
    /// Whether the role may create databases.
    pub may_create: bool,
    /// Whether the role may rename and drop this database.
    pub owns: bool,
    /// The tables by schema and name.
    pub tables: BTreeMap<(String, String), TableState>,
    /// The number of other objects, without those of a new database and of extensions.
    pub other_objects: i64,
    /// Whether it has extensions that a new database does not have.
    pub extensions: bool,
}

/// The state of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct TableState {
    /// The types of the columns, by name.
    pub columns: BTreeMap<String, String>,
    pub has_rows: bool,
}

impl TargetState {
    /// Whether the database contains nothing but extensions.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.other_objects == 0
    }

    /// Returns the tables that have rows as text: `rows in app.users and 3 other tables`; `None` if no table has rows.
    pub(super) fn rows(&self) -> Option<String> {
        let mut full = self.tables.iter().filter(|(_, table)| table.has_rows);
        let ((schema, table), _) = full.next()?;
        Some(match full.count() {
            0 => format!("rows in {schema}.{table}"),
            others => format!("rows in {schema}.{table} and {}", counted(others as u64, "other table")),
        })
    }
}

/// Returns the state of the session's database.
pub(super) async fn inspect(session: &Session) -> Result<TargetState> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d \
             WHERE d.datname = pg_catalog.current_database()",
            &[],
        )
        .await?;
    let extensions = session
        .query_one("SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql')", &[])
        .await?;
    Ok(TargetState {
        exists: true,
        may_create: may_create(session).await?,
        owns: row.get(0),
        tables: tables(session).await?,
        other_objects: other_objects(session).await?,
        extensions: extensions.get(0),
    })
}

/// Whether the role may create databases.
pub(super) async fn may_create(session: &Session) -> Result<bool> {
    let row = session
        .query_one("SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER", &[])
        .await?;
    Ok(row.get(0))
}

async fn tables(session: &Session) -> Result<BTreeMap<(String, String), TableState>> {
    let mut columns: BTreeMap<(String, String), BTreeMap<String, String>> = BTreeMap::new();
    for column in catalog::columns(session).await? {
        columns.entry((column.schema, column.table)).or_default().insert(column.name, column.declared);
    }
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0 \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p', 'f') AND {USER_SCHEMAS} AND NOT {}",
                of_extension("pg_class", "c")
            ),
            &[],
        )
        .await?;
    let mut tables = BTreeMap::new();
    for row in &rows {
        let (schema, table): (String, String) = (row.get(0), row.get(1));
        let has_rows = row.get::<_, bool>(2) && has_rows(session, &schema, &table).await?;
        let path = (schema, table);
        let columns = columns.remove(&path).unwrap_or_default();
        tables.insert(path, TableState { columns, has_rows });
    }
    Ok(tables)
}

async fn has_rows(session: &Session, schema: &str, table: &str) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM ONLY {}.{})", identifier(schema), identifier(table));
    match session.query_one(&sql, &[]).await {
        Ok(row) => Ok(row.get(0)),
        // A table with pages that the role may not read is not proven to be empty.
        Err(error) if error.is_permission_denied() => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Counts objects that are not tables, without those of a new database and of extensions.
async fn other_objects(session: &Session) -> Result<i64> {
    /// Catalog, alias, join to `pg_namespace n` (if it has a schema), condition.
    const CATALOGS: [(&str, &str, &str, &str); 8] = [
        ("pg_class", "c", "c.relnamespace", "c.relkind IN ('v', 'm', 'S', 'c')"),
        ("pg_proc", "p", "p.pronamespace", "true"),
        ("pg_type", "t", "t.typnamespace", "t.typtype IN ('d', 'e', 'r')"),
        ("pg_collation", "l", "l.collnamespace", "true"),
        ("pg_operator", "o", "o.oprnamespace", "true"),
        ("pg_ts_config", "f", "f.cfgnamespace", "true"),
        ("pg_event_trigger", "e", "", "true"),
        ("pg_foreign_server", "s", "", "true"),
    ];
    let mut counts: Vec<String> = CATALOGS
        .iter()
        .map(|(catalog, alias, namespace, condition)| {
            let (join, user) = match *namespace {
                "" => (String::new(), "true"),
                namespace => (format!("JOIN pg_catalog.pg_namespace n ON n.oid = {namespace}"), USER_SCHEMAS),
            };
            format!(
                "SELECT count(*) FROM pg_catalog.{catalog} {alias} {join} WHERE {condition} AND {user} AND NOT {}",
                of_extension(catalog, alias)
            )
        })
        .collect();
    counts.push(format!(
        "SELECT count(*) FROM pg_catalog.pg_namespace n WHERE {USER_SCHEMAS} AND n.nspname <> 'public' AND NOT {}",
        of_extension("pg_namespace", "n")
    ));
    counts.extend(
        [
            "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata",
            "SELECT count(*) FROM pg_catalog.pg_publication",
            "SELECT count(s.oid) FROM pg_catalog.pg_subscription s \
             JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = pg_catalog.current_database()",
        ]
        .map(str::to_owned),
    );
    let counts: Vec<String> = counts.iter().map(|count| format!("({count})")).collect();
    Ok(session.query_one(&format!("SELECT {}", counts.join(" + ")), &[]).await?.get(0))
}

/// Returns the condition that an object belongs to an extension.
fn of_extension(catalog: &str, alias: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass \
         AND x.objid = {alias}.oid AND x.deptype = 'e')"
    )
}
