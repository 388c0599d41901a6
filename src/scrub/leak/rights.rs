//! Reading as the owner of a table: a managed service's master user may not read everything, and its
//! rights must be the owner's where a policy hides rows; on some tables the policies apply to the owner too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::error::Error;
use super::places::Relations;
use crate::pg::row_security::begin_unforced;
use crate::pg::{Session, display_name, identifier, qualified_name};

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

/// The rights by which a table is read, in the order in which they are tried. Each is refused before the first row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// The session's own.
    Own,
    /// The owner's: the session's are not sufficient, or a policy would hide rows.
    Owner,
    /// The owner's, in a transaction in which policies are not forced on the owner.
    Unforced,
}

impl Rights {
    pub(super) const ALL: [Rights; 3] = [Rights::Own, Rights::Owner, Rights::Unforced];

    /// Whether other rights may succeed after this result.
    pub(super) fn are_refused<T>(self, result: &Result<T, Error>) -> bool {
        self != Rights::Unforced && matches!(result, Err(error) if error.is_permission_denied())
    }
}

/// The rights that a session has for now.
#[derive(Default)]
pub(super) struct Lent {
    /// The role that the session became a member of for it.
    granted: Option<String>,
    /// Whether a transaction is to be rolled back.
    in_transaction: bool,
}

impl Turn {
    /// Takes rights to read a table.
    pub(super) async fn take_for_table(
        &self,
        session: &Session,
        rights: Rights,
        owner: Option<&str>,
        table: (&str, &str),
    ) -> Result<Lent, Error> {
        match (rights, owner) {
            (Rights::Own, _) | (_, None) => Ok(Lent::default()),
            (Rights::Owner, Some(owner)) => self.take(session, Some(owner)).await,
            (Rights::Unforced, Some(owner)) => self.take_unforced(session, owner, Some(table)).await,
        }
    }

    /// Takes the rights of an owner, and begins a transaction in which no policy hides rows of its tables.
    pub(super) async fn take_unforced(
        &self,
        session: &Session,
        owner: &str,
        table: Option<(&str, &str)>,
    ) -> Result<Lent, Error> {
        let mut lent = self.take(session, Some(owner)).await?;
        lent.in_transaction = true;
        match begin_unforced(session, owner, table).await {
            Ok(()) => Ok(lent),
            Err(error) => {
                if !error.is_disconnect() {
                    self.give_back(session, lent).await?;
                }
                Err(error.into())
            }
        }
    }

    /// Becomes `owner`, if that can be done; else stays who we are, and reads what that may.
    pub(super) async fn take(&self, session: &Session, owner: Option<&str>) -> Result<Lent, Error> {
        let Some(owner) = owner else { return Ok(Lent::default()) };
        let _turn = self.0.lock().await;
        let become_it = format!("SET ROLE {}", identifier(owner));
        let refused = |error: crate::pg::Error| if error.is_disconnect() { Err(error) } else { Ok(()) };
        let Err(error) = session.run(&become_it).await else { return Ok(Lent::default()) };
        refused(error)?;
        if let Err(error) = session.run(&format!("GRANT {} TO CURRENT_USER", identifier(owner))).await {
            refused(error)?;
            return Ok(Lent::default());
        }
        if let Err(error) = session.run(&become_it).await {
            refused(error)?;
        }
        Ok(Lent { granted: Some(owner.to_owned()), in_transaction: false })
    }

    /// Becomes ourselves again.
    pub(super) async fn give_back(&self, session: &Session, lent: Lent) -> Result<(), Error> {
        if lent.in_transaction {
            session.run("ROLLBACK").await?;
        }
        let _turn = self.0.lock().await;
        session.run("RESET ROLE").await?;
        if let Some(owner) = lent.granted {
            session.run(&format!("REVOKE {} FROM CURRENT_USER", identifier(&owner))).await?;
        }
        Ok(())
    }
}

/// Refuses a database with tables of which the session cannot read all rows, not even as their owners.
///
/// # Errors
/// [`Error::Denied`] with all of them.
pub(super) async fn require_readable(session: &Session, turn: &Turn) -> Result<(), Error> {
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, r.rolname::text, COALESCE(r.rolsuper, false), \
                 pg_catalog.row_security_active(c.oid), CURRENT_USER::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind = 'r' AND c.relpersistence <> 't' \
               AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'devdb_meta') \
               AND (NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
                    OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.row_security_active(c.oid)) \
             ORDER BY 1, 2",
            &[],
        )
        .await?;
    let (mut assumable, mut role) = (BTreeMap::new(), String::new());
    let (mut tables, mut grants) = (Vec::new(), BTreeSet::new());
    for row in &rows {
        let (schema, table, owner): (&str, &str, Option<&str>) = (row.get(0), row.get(1), row.get(2));
        if let Some(owner) = owner {
            let can = match assumable.get(owner) {
                Some(can) => *can,
                None => can_assume(session, turn, owner).await?,
            };
            assumable.insert(owner, can);
            if can {
                continue;
            }
        }
        let (superuser, policies): (bool, bool) = (row.get(3), row.get(4));
        role = row.get(5);
        let to = identifier(&role);
        tables.push(display_name(schema, table));
        grants.insert(match owner {
            Some(owner) if policies && !superuser => format!("GRANT {} TO {to};", identifier(owner)),
            _ if policies => format!("ALTER ROLE {to} BYPASSRLS;"),
            _ => format!(
                "GRANT USAGE ON SCHEMA {} TO {to}; GRANT SELECT ON {} TO {to};",
                identifier(schema),
                qualified_name(schema, table)
            ),
        });
    }
    if tables.is_empty() { Ok(()) } else { Err(Error::Denied { role, tables, grants: grants.into_iter().collect() }) }
}

/// Whether the session can have the rights of a role.
async fn can_assume(session: &Session, turn: &Turn, role: &str) -> Result<bool, Error> {
    let lent = turn.take(session, Some(role)).await?;
    let row = session.query_one("SELECT CURRENT_USER::text = $1::text", &[&role]).await?;
    turn.give_back(session, lent).await?;
    Ok(row.get(0))
}
