//! Statements with the rights of an object's owner.
//!
//! A managed service's master user is not a superuser, and many objects of a clone belong to other roles. It can,
//! however, assume most roles: up to PostgreSQL 15 it can grant itself every role that is not a superuser, from 16 on
//! those that it has ADMIN OPTION on.

use tokio_postgres::Row;

use super::{Result, Session, identifier};

/// Runs statements (several, separated by semicolons, are one transaction) with the current rights, or, if permission
/// is denied, as `owner`. If both fail, the owner's error is returned, unless the role cannot be assumed.
pub(crate) async fn run_as_owner(session: &Session, owner: Option<&str>, sql: &str) -> Result<u64> {
    match (session.run(sql).await, owner) {
        (Err(error), Some(owner)) if error.is_permission_denied() => {
            let Ok(assumed) = AssumedRole::assume(session, owner).await else { return Err(error) };
            let result = session.run(sql).await;
            assumed.release(session).await?;
            result
        }
        (result, _) => result,
    }
}

/// Runs statements with the current rights, or, if permission is denied, as a temporary member of `role`. To change an
/// owner, both the old and the new role are needed.
pub(crate) async fn run_as_member(session: &Session, role: Option<&str>, sql: &str) -> Result<u64> {
    match (session.run(sql).await, role) {
        (Err(error), Some(role)) if error.is_permission_denied() => {
            if session.run(&format!("GRANT {} TO CURRENT_USER", identifier(role))).await.is_err() {
                return Err(error);
            }
            let result = session.run(sql).await;
            session.run(&format!("REVOKE {} FROM CURRENT_USER", identifier(role))).await?;
            result
        }
        (result, _) => result,
    }
}

/// Returns the rows of a query with the current rights, or, if permission is denied, as `owner`.
pub(crate) async fn query_as_owner(session: &Session, owner: Option<&str>, sql: &str) -> Result<Vec<Row>> {
    match (session.query(sql, &[]).await, owner) {
        (Err(error), Some(owner)) if error.is_permission_denied() => {
            let Ok(assumed) = AssumedRole::assume(session, owner).await else { return Err(error) };
            let result = session.query(sql, &[]).await;
            assumed.release(session).await?;
            result
        }
        (result, _) => result,
    }
}

/// Another role, assumed temporarily. After a run that dies before the release, the master user stays a member of the
/// role, which gives access to nobody else.
pub(crate) struct AssumedRole<'a> {
    role: &'a str,
    granted: bool,
}

impl<'a> AssumedRole<'a> {
    /// Sets the session's role, after granting the role to the current user where that is needed and allowed.
    pub(crate) async fn assume(session: &Session, role: &'a str) -> Result<AssumedRole<'a>> {
        let set_role = format!("SET ROLE {}", identifier(role));
        match session.run(&set_role).await {
            Ok(_) => return Ok(AssumedRole { role, granted: false }),
            Err(error) if !error.is_permission_denied() => return Err(error),
            Err(_) => {}
        }
        session.run(&format!("GRANT {} TO CURRENT_USER", identifier(role))).await?;
        let assumed = AssumedRole { role, granted: true };
        match session.run(&set_role).await {
            Ok(_) => Ok(assumed),
            Err(error) => {
                assumed.release(session).await?;
                Err(error)
            }
        }
    }

    /// Resets the session's role, and revokes what was granted.
    pub(crate) async fn release(self, session: &Session) -> Result<()> {
        session.run("RESET ROLE").await?;
        if self.granted {
            session.run(&format!("REVOKE {} FROM CURRENT_USER", identifier(self.role))).await?;
        }
        Ok(())
    }
}
