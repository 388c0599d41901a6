//! What is there before a load, and what may be done with it. Nothing is written.

use std::collections::BTreeMap;

use super::refusal::Refusal;
use super::target::Target;
use crate::pg::{Session, catalog, identifier};
use crate::sample::TableCopy;
use crate::sample::load::error::Result;

/// Schemas that are somebody's own, as a condition on `pg_namespace n`.
pub(super) const OWN: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'";

/// A target database, looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// Whether there is a database of that name.
    pub exists: bool,
    /// The role may make databases.
    pub may_create: bool,
    /// The role may rename and drop this one.
    pub owns: bool,
    /// Its tables, with their columns and whether there is a row.
    pub tables: BTreeMap<(String, String), Contents>,
    /// How many other objects there are, but those that every database has and those of extensions.
    pub others: i64,
    /// Whether there are extensions that not every database has.
    pub extensions: bool,
}

/// What is in a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// Its columns with their types.
    pub columns: BTreeMap<String, String>,
    pub has_rows: bool,
}

/// How to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadStrategy {
    /// Into a scratch database, which takes the target's name at the end.
    Scratch,
    /// Into the target itself, schema and rows in one transaction.
    Whole,
    /// Into the tables that are there, in one transaction.
    Existing,
}

/// Looks at the target; `session` is in it.
pub(super) async fn observe(session: &Session) -> Result<Observed> {
    let mut observed = Observed { exists: true, may_create: may_create(session).await?, ..Observed::default() };
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d \
             WHERE d.datname = pg_catalog.current_database()",
            &[],
        )
        .await?;
    observed.owns = row.get(0);
    let mut columns: BTreeMap<(String, String), BTreeMap<String, String>> = BTreeMap::new();
    for column in catalog::columns(session).await? {
        columns.entry((column.schema, column.table)).or_default().insert(column.name, column.declared);
    }
    let tables = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0 \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p', 'f') AND {OWN} AND NOT {}",
                of_extension("pg_class", "c")
            ),
            &[],
        )
        .await?;
    for row in &tables {
        let (schema, table): (String, String) = (row.get(0), row.get(1));
        let has_rows = row.get::<_, bool>(2) && has_rows(session, &schema, &table).await?;
        let place = (schema, table);
        let columns = columns.remove(&place).unwrap_or_default();
        observed.tables.insert(place, Contents { columns, has_rows });
    }
    let row = session
        .query_one(
            &format!(
                "SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                         WHERE c.relkind IN ('v', 'm', 'S', 'c') AND {OWN} AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
                         WHERE {OWN} AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
                         WHERE t.typtype IN ('d', 'e', 'r') AND {OWN} AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace \
                         WHERE {OWN} AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace \
                         WHERE {OWN} AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_ts_config f JOIN pg_catalog.pg_namespace n ON n.oid = f.cfgnamespace \
                         WHERE {OWN} AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_event_trigger e WHERE NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_foreign_server s WHERE NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_namespace n WHERE {OWN} AND n.nspname <> 'public' AND NOT {}) \
                      + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata) \
                      + (SELECT count(*) FROM pg_catalog.pg_publication) \
                      + (SELECT count(s.oid) FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid \
                         WHERE d.datname = pg_catalog.current_database()), \
                        EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql')",
                of_extension("pg_class", "c"),
                of_extension("pg_proc", "p"),
                of_extension("pg_type", "t"),
                of_extension("pg_collation", "l"),
                of_extension("pg_operator", "o"),
                of_extension("pg_ts_config", "f"),
                of_extension("pg_event_trigger", "e"),
                of_extension("pg_foreign_server", "s"),
                of_extension("pg_namespace", "n"),
            ),
            &[],
        )
        .await?;
    (observed.others, observed.extensions) = (row.get(0), row.get(1));
    Ok(observed)
}

impl Observed {
    /// Whether there is nothing but extensions.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.others == 0
    }

    /// Which tables have rows, in words; none when none has.
    pub(super) fn rows(&self) -> Option<String> {
        let mut full = self.tables.iter().filter(|(_, contents)| contents.has_rows);
        let ((schema, table), _) = full.next()?;
        Some(match full.count() {
            0 => format!("rows in {schema}.{table}"),
            others => format!("rows in {schema}.{table} and {others} other tables"),
        })
    }
}

/// Whether the role may make databases.
pub(super) async fn may_create(session: &Session) -> Result<bool> {
    let row = session
        .query_one("SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER", &[])
        .await?;
    Ok(row.get(0))
}

/// Whether an object belongs to an extension, as a condition.
fn of_extension(catalog: &str, alias: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass \
         AND x.objid = {alias}.oid AND x.deptype = 'e')"
    )
}

