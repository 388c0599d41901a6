//! Foreign servers: a `SELECT` on a foreign table would read production, an `INSERT` would write to it.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};
use crate::units::counted;

pub(super) struct ForeignServers;

/// A host that cannot exist: the domain `.invalid` is reserved for that (RFC 2606).
const NOWHERE: &str = "devdb.invalid";

/// Foreign data wrappers that take libpq's connection options.
const LIBPQ_WRAPPERS: [&str; 2] = ["postgres_fdw", "dblink_fdw"];

/// libpq options that address a server besides `host`, which is set to [`NOWHERE`]; these are removed.
const ADDRESS_OPTIONS: [&str; 3] = ["hostaddr", "service", "servicefile"];

#[async_trait]
impl Hazard for ForeignServers {
    fn name(&self) -> &'static str {
        "foreign-servers"
    }

    fn about(&self) -> &'static str {
        "a foreign server connects to production, and its user mappings hold passwords; the mappings are dropped and \
         a PostgreSQL server's host is set to devdb.invalid, so that foreign tables and views on them keep their \
         shape; a server of any other wrapper is dropped with its foreign tables"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        let rows = session
            .query(
                "SELECT s.srvname::text, w.fdwname::text, r.rolname::text, \
                     ARRAY(SELECT o.option_name FROM pg_catalog.pg_options_to_table(s.srvoptions) o) AS names, \
                     (SELECT o.option_value FROM pg_catalog.pg_options_to_table(s.srvoptions) o \
                      WHERE o.option_name = 'host') AS host, \
                     ARRAY(SELECT CASE WHEN m.umuser = 0 THEN NULL ELSE m.usename::text END \
                           FROM pg_catalog.pg_user_mappings m WHERE m.srvid = s.oid) AS mappings, \
                     (SELECT pg_catalog.count(*) FROM pg_catalog.pg_foreign_table t WHERE t.ftserver = s.oid) AS tables \
                 FROM pg_catalog.pg_foreign_server s \
                 JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.srvowner ORDER BY s.srvname",
                &[],
            )
            .await?;
        Ok(rows.iter().filter_map(finding).collect())
    }
}

fn finding(row: &Row) -> Option<Finding> {
    let (server, wrapper, owner): (String, String, Option<String>) =
        (row.get("srvname"), row.get("fdwname"), row.get("rolname"));
    let (options, host): (Vec<String>, Option<String>) = (row.get("names"), row.get("host"));
    let (mappings, tables): (Vec<Option<String>>, i64) = (row.get("mappings"), row.get("tables"));
    let name = identifier(&server);
    let drop = format!("DROP SERVER {name} CASCADE");
    let mut defusals = Vec::new();
    if LIBPQ_WRAPPERS.contains(&wrapper.as_str()) {
        let addresses: Vec<&String> =
            options.iter().filter(|option| ADDRESS_OPTIONS.contains(&option.as_str())).collect();
        if host.as_deref() == Some(NOWHERE) && addresses.is_empty() && mappings.is_empty() {
            return None;
        }
        let mut statements: Vec<String> = mappings
            .iter()
            .map(|role| {
                let role = role.as_deref().map_or_else(|| "PUBLIC".to_owned(), identifier);
                format!("DROP USER MAPPING IF EXISTS FOR {role} SERVER {name}")
            })
            .collect();
        let verb = if host.is_some() { "SET" } else { "ADD" };
        let dropped: String = addresses.iter().map(|option| format!(", DROP {}", identifier(option))).collect();
        statements.push(format!("ALTER SERVER {name} OPTIONS ({verb} host '{NOWHERE}'{dropped})"));
        defusals.push(statements.join("; "));
    }
    defusals.push(drop.clone());
    Some(Finding {
        description: format!(
            "foreign server {server:?} ({wrapper}) with {} and {}",
            counted(mappings.len() as u64, "user mapping"),
            counted(tables.unsigned_abs(), "foreign table")
        ),
        effect: if defusals.len() > 1 {
            "pointed at devdb.invalid and stripped of its user mappings"
        } else {
            "dropped with its foreign tables"
        },
        owner,
        defusals,
        blocks: true,
        remedy: format!("run {drop} as its owner or a superuser, or alter its options in a script of 00-secure"),
    })
}
