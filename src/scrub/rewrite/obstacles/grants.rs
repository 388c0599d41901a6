//! Grants on a recreated relation.

use crate::pg::{Result, Session, identifier};

/// Returns statements, each after a semicolon, that give a relation just created by its owner exactly the grants that it has now.
/// They first revoke what default privileges would add.
pub(super) async fn statements(session: &Session, relation: u32, sql: &str, owner: &str) -> Result<String> {
    let mut all = format!("; REVOKE ALL ON {sql} FROM PUBLIC");
    for row in session
        .query(
            "SELECT DISTINCT g.rolname::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_default_acl a ON a.defaclrole = c.relowner AND a.defaclobjtype = 'r' \
                 AND a.defaclnamespace IN (0, c.relnamespace) \
             CROSS JOIN LATERAL pg_catalog.aclexplode(a.defaclacl) e \
             JOIN pg_catalog.pg_roles g ON g.oid = e.grantee WHERE c.oid = $1 AND g.oid <> c.relowner",
            &[&relation],
        )
        .await?
    {
        all.push_str(&format!("; REVOKE ALL ON {sql} FROM {}", identifier(row.get(0))));
    }
    let rows = session
        .query(
            "SELECT g.rolname::text, e.privilege_type, e.is_grantable, a.attname::text, c.relacl IS NOT NULL AS own \
             FROM pg_catalog.pg_class c \
             CROSS JOIN LATERAL (SELECT NULL::name AS attname, 0 AS attnum, c.relacl AS acl UNION ALL \
                 SELECT t.attname, t.attnum, t.attacl FROM pg_catalog.pg_attribute t \
                 WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL AND NOT t.attisdropped) a \
             CROSS JOIN LATERAL pg_catalog.aclexplode(a.acl) WITH ORDINALITY e \
             LEFT JOIN pg_catalog.pg_roles g ON g.oid = e.grantee \
             WHERE c.oid = $1 ORDER BY a.attnum, e.ordinality",
            &[&relation],
        )
        .await?;
    if rows.iter().any(|row| row.get::<_, bool>(4)) {
        all.push_str(&format!("; REVOKE ALL ON {sql} FROM {}", identifier(owner)));
    }
    for row in &rows {
        let column = row.get::<_, Option<&str>>(3).map(|name| format!(" ({})", identifier(name))).unwrap_or_default();
        let grantee = row.get::<_, Option<&str>>(0).map_or("PUBLIC".to_owned(), identifier);
        let option = if row.get(2) { " WITH GRANT OPTION" } else { "" };
        all.push_str(&format!("; GRANT {}{column} ON {sql} TO {grantee}{option}", row.get::<_, &str>(1)));
    }
    Ok(all)
}
