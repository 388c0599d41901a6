//! Reads back which logins and sessions are still open.

use std::collections::BTreeSet;

use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::{Result, Session, identifier};

/// A role that is not allowed but can still log in or has open sessions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenLogin {
    /// Name of the role.
    pub role: String,
    /// Databases that it can connect to.
    pub databases: Vec<String>,
    /// Number of its sessions.
    pub sessions: i64,
    /// Whether it can open replication connections. They need no database, so only the role itself can be closed.
    pub replicates: bool,
    /// Why it could not be closed, and what to do.
    pub why: String,
}

/// Returns the open logins; empty if every role that is not allowed is locked out.
pub async fn still_open(session: &Session, allowed: &BTreeSet<String>, internal: &[String]) -> Result<Vec<OpenLogin>> {
    apply_strict_settings(session).await?;
    let open = read(session, allowed, internal).await?;
    reset_settings(session).await?;
    Ok(open)
}

/// Returns the roles that may log in.
pub(super) fn permitted(allowed: &BTreeSet<String>, internal: &[String]) -> Vec<String> {
    allowed.iter().chain(internal).cloned().collect()
}

/// Reads the open logins under the session's current settings.
pub(super) async fn read(session: &Session, allowed: &BTreeSet<String>, internal: &[String]) -> Result<Vec<OpenLogin>> {
    let permitted = permitted(allowed, internal);
    // A superuser has every privilege, hence all databases. RDS protects its own database by pg_hba.conf, which SQL does not
    // show.
    let rows = session
        .query(
            "SELECT r.rolname::text, r.rolsuper, r.rolcanlogin AND r.rolreplication, \
                 CASE WHEN r.rolcanlogin THEN ARRAY( \
                     SELECT d.datname::text FROM pg_catalog.pg_database d \
                     WHERE d.datallowconn AND NOT (d.datname = 'rdsadmin' AND pg_catalog.pg_get_userbyid(d.datdba) = 'rdsadmin') \
                       AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT') ORDER BY d.datname) \
                 ELSE '{}' END, \
                 (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a \
                  WHERE a.usesysid = r.oid) \
             FROM pg_catalog.pg_roles r \
             WHERE r.rolname <> SESSION_USER AND r.rolname::text <> ALL ($1) ORDER BY r.rolname",
            &[&permitted],
        )
        .await?;
    let mut open = Vec::new();
    for row in &rows {
        let (role, superuser, replication): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        let (databases, sessions): (Vec<String>, i64) = (row.get(3), row.get(4));
        // A replication connection needs no database, so no REVOKE prevents it.
        if databases.is_empty() && sessions == 0 && !replication {
            continue;
        }
        let why = resistance(session.major(), &role, superuser, replication, databases.is_empty() && !replication);
        open.push(OpenLogin { role, databases, sessions, replicates: replication, why });
    }
    Ok(open)
}

/// Returns why a role could not be closed, from the server's version and the role's attributes.
fn resistance(major: u32, role: &str, superuser: bool, replication: bool, only_sessions: bool) -> String {
    let name = identifier(role);
    if only_sessions {
        format!(
            "its sessions could not be terminated: grant pg_signal_backend to the master user, or terminate those of {name} as a superuser"
        )
    } else if superuser {
        format!(
            "it is a superuser, which only a superuser may alter: run ALTER ROLE {name} NOLOGIN on production, or allow it"
        )
    } else if replication && major < 16 {
        format!(
            "it has REPLICATION, which before PostgreSQL 16 only a superuser may alter: ALTER ROLE {name} NOREPLICATION on production"
        )
    } else if major >= 16 {
        format!(
            "the master user has no ADMIN OPTION on it: run GRANT {name} TO <master user> WITH ADMIN OPTION on production, or drop the role there"
        )
    } else {
        "the master user has no CREATEROLE".to_owned()
    }
}
