//! Memberships in the roles that own tables and obstacles. The session's role becomes a member of each for the duration of the
//! rewrite, because one statement may need several. Each grant is recorded in its own transaction, so that the next run revokes
//! the memberships of a killed one.

use std::collections::BTreeSet;

use tokio_postgres::error::SqlState;

use super::error::Result;
use crate::pg::{Session, identifier, literal};

/// Makes the session's role a member of `roles`. Returns those whose privileges it neither has nor can obtain.
pub(super) async fn join<'a>(session: &Session, roles: impl Iterator<Item = &'a String>) -> Result<Vec<String>> {
    let mut unavailable = Vec::new();
    for role in roles.collect::<BTreeSet<_>>() {
        let row = session
            .query_one(
                "SELECT COALESCE(pg_catalog.pg_has_role(r.oid, 'USAGE'), false), \
                     COALESCE(pg_catalog.pg_has_role(r.oid, 'MEMBER'), false), \
                     EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid \
                             AND m.member = us.oid AND m.grantor = us.oid) \
                 FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles us ON us.rolname = current_user WHERE r.rolname = $1::text::name",
                &[role],
            )
            .await?;
        let (has_privileges, member, granted_by_us): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if has_privileges {
            continue;
        }
        let name = identifier(role);
        // Before PostgreSQL 16 there is one membership, without options: granting it again changes nothing, and revoking it
        // would remove the membership that existed before.
        let (grant, release) = match (session.major() >= 16, member) {
            (true, _) if granted_by_us => {
                ("WITH INHERIT TRUE", format!("REVOKE INHERIT OPTION FOR {name} FROM CURRENT_USER"))
            }
            (true, _) => ("WITH INHERIT TRUE", format!("REVOKE {name} FROM CURRENT_USER")),
            (false, false) => ("", format!("REVOKE {name} FROM CURRENT_USER")),
            (false, true) => {
                unavailable.push(role.clone());
                continue;
            }
        };
        let sql = format!(
            "INSERT INTO devdb_meta.rewrite_role VALUES ({}, {}) ON CONFLICT DO NOTHING; GRANT {name} TO CURRENT_USER {grant}",
            literal(role),
            literal(&release)
        );
        match session.run(&sql).await {
            Ok(_) => {}
            // An invalid grant: the role is itself a member of the session's role.
            Err(error) if error.is_permission_denied() || error.is_state(&SqlState::INVALID_GRANT_OPERATION) => {
                unavailable.push(role.clone())
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(unavailable)
}

/// Revokes all recorded memberships.
pub(super) async fn release(session: &Session) -> Result<()> {
    for row in session.query("SELECT name, release FROM devdb_meta.rewrite_role", &[]).await? {
        let (name, release): (&str, &str) = (row.get(0), row.get(1));
        let delete = format!("DELETE FROM devdb_meta.rewrite_role WHERE name = {}", literal(name));
        session.run(&format!("{release}; {delete}")).await?;
    }
    Ok(())
}
