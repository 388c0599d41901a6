//! The rights it takes: those of the owners of tables and of what is in the way. We become a member of
//! each for the time of the work, since one statement may need several. What we were granted is recorded
//! with the grant, so that a killed run's memberships are given back by the next.

use std::collections::BTreeSet;

use super::Result;
use crate::pg::{Session, identifier};

/// Joins roles; answers those that we have not the rights of and cannot join.
pub(super) async fn join<'a>(session: &Session, roles: impl Iterator<Item = &'a String>) -> Result<Vec<String>> {
    let mut apart = Vec::new();
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
        let (ours, member, granted_by_us): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if ours {
            continue;
        }
        let name = identifier(role);
        // Before 16 there is one membership, with no options: granting it again says nothing, and
        // revoking it would take what was there before us.
        let (grant, release) = match (session.major() >= 16, member) {
            (true, _) if granted_by_us => {
                ("WITH INHERIT TRUE", format!("REVOKE INHERIT OPTION FOR {name} FROM CURRENT_USER"))
            }
            (true, _) => ("WITH INHERIT TRUE", format!("REVOKE {name} FROM CURRENT_USER")),
            (false, false) => ("", format!("REVOKE {name} FROM CURRENT_USER")),
            (false, true) => {
                apart.push(role.clone());
                continue;
            }
        };
        let sql = format!(
            "INSERT INTO devdb_meta.rewrite_role VALUES ({}, {}) ON CONFLICT DO NOTHING; GRANT {name} TO CURRENT_USER {grant}",
            crate::pg::literal(role),
            crate::pg::literal(&release)
        );
        match session.run(&sql).await {
            Ok(_) => {}
            // 0LP01: a role that is a member of ours.
            Err(error) if error.is_permission_denied() || error.sqlstate() == Some("0LP01") => apart.push(role.clone()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(apart)
}

/// Gives all of them back.
pub(super) async fn release(session: &Session) -> Result<()> {
    for row in session.query("SELECT name, release FROM devdb_meta.rewrite_role", &[]).await? {
        let (name, release): (&str, &str) = (row.get(0), row.get(1));
        let delete = format!("DELETE FROM devdb_meta.rewrite_role WHERE name = {}", crate::pg::literal(name));
        session.run(&format!("{release}; {delete}")).await?;
    }
    Ok(())
}
