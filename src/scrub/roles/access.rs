//! Locks out a role that cannot be altered: it keeps its login, but loses access to every database.

use std::collections::BTreeSet;

use crate::event::{Event, Listener};
use crate::pg::as_owner::run_as_owner;
use crate::pg::{Result, Session, identifier};

/// Revokes a role's membership in `rds_iam`, if it has one and this is allowed.
pub(super) async fn leave_rds_iam(session: &Session, role: &str) -> Result<()> {
    let member = session
        .query(
            "SELECT FROM pg_catalog.pg_auth_members m \
             JOIN pg_catalog.pg_roles g ON g.oid = m.roleid JOIN pg_catalog.pg_roles r ON r.oid = m.member \
             WHERE g.rolname = 'rds_iam' AND r.rolname = $1::text::name",
            &[&role],
        )
        .await?;
    if !member.is_empty() {
        match session.run(&format!("REVOKE rds_iam FROM {}", identifier(role))).await {
            Err(error) if error.is_disconnect() => return Err(error),
            // The caller reads back whether the role is still open.
            _ => {}
        }
    }
    Ok(())
}

/// Revokes `CONNECT` on every connectable database from PUBLIC, from `roles` and from the groups that they inherit it from.
/// Allowed roles and the session's role receive it by name if they could connect before. The caller reads back what could not
/// be revoked.
pub(super) async fn revoke_connect(
    session: &Session,
    roles: &[String],
    allowed: &BTreeSet<String>,
    listener: &dyn Listener,
) -> Result<()> {
    let allowed: Vec<&String> = allowed.iter().collect();
    let databases = session
        .query(
            "SELECT d.datname::text, o.rolname::text, \
                 ARRAY(SELECT r.rolname::text FROM pg_catalog.pg_roles r \
                       WHERE (r.rolname::text = ANY ($1) OR r.rolname = SESSION_USER) \
                         AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT') ORDER BY r.rolname) AS keep, \
                 ARRAY(SELECT DISTINCT g.rolname::text FROM pg_catalog.aclexplode( \
                           COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a \
                       JOIN pg_catalog.pg_roles g ON g.oid = a.grantee \
                       WHERE a.privilege_type = 'CONNECT' AND g.rolname::text <> ALL ($1) AND g.rolname <> SESSION_USER \
                         AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname::text = ANY ($2) \
                                     AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')) ORDER BY 1) AS lose \
             FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles o ON o.oid = d.datdba \
             WHERE d.datallowconn AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname::text = ANY ($2) \
                 AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT')) \
             ORDER BY d.datname",
            &[&allowed, &roles],
        )
        .await?;
    for row in &databases {
        let (database, owner): (String, Option<String>) = (row.get(0), row.get(1));
        let (keep, lose): (Vec<String>, Vec<String>) = (row.get("keep"), row.get("lose"));
        let name = identifier(&database);
        // One transaction, so that no allowed role is locked out in between.
        let mut statements: Vec<String> =
            keep.iter().map(|role| format!("GRANT CONNECT ON DATABASE {name} TO {}", identifier(role))).collect();
        statements.push(format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"));
        statements
            .extend(lose.iter().map(|role| format!("REVOKE CONNECT ON DATABASE {name} FROM {}", identifier(role))));
        match run_as_owner(session, owner.as_deref(), &statements.join("; ")).await {
            Ok(_) => listener.on_event(&Event::Noted {
                step: "logins",
                message: format!("CONNECT on {database} revoked from all roles but {}", keep.join(", ")),
            }),
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => listener
                .on_event(&Event::Warning { message: format!("CONNECT on {database} could not be revoked: {error}") }),
        }
    }
    Ok(())
}
