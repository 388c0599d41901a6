//! The rights that discovery needs: it reads whole tables, without row-level security.

use crate::error::{Exit, Failure};
use crate::pg::{self, Session, identifier, literal};

/// A database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The role may not read some tables.
    #[error("{role} may not read {}", list(.tables))]
    Denied {
        /// The role.
        role: String,
        /// The tables.
        tables: Vec<String>,
        /// Statements that grant the missing rights.
        grants: Vec<String>,
    },
    /// The server failed.
    #[error("{0}")]
    Server(#[from] pg::Error),
}

fn list(tables: &[String]) -> String {
    match tables {
        [] | [_] | [_, _] | [_, _, _] => tables.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more tables", rest.len()),
    }
}

impl From<DiscoverError> for Failure {
    fn from(error: DiscoverError) -> Self {
        match error {
            DiscoverError::Denied { ref grants, .. } => {
                let hint = format!("run as the owner of these tables: {}", grants.join(" "));
                Failure::new(Exit::Refused, error).hint(hint)
            }
            DiscoverError::Server(error) => error.into(),
        }
    }
}

/// Checks that the session's role may read all rows of tables, given by schema and name. Checks all of them before it
/// fails, so that one round of grants suffices.
///
/// # Errors
/// [`DiscoverError::Denied`] with all tables that it may not read, and server errors.
pub(super) async fn require_readable<'a>(
    session: &Session,
    tables: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), DiscoverError> {
    let names: Vec<String> = tables.map(|(schema, name)| format!("({}, {})", literal(schema), literal(name))).collect();
    if names.is_empty() {
        return Ok(());
    }
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, pg_catalog.has_schema_privilege(n.oid, 'USAGE'), \
                        pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.row_security_active(c.oid), \
                        CURRENT_USER::text, pg_catalog.pg_get_userbyid(c.relowner)::text \
                 FROM (VALUES {}) AS w (schema, name) \
                 JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema \
                 JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name ORDER BY 1, 2",
                names.join(", ")
            ),
            &[],
        )
        .await?;
    let (mut denied, mut grants, mut role) = (Vec::new(), Vec::new(), String::new());
    for row in rows {
        let (schema, table, owner): (String, String, String) = (row.get(0), row.get(1), row.get(6));
        let (usage, select, policies): (bool, bool, bool) = (row.get(2), row.get(3), row.get(4));
        role = row.get(5);
        if usage && select && !policies {
            continue;
        }
        denied.push(format!("{schema}.{table}"));
        let to = identifier(&role);
        if !usage {
            grants.push(format!("GRANT USAGE ON SCHEMA {} TO {to};", identifier(&schema)));
        }
        if !select {
            grants.push(format!("GRANT SELECT ON {}.{} TO {to};", identifier(&schema), identifier(&table)));
        }
        if policies {
            // Only the owner, and roles with this attribute, see all rows.
            grants.push(format!("GRANT {} TO {to}; (or ALTER ROLE {to} BYPASSRLS;)", identifier(&owner)));
        }
    }
    grants.dedup();
    if denied.is_empty() { Ok(()) } else { Err(DiscoverError::Denied { role, tables: denied, grants }) }
}
