//! Closes logins.

use std::collections::BTreeSet;

use super::access;
use super::open::{self, OpenLogin, permitted};
use crate::event::{Event, Listener};
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::terminate::terminate_session;
use crate::pg::{Result, Session, identifier};

/// Roles with which Amazon RDS itself logs in. A role with a merely similar name is closed.
pub const RDS_INTERNAL: [&str; 6] =
    ["rdsadmin", "rdsrepladmin", "rdstopmgr", "rdsproxyadmin", "rdswriteforwarduser", "rdsmon"];

/// Outcome of [`close_logins`].
#[derive(Clone, Debug, Default)]
pub struct Closed {
    /// Roles that can no longer log in.
    pub closed: Vec<String>,
    /// Roles that could not be altered, but can no longer connect to any database.
    pub locked_out: Vec<String>,
    /// Logins that are still open; a clone with any is not published.
    pub open: Vec<OpenLogin>,
    /// Number of sessions that were terminated.
    pub ended: usize,
}

/// Closes every login role that is neither in `allowed`, nor in `internal` (the platform's own, such as [`RDS_INTERNAL`] or the
/// superuser of a local cluster), nor the role of this session. Terminates all other sessions, including those of allowed roles,
/// which were opened with production's passwords.
pub async fn close_logins(
    session: &Session,
    allowed: &BTreeSet<String>,
    internal: &[String],
    listener: &dyn Listener,
) -> Result<Closed> {
    apply_strict_settings(session).await?;
    let mut result = Closed::default();
    let mut unaltered = Vec::new();
    for role in logins(session, allowed, internal).await? {
        match session.run(&format!("ALTER ROLE {} NOLOGIN PASSWORD NULL", identifier(&role))).await {
            Ok(_) => result.closed.push(role),
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => {
                listener.on_event(&Event::Warning { message: format!("the role {role} could not be closed: {error}") });
                unaltered.push(role);
            }
        }
    }
    // A role that keeps its login must not be able to log in with an IAM token either.
    for role in &unaltered {
        access::leave_rds_iam(session, role).await?;
    }
    if !unaltered.is_empty() {
        access::revoke_connect(session, &unaltered, allowed, listener).await?;
    }
    result.ended = end_sessions(session, internal).await?;
    result.open = open::read(session, allowed, internal).await?;
    let is_open = |role: &String| result.open.iter().any(|open| open.role == *role);
    result.locked_out = unaltered.into_iter().filter(|role| !is_open(role)).collect();
    result.closed.retain(|role| !result.open.iter().any(|open| open.role == *role));
    reset_settings(session).await?;
    Ok(result)
}

/// Returns the login roles that are neither allowed nor internal nor this session's.
async fn logins(session: &Session, allowed: &BTreeSet<String>, internal: &[String]) -> Result<Vec<String>> {
    let permitted = permitted(allowed, internal);
    let rows = session
        .query(
            "SELECT rolname::text FROM pg_catalog.pg_roles \
             WHERE rolcanlogin AND rolname <> SESSION_USER AND rolname::text <> ALL ($1) ORDER BY rolname",
            &[&permitted],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Terminates the sessions of all other roles: every backend that has a user, because the backend type of another role's session
/// is not visible. [`open::read`] finds those that could not be terminated.
async fn end_sessions(session: &Session, internal: &[String]) -> Result<usize> {
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
