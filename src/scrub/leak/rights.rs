//! Reading as the owner of a table: a managed service's master user may not read everything, and its
//! rights must be the owner's where a policy hides rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::error::Error;
use super::places::Relations;
use crate::pg::{Session, identifier};

/// Lets the owners of tables use the filter, for where rows can only be read as one of them.
pub(super) async fn lend_filter(session: &Session, relations: &Relations) -> Result<(), Error> {
    let owners: BTreeSet<&str> = relations.read.iter().filter_map(|relation| relation.owner.as_deref()).collect();
    for owner in owners {
        let role = identifier(owner);
        session
            .run(&format!(
                "GRANT USAGE ON SCHEMA devdb_meta TO {role}; GRANT SELECT ON devdb_meta.leak_filter TO {role}"
            ))
            .await?;
    }
    Ok(())
}

/// Takes that back from everybody; a run that was killed may have left it.
pub(super) async fn take_filter_back(session: &Session) -> Result<(), Error> {
    let rows = session
        .query(
            "SELECT DISTINCT r.rolname::text FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a \
             JOIN pg_catalog.pg_roles r ON r.oid = a.grantee \
             WHERE n.nspname = 'devdb_meta' AND a.grantee <> n.nspowner",
            &[],
        )
        .await?;
    for row in &rows {
        let role = identifier(row.get(0));
        let tables: bool =
            session.query_one("SELECT pg_catalog.to_regclass('devdb_meta.leak_filter') IS NOT NULL", &[]).await?.get(0);
        let filter = if tables { format!("; REVOKE ALL ON devdb_meta.leak_filter FROM {role}") } else { String::new() };
        session.run(&format!("REVOKE ALL ON SCHEMA devdb_meta FROM {role}{filter}")).await?;
    }
    Ok(())
}

/// Lets one session at a time change who is a member of which role: a membership that two need at once
/// would be taken away by the first that is done.
#[derive(Clone, Default)]
pub(super) struct Turn(Arc<Mutex<()>>);

/// The role whose rights a session has for now.
pub(super) struct Lent {
    /// Whom we made ourselves a member of for it.
    granted: Option<String>,
}

impl Turn {
    /// Becomes `owner`, if that can be done; else stays who we are, and reads what that may.
    pub(super) async fn take(&self, session: &Session, owner: Option<&str>) -> Result<Lent, Error> {
        let Some(owner) = owner else { return Ok(Lent { granted: None }) };
        let _turn = self.0.lock().await;
        let become_it = format!("SET ROLE {}", identifier(owner));
        let refused = |error: crate::pg::Error| if error.is_disconnect() { Err(error) } else { Ok(()) };
        let Err(error) = session.run(&become_it).await else { return Ok(Lent { granted: None }) };
        refused(error)?;
        if let Err(error) = session.run(&format!("GRANT {} TO CURRENT_USER", identifier(owner))).await {
            refused(error)?;
            return Ok(Lent { granted: None });
        }
        if let Err(error) = session.run(&become_it).await {
            refused(error)?;
        }
        Ok(Lent { granted: Some(owner.to_owned()) })
    }

    /// Becomes ourselves again.
    pub(super) async fn give_back(&self, session: &Session, lent: Lent) -> Result<(), Error> {
        let _turn = self.0.lock().await;
        session.run("RESET ROLE").await?;
        if let Some(owner) = lent.granted {
            session.run(&format!("REVOKE {} FROM CURRENT_USER", identifier(&owner))).await?;
        }
        Ok(())
    }
}
