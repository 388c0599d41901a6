//! Foreign servers: a `SELECT` on a foreign table would read, and an `INSERT` write, production.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

pub(super) struct ForeignServers;

/// A host that cannot exist: `.invalid` is reserved for that (RFC 2606).
const NOWHERE: &str = "devdb.invalid";

/// Wrappers that take the connection options of libpq.
const LIBPQ_WRAPPERS: [&str; 2] = ["postgres_fdw", "dblink_fdw"];

/// Options of libpq that lead to a server; `host` alone is set to [`NOWHERE`], these are removed.
const OTHER_ADDRESSES: [&str; 3] = ["hostaddr", "service", "servicefile"];

#[async_trait]
impl Hazard for ForeignServers {
    fn name(&self) -> &'static str {
        "foreign-servers"
    }

    fn about(&self) -> &'static str {
        "a foreign server leads to production, and its user mappings hold passwords; the mappings are dropped and \
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
    let mut ways = Vec::new();
    if LIBPQ_WRAPPERS.contains(&wrapper.as_str()) {
        let strays: Vec<&String> = options.iter().filter(|option| OTHER_ADDRESSES.contains(&option.as_str())).collect();
        if host.as_deref() == Some(NOWHERE) && strays.is_empty() && mappings.is_empty() {
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
        let dropped: String = strays.iter().map(|option| format!(", DROP {}", identifier(option))).collect();
        statements.push(format!("ALTER SERVER {name} OPTIONS ({verb} host '{NOWHERE}'{dropped})"));
        ways.push(statements.join("; "));
    }
    ways.push(drop.clone());
    Some(Finding {
        what: format!(
            "foreign server {server:?} ({wrapper}), user mappings: {}, foreign tables: {tables}",
            mappings.len()
        ),
        done: if ways.len() > 1 {
            "pointed at devdb.invalid, its user mappings dropped"
        } else {
            "dropped with its foreign tables"
        },
        owner,
        ways,
        blocks: true,
        remedy: format!("run {drop} as its owner or a superuser, or alter its options in a script of 00-secure"),
    })
}
