//! Extensions that let SQL talk to other servers, and languages whose functions may do anything.

use async_trait::async_trait;

use super::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

/// Extensions whose purpose is to reach other servers. `postgres_fdw` and its like are missing on
/// purpose: without a foreign server they reach nothing.
const OUTBOUND: [&str; 14] = [
    "amqp",
    "aws_commons",
    "aws_lambda",
    "aws_ml",
    "aws_s3",
    "azure_ai",
    "azure_storage",
    "dblink",
    "google_ml_integration",
    "http",
    "pg_curl",
    "pg_net",
    "pgmemcache",
    "plproxy",
];

pub(super) struct OutboundExtensions;

#[async_trait]
impl Hazard for OutboundExtensions {
    fn name(&self) -> &'static str {
        "outbound-extensions"
    }

    fn about(&self) -> &'static str {
        "extensions that send requests from SQL (dblink, http, pg_net, aws_lambda, aws_s3, …) are dropped with all that \
         depends on them; functions that call them fail from then on"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        let names: &[&str] = &OUTBOUND;
        let rows = session
            .query(
                "SELECT e.extname::text, e.extversion, r.rolname::text FROM pg_catalog.pg_extension e \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = e.extowner \
                 WHERE e.extname::text = ANY ($1) ORDER BY e.extname",
                &[&names],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (name, version, owner): (String, String, Option<String>) = (row.get(0), row.get(1), row.get(2));
                // Without the condition an extension that went with another one would be an error.
                let drop = format!("DROP EXTENSION IF EXISTS {} CASCADE", identifier(&name));
                Finding {
                    what: format!("extension {name} {version}"),
                    done: "dropped",
                    owner,
                    remedy: format!("run {drop} as its owner or a superuser"),
                    ways: vec![drop],
                    blocks: true,
                }
            })
            .collect())
    }
}

pub(super) struct UntrustedLanguages;

#[async_trait]
impl Hazard for UntrustedLanguages {
    fn name(&self) -> &'static str {
        "untrusted-languages"
    }

    fn about(&self) -> &'static str {
        "functions in untrusted languages (plpython3u, plperlu, …) can open any connection; nobody but their authors \
         knows what they do, so they are named and block until a script drops them or they are kept with a reason"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // C and internal functions need a library on the server, which a snapshot does not carry.
        // Functions of an extension are its makers' and do not act by themselves.
        let rows = session
            .query(
                "SELECT l.lanname::text, pg_catalog.count(*), \
                     pg_catalog.min(pg_catalog.format('%s.%s', n.nspname, p.proname)) \
                 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
                 JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
                 WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('c', 'internal') AND NOT EXISTS ( \
                     SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e' \
                       AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass) \
                 GROUP BY l.lanname ORDER BY l.lanname",
                &[],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (language, functions, first): (String, i64, String) = (row.get(0), row.get(1), row.get(2));
                Finding {
                    what: format!("functions in {language}: {functions}, such as {first}"),
                    done: "dropped",
                    owner: None,
                    ways: vec![],
                    blocks: true,
                    remedy:
                        "look at them: drop them in a script of 00-secure, or keep untrusted-languages with a reason \
                             under `hazards:`"
                            .into(),
                }
            })
            .collect())
    }
}
