//! Transferring objects to their owners and granting privileges. This comes last: afterwards the loading role may not
//! be able to change the objects.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{BATCH, SchemaApplier, SkippedObjects, join};
use super::error::Result;
use crate::sample::schema::Statement;

impl SchemaApplier<'_> {
    /// Runs the collected statements on owners and privileges. Returns everything that was skipped.
    pub(super) async fn transfer_ownership(mut self) -> Result<SkippedObjects> {
        let all = std::mem::take(&mut self.privileges);
        let roles = self.roles().await?;
        let (mut grants, mut objects, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
        for statement in all.iter().map(|sql| Statement::read(sql)) {
            match statement.role.as_ref().map(|role| (role, roles.get(role))) {
                Some((role, None)) => *self.skipped.roles.entry(role.clone()).or_default() += 1,
                Some((role, Some(false))) if statement.owner => {
                    *self.skipped.owners.entry(role.clone()).or_default() += 1;
                }
                _ if !statement.owner => grants.push(statement),
                _ if statement.sql.starts_with("ALTER SCHEMA ") => schemas.push(statement),
                _ => objects.push(statement),
            }
        }
        // Only the owner may grant, and grants survive a change of owner.
        self.run_all_optional(&grants).await?;
        let granted = self.grant_create(&objects).await?;
        self.run_all_optional(&objects).await?;
        if !granted.is_empty() {
            let revokes = granted.iter().map(|(schema, role)| format!("REVOKE CREATE ON SCHEMA {schema} FROM {role}"));
            self.session.run(&revokes.collect::<Vec<_>>().join(";\n")).await?;
        }
        // Last: objects in a schema of another owner may be out of reach.
        self.run_all_optional(&schemas).await?;
        Ok(self.skipped)
    }

    /// Returns all roles, and whether the loading role may transfer objects to each.
    async fn roles(&self) -> Result<BTreeMap<String, bool>> {
        let privilege = if self.session.major() >= 16 { "SET" } else { "MEMBER" };
        let sql = format!("SELECT rolname::text, pg_catalog.pg_has_role(oid, '{privilege}') FROM pg_catalog.pg_roles");
        let rows = self.session.query(&sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Grants CREATE on the loading role's schemas to the new owners: without it, no object there can be transferred to
    /// them. Returns quoted schemas and roles for the REVOKE.
    async fn grant_create(&self, objects: &[Statement<'_>]) -> Result<Vec<(String, String)>> {
        let roles: BTreeSet<&str> = objects.iter().filter_map(|statement| statement.role.as_deref()).collect();
        let roles: Vec<&str> = roles.into_iter().collect();
        let rows = self
            .session
            .query(
                "SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(r.rolname) \
                 FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r \
                 WHERE r.rolname = ANY ($1) AND n.nspowner = current_user::pg_catalog.regrole \
                   AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE') \
                   AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)",
                &[&roles],
            )
            .await?;
        let pairs: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        if !pairs.is_empty() {
            let grants = pairs.iter().map(|(schema, role)| format!("GRANT CREATE ON SCHEMA {schema} TO {role}"));
            self.session.run(&grants.collect::<Vec<_>>().join(";\n")).await?;
        }
        Ok(pairs)
    }

    /// Runs statements that are skipped if the target does not support them.
    async fn run_all_optional(&mut self, statements: &[Statement<'_>]) -> Result<()> {
        for batch in statements.chunks(BATCH) {
            if self.run_atomically(&join(batch)).await.is_ok() {
                continue;
            }
            for statement in batch {
                self.run_optional(statement).await?;
            }
        }
        Ok(())
    }
}
