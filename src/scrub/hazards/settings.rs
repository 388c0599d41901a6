//! Secrets in settings: `ALTER ROLE … SET app.jwt_secret = …` stands in a catalog that everybody may
//! read.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

pub(super) struct SecretSettings;

/// Names of a team's own settings (those with a dot) that hold secrets.
const SECRET_NAME: &str =
    "(secret|token|passw|credential|api_?key|private_?key|encryption_?key|(^|[._])(key|jwt|pwd)$|_key$)";

/// Values that hold a password whatever the setting is called: a URL with one, or libpq's form.
const SECRET_VALUE: &str = "(://[^/@[:space:]]*:[^/@[:space:]]+@|password[[:space:]]*=)";

#[async_trait]
impl Hazard for SecretSettings {
    fn name(&self) -> &'static str {
        "secret-settings"
    }

    fn about(&self) -> &'static str {
        "passwords, tokens and keys set by ALTER ROLE or ALTER DATABASE can be read by everybody; they are reset"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        let rows = session
            .query(
                "SELECT d.datname::text AS database, r.rolname::text AS role, o.rolname::text AS owner, \
                     pg_catalog.split_part(c.entry, '=', 1) AS setting \
                 FROM pg_catalog.pg_db_role_setting s \
                 CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c(entry) \
                 LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
                 LEFT JOIN pg_catalog.pg_roles o ON o.oid = d.datdba \
                 WHERE (s.setdatabase = 0 OR d.datname = pg_catalog.current_database()) \
                   AND ((c.entry ~ '^[^=]*\\.' AND pg_catalog.split_part(c.entry, '=', 1) ~* $1) \
                     OR pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) ~* $2) \
                 ORDER BY 1, 2, 4",
                &[&SECRET_NAME, &SECRET_VALUE],
            )
            .await?;
        Ok(rows.iter().map(finding).collect())
    }
}

fn finding(row: &Row) -> Finding {
    let (database, role): (Option<String>, Option<String>) = (row.get("database"), row.get("role"));
    let (owner, setting): (Option<String>, String) = (row.get("owner"), row.get("setting"));
    // `app.x` is two identifiers.
    let name = setting.split('.').map(identifier).collect::<Vec<_>>().join(".");
    let (of, words) = match (&role, &database) {
        (Some(role), Some(database)) => (
            format!("ROLE {} IN DATABASE {}", identifier(role), identifier(database)),
            format!("role {role} in this database"),
        ),
        (Some(role), None) => (format!("ROLE {}", identifier(role)), format!("role {role}")),
        (None, Some(database)) => (format!("DATABASE {}", identifier(database)), "this database".to_owned()),
        (None, None) => ("ROLE ALL".to_owned(), "all roles".to_owned()),
    };
    let reset = format!("ALTER {of} RESET {name}");
    Finding {
        what: format!("setting {setting} of {words}"),
        done: "reset",
        // A role may reset its own settings; those of a database are its owner's.
        owner: role.or(owner),
        remedy: format!("run {reset} as a superuser"),
        ways: vec![reset],
        blocks: true,
    }
}
