//! Giving objects and rights to roles, which is the last thing that is done: afterwards they may not be ours.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{Apply, BATCH, LeftOut, join};
use super::error::Result;
use crate::sample::schema::Statement;

impl Apply<'_> {
    /// Gives objects and rights to roles, as the schema says. Answers what was left out in all.
    pub(super) async fn give(mut self) -> Result<LeftOut> {
        let all = std::mem::take(&mut self.rights);
        let roles = self.roles().await?;
        let (mut rights, mut objects, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
        for statement in all.iter().map(|sql| Statement::read(sql)) {
            match statement.role.as_ref().map(|role| (role, roles.get(role))) {
                Some((role, None)) => *self.left_out.roles.entry(role.clone()).or_default() += 1,
                Some((role, Some(false))) if statement.owner => {
                    *self.left_out.owners.entry(role.clone()).or_default() += 1;
                }
                _ if !statement.owner => rights.push(statement),
                _ if statement.sql.starts_with("ALTER SCHEMA ") => schemas.push(statement),
                _ => objects.push(statement),
            }
        }
        // Only an owner gives rights, and they stay when the owner changes.
        self.try_all(&rights).await?;
        let opened = self.open(&objects).await?;
        self.try_all(&objects).await?;
        if !opened.is_empty() {
            let close = opened.iter().map(|(schema, role)| format!("REVOKE CREATE ON SCHEMA {schema} FROM {role}"));
            self.session.run(&close.collect::<Vec<_>>().join(";\n")).await?;
        }
        // What is in a schema of somebody else may be out of reach.
        self.try_all(&schemas).await?;
        Ok(self.left_out)
    }

    /// Every role, and whether we may give objects to it.
    async fn roles(&self) -> Result<BTreeMap<String, bool>> {
        let right = if self.session.major() >= 16 { "SET" } else { "MEMBER" };
        let sql = format!("SELECT rolname::text, pg_catalog.pg_has_role(oid, '{right}') FROM pg_catalog.pg_roles");
        let rows = self.session.query(&sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Lets the coming owners make objects in our schemas, without which none there can be given to them. Answers
    /// schemas and roles, in SQL, that this has to be taken from again.
    async fn open(&self, objects: &[Statement<'_>]) -> Result<Vec<(String, String)>> {
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
            let open = pairs.iter().map(|(schema, role)| format!("GRANT CREATE ON SCHEMA {schema} TO {role}"));
            self.session.run(&open.collect::<Vec<_>>().join(";\n")).await?;
        }
        Ok(pairs)
    }

    /// Runs statements of which some may not work.
    async fn try_all(&mut self, statements: &[Statement<'_>]) -> Result<()> {
        for some in statements.chunks(BATCH) {
            if self.attempt(&join(some)).await.is_ok() {
                continue;
            }
            for statement in some {
                self.try_one(statement).await?;
            }
        }
        Ok(())
    }
}
