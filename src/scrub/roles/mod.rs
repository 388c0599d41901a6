//! Who may log in. Default-deny: every login role that is not allowed by name ends unable to log in,
//! and the end state is read back, because a statement that reports success may have changed nothing.
//!
//! To a role that exists only `NOLOGIN`, `PASSWORD`, `VALID UNTIL` and `CONNECTION LIMIT` are ever
//! sent: servers refuse the other attributes to a master that is no superuser even when nothing
//! would change.

mod access;
mod ensure;
mod passwords;

use std::collections::BTreeSet;

use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::terminate::terminate_session;
use crate::pg::{self, Session, identifier};

pub use ensure::{ensure_roles, grant};
pub use passwords::set_passwords;

/// Roles by which Amazon RDS itself logs in. A role that is merely named like them is closed.
pub const RDS_INTERNAL: [&str; 6] =
    ["rdsadmin", "rdsrepladmin", "rdstopmgr", "rdsproxyadmin", "rdswriteforwarduser", "rdsmon"];

/// What went wrong with a role.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A role's password could not be set.
    #[error("the password of the role {role} cannot be set: {source}")]
    Password {
        /// The role.
        role: String,
        /// Why.
        source: pg::Error,
    },
    /// A configured role could not be made or given what it should have.
    #[error("the role {role} cannot be given {what}: {source}")]
    Ensure {
        /// The role.
        role: String,
        /// What it should get.
        what: String,
        /// Why.
        source: pg::Error,
    },
    /// A configured login role exists, but may not log in.
    #[error("the role {role} is configured to log in, but exists in the snapshot as one that may not")]
    CannotLogIn {
        /// The role.
        role: String,
    },
    /// An entry of `grants` holds more than the middle of one `GRANT`.
    #[error("the grant {entry:?} of the role {role} is not the middle of one GRANT statement")]
    Entry {
        /// The role.
        role: String,
        /// The entry.
        entry: String,
    },
    /// Anything else the server said.
    #[error(transparent)]
    Server(#[from] pg::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Password { role, .. } => Some(format!(
                "on PostgreSQL 16 and newer the master user needs ADMIN OPTION: run on production, as a superuser or the \
                 role's creator, GRANT {} TO <master user> WITH ADMIN OPTION; or take the role off `roles.allow`",
                identifier(role)
            )),
            Error::Ensure { .. } => {
                Some("let a script of 00-secure do it as the object's owner, or correct `roles.ensure`".into())
            }
            Error::CannotLogIn { .. } => Some("choose another name under `roles.ensure`".into()),
            Error::Entry { .. } => Some("write for example: SELECT ON ALL TABLES IN SCHEMA app".into()),
            Error::Server(_) => None,
        };
        let failure = Failure::new(Exit::Unexpected, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// A login that is still possible, or a session that still goes on, of a role that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenLogin {
    /// The role.
    pub role: String,
    /// Databases it can connect to.
    pub databases: Vec<String>,
    /// Sessions it has.
    pub sessions: i64,
    /// Why it could not be closed, and what to do, in words.
    pub why: String,
}

/// What [`close_logins`] did.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    /// Roles that may no longer log in.
    pub closed: Vec<String>,
    /// Roles that could not be altered, but may connect to no database any more.
    pub locked_out: Vec<String>,
    /// What is still open; a clone with any of it is not published.
    pub open: Vec<OpenLogin>,
    /// Sessions that were ended.
    pub ended: usize,
}