async fn has_rows(session: &Session, schema: &str, table: &str) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM ONLY {}.{})", identifier(schema), identifier(table));
    match session.query_one(&sql, &[]).await {
        Ok(row) => Ok(row.get(0)),
        // A table that we may not read and that has pages is not proved empty.
        Err(error) if error.sqlstate() == Some("42501") => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Decides how to load.
///
/// # Errors
/// Why the target must not be loaded into.
pub(super) fn decide(
    observed: &Observed,
    target: &Target,
    wanted: &[TableCopy],
    replace: bool,
) -> Result<LoadStrategy, Refusal> {
    let (name, user) = (target.name(), target.credentials.user.clone());
    if !observed.exists {
        return if observed.may_create {
            Ok(LoadStrategy::Scratch)
        } else {
            Err(Refusal::Missing { target: name, user })
        };
    }
    let scratch = observed.may_create && observed.owns;
    if observed.is_empty() {
        // Extensions may have been made by somebody with more rights than ours: they stay.
        return Ok(if scratch && !observed.extensions { LoadStrategy::Scratch } else { LoadStrategy::Whole });
    }
    let misfit = wanted.iter().find_map(|table| misfit(observed, table));
    match (observed.rows(), misfit) {
        // Tables that migrations have made, without rows: what they made is kept.
        (None, None) => Ok(LoadStrategy::Existing),
        (rows, misfit) if !replace => {
            let other = || format!("other tables than the sample: {}", misfit.unwrap_or_default());
            let found = rows.unwrap_or_else(other);
            Err(Refusal::NotEmpty { target: name, found })
        }
        _ if scratch => Ok(LoadStrategy::Scratch),
        (_, None) => Ok(LoadStrategy::Existing),
        (_, Some(why)) => Err(Refusal::NoWay { target: name, user, why }),
    }
}

/// Why a table of the sample does not fit into what is there.
fn misfit(observed: &Observed, table: &TableCopy) -> Option<String> {
    let Some(there) = observed.tables.get(&(table.schema.clone(), table.table.clone())) else {
        return Some(format!("it has no table {}", table.path()));
    };
    table.columns.iter().zip(&table.types).find_map(|(column, wanted)| match there.columns.get(column) {
        None => Some(format!("its table {} has no column {column}", table.path())),
        // The bytes of one type may be values of another.
        Some(found) if unbounded(found) != unbounded(wanted) => {
            Some(format!("its column {}.{column} is {found}, the sample's is {wanted}", table.path()))
        }
        Some(_) => None,
    })
}

/// A type without its longest length, which the server holds by itself; it rounds silently to a precision.
fn unbounded(declared: &str) -> &str {
    let varchar = r#""pg_catalog"."varchar""#;
    if declared.starts_with(&format!("{varchar}(")) && !declared.ends_with("[]") { varchar } else { declared }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::tunnel::Dial;
    use crate::pg::{Credentials, Trust};

    fn target() -> Target {
        Target {
            host: "h".into(),
            port: 1,
            dial: Dial { address: ([127, 0, 0, 1], 1).into(), server_name: None },
            trust: Trust::load(None).unwrap(),
            credentials: Credentials { user: "u".into(), password: "p".to_owned().into() },
            database: "app".into(),
        }
    }

    fn wanted() -> TableCopy {
        TableCopy {
            schema: "app".into(),
            table: "t".into(),
            columns: vec!["id".into()],
            types: vec!["t".into()],
            binary: false,
            rows: 0,
            bytes: 0,
        }
    }

    fn there(has_rows: bool) -> Observed {
        let contents = Contents { columns: [("id".to_owned(), "t".to_owned())].into(), has_rows };
        Observed {
            exists: true,
            tables: [(("app".to_owned(), "t".to_owned()), contents)].into(),
            others: 1,
            ..Observed::default()
        }
    }

    #[test]
    fn what_is_there_decides_the_way() {
        let way = |observed: &Observed, replace| decide(observed, &target(), &[wanted()], replace);
        let able = |observed: Observed| Observed { may_create: true, owns: true, ..observed };
        let empty = Observed { exists: true, ..Observed::default() };
        assert!(matches!(way(&Observed::default(), true), Err(Refusal::Missing { .. })));
        assert_eq!(way(&Observed { may_create: true, ..Observed::default() }, false), Ok(LoadStrategy::Scratch));
        assert_eq!(way(&empty, false), Ok(LoadStrategy::Whole));
        assert_eq!(way(&able(empty.clone()), false), Ok(LoadStrategy::Scratch));
        assert_eq!(way(&Observed { may_create: true, ..empty }, false), Ok(LoadStrategy::Whole));
        assert_eq!(way(&able(there(false)), false), Ok(LoadStrategy::Existing));
        assert!(matches!(way(&able(there(true)), false), Err(Refusal::NotEmpty { .. })));
        assert_eq!(way(&able(there(true)), true), Ok(LoadStrategy::Scratch));
        assert_eq!(way(&there(true), true), Ok(LoadStrategy::Existing));
        let mut other = there(true);
        other.tables.clear();
        assert!(matches!(way(&other, false), Err(Refusal::NotEmpty { .. })));
        assert!(matches!(way(&other, true), Err(Refusal::NoWay { .. })));
    }
}
