//! Extensions that connect to other servers from SQL, and languages whose functions may do anything.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};
use crate::units::counted;

/// Extensions whose purpose is to connect to other servers. `postgres_fdw` and the like are not listed: without a foreign
/// server they connect to nothing.
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
        "extensions that send requests from SQL (dblink, http, pg_net, aws_lambda, aws_s3, …) are dropped with everything \
         that depends on them; functions that call them fail from then on"
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
                // IF EXISTS: dropping another extension may have dropped this one.
                let drop = format!("DROP EXTENSION IF EXISTS {} CASCADE", identifier(&name));
                Finding {
                    description: format!("extension {name} {version}"),
                    effect: "dropped",
                    owner,
                    remedy: format!("run {drop} as its owner or a superuser"),
                    defusals: vec![drop],
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
        "functions in untrusted languages (plpython3u, plperlu, …) can open any connection, and devdb cannot tell what they \
         do; they block publication until a script drops them or they are kept with a reason"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // C and internal functions need a library on the server, which a snapshot does not carry.
        // Functions of an extension do not act by themselves.
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
                    description: format!(
                        "{} in {language}, such as {first}",
                        counted(functions.unsigned_abs(), "function")
                    ),
                    effect: "dropped",
                    owner: None,
                    defusals: vec![],
                    blocks: true,
                    remedy:
                        "drop them in a script of 00-secure, or review them and keep untrusted-languages with a reason \
                             under `hazards:`"
                            .into(),
                }
            })
            .collect())
    }
}