/// Closes every login role that is neither in `allowed`, nor in `internal` (the platform's own, such as
/// [`RDS_INTERNAL`] or the superuser that a local cluster was made with), nor the role of this session.
/// Sessions of all others end, those of allowed roles too: they were opened with production's passwords.
pub async fn close_logins(
    session: &Session,
    allowed: &BTreeSet<String>,
    internal: &[String],
    listener: &dyn Listener,
) -> pg::Result<Closed> {
    apply_strict_settings(session).await?;
    let mut result = Closed::default();
    let mut resisting = Vec::new();
    for role in logins(session, allowed, internal).await? {
        match session.run(&format!("ALTER ROLE {} NOLOGIN PASSWORD NULL", identifier(&role))).await {
            Ok(_) => result.closed.push(role),
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => {
                listener.on_event(&Event::Warning { message: format!("the role {role} could not be closed: {error}") });
                resisting.push(role);
            }
        }
    }
    // Whoever keeps a login must not be able to make one of IAM's tokens either.
    for role in &resisting {
        access::leave_rds_iam(session, role).await?;
    }
    if !resisting.is_empty() {
        access::revoke_connect(session, &resisting, allowed, listener).await?;
    }
    result.ended = end_sessions(session, internal).await?;
    result.open = open(session, allowed, internal).await?;
    let is_open = |role: &String| result.open.iter().any(|open| open.role == *role);
    result.locked_out = resisting.into_iter().filter(|role| !is_open(role)).collect();
    result.closed.retain(|role| !result.open.iter().any(|open| open.role == *role));
    reset_settings(session).await?;
    Ok(result)
}

/// Reads back what is still open; empty when every role that is not allowed is shut out.
pub async fn still_open(
    session: &Session,
    allowed: &BTreeSet<String>,
    internal: &[String],
) -> pg::Result<Vec<OpenLogin>> {
    apply_strict_settings(session).await?;
    let open = open(session, allowed, internal).await?;
    reset_settings(session).await?;
    Ok(open)
}

/// Login roles that are neither allowed, internal nor ourselves.
async fn logins(session: &Session, allowed: &BTreeSet<String>, internal: &[String]) -> pg::Result<Vec<String>> {
    let spared = spared(allowed, internal);
    let rows = session
        .query(
            "SELECT rolname::text FROM pg_catalog.pg_roles \
             WHERE rolcanlogin AND rolname <> SESSION_USER AND rolname::text <> ALL ($1) ORDER BY rolname",
            &[&spared],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn spared(allowed: &BTreeSet<String>, internal: &[String]) -> Vec<String> {
    allowed.iter().chain(internal).cloned().collect()
}

async fn open(session: &Session, allowed: &BTreeSet<String>, internal: &[String]) -> pg::Result<Vec<OpenLogin>> {
    let spared = spared(allowed, internal);
    // A superuser has every privilege, so that its databases are all of them. The database of RDS
    // itself is guarded by pg_hba.conf, which no SQL shows.
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
            &[&spared],
        )
        .await?;
    let mut open = Vec::new();
    for row in &rows {
        let (role, superuser, replication): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        let (databases, sessions): (Vec<String>, i64) = (row.get(3), row.get(4));
        // A replication connection asks for no database, so that no REVOKE stops it.
        if databases.is_empty() && sessions == 0 && !replication {
            continue;
        }
        let why = reason(session.major(), &role, superuser, replication, databases.is_empty() && !replication);
        open.push(OpenLogin { role, databases, sessions, why });
    }
    Ok(open)
}

/// Why a role resists, as the server's version and the role's attributes tell.
fn reason(major: u32, role: &str, superuser: bool, replication: bool, only_sessions: bool) -> String {
    let name = identifier(role);
    if only_sessions {
        format!(
            "its sessions could not be ended: grant pg_signal_backend to the master user, or end those of {name} as a superuser"
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

/// Ends the sessions of everybody but ourselves (the kind of a stranger's session is not shown to us, but
/// whatever has a user is one); what could not be ended is found by [`open`].
async fn end_sessions(session: &Session, internal: &[String]) -> pg::Result<usize> {
    let rows = session
        .query(
            "SELECT a.pid, a.usename::text FROM pg_catalog.pg_stat_activity a \
             WHERE a.usename <> SESSION_USER AND a.usename::text <> ALL ($1)",
            &[&internal],
        )
        .await?;
    let mut ended = 0;
    for row in &rows {
        let (pid, role): (i32, String) = (row.get(0), row.get(1));
        if terminate_session(session, pid, &role).await? {
            ended += 1;
        }
    }
    Ok(ended)
}
