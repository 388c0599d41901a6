//! Secrets in settings: `ALTER ROLE … SET app.jwt_secret = …` is stored in a catalog that every role may read.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

pub(super) struct SecretSettings;

/// Names of custom settings (those with a dot) that hold secrets.
const SECRET_NAME: &str =
    "(secret|token|passw|credential|api_?key|private_?key|encryption_?key|(^|[._])(key|jwt|pwd)$|_key$)";

/// Values that hold a password whatever the setting's name: a URL with one, or libpq's key-value form.
const SECRET_VALUE: &str = "(://[^/@[:space:]]*:[^/@[:space:]]+@|password[[:space:]]*=)";

#[async_trait]
impl Hazard for SecretSettings {
    fn name(&self) -> &'static str {
        "secret-settings"
    }

    fn about(&self) -> &'static str {
        "passwords, tokens and keys set by ALTER ROLE or ALTER DATABASE can be read by every role; they are reset"
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
    // `app.x` is two identifiers, quoted separately.
    let name = setting.split('.').map(identifier).collect::<Vec<_>>().join(".");
    let (target, scope) = match (&role, &database) {
        (Some(role), Some(database)) => (
            format!("ROLE {} IN DATABASE {}", identifier(role), identifier(database)),
            format!("role {role} in this database"),
        ),
        (Some(role), None) => (format!("ROLE {}", identifier(role)), format!("role {role}")),
        (None, Some(database)) => (format!("DATABASE {}", identifier(database)), "this database".to_owned()),
        (None, None) => ("ROLE ALL".to_owned(), "all roles".to_owned()),
    };
    let reset = format!("ALTER {target} RESET {name}");
    Finding {
        description: format!("setting {setting} of {scope}"),
        effect: "reset",
        // A role may reset its own settings; only the owner may reset those of a database.
        owner: role.or(owner),
        remedy: format!("run {reset} as a superuser"),
        defusals: vec![reset],
        blocks: true,
    }
}
