//! Roles for developers: created if they are missing, and granted what the configuration says.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::error::Error;
use super::passwords;
use crate::config::EnsuredRole;
use crate::pg::as_owner::run_as_owner;
use crate::pg::{Session, identifier};

/// Creates the configured roles that are missing, sets their passwords (`passwords` by role, resolved by the caller) and grants
/// their memberships. Idempotent.
pub async fn ensure_roles(
    session: &Session,
    roles: &BTreeMap<String, EnsuredRole>,
    passwords: &BTreeMap<String, SecretString>,
) -> Result<(), Error> {
    for (name, role) in roles {
        for entry in &role.grants {
            check_entry(name, entry)?;
        }
        create_or_alter(session, name, role, passwords.get(name)).await?;
    }
    // A role may be a member of one that comes later.
    for (name, role) in roles {
        for group in &role.member_of {
            let sql = format!("GRANT {} TO {}", identifier(group), identifier(name));
            session.run(&sql).await.map_err(|source| Error::Ensure {
                role: name.clone(),
                what: format!("membership in {group}"),
                source,
            })?;
        }
    }
    Ok(())
}

async fn create_or_alter(
    session: &Session,
    name: &str,
    role: &EnsuredRole,
    password: Option<&SecretString>,
) -> Result<(), Error> {
    let existing =
        session.query("SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = $1::text::name", &[&name]).await?;
    let clause = passwords::clause(password);
    let sql = match existing.first().map(|row| row.get::<_, bool>(0)) {
        None => {
            let login = if role.login { "LOGIN" } else { "NOLOGIN" };
            format!("CREATE ROLE {} {login} {clause}", identifier(name))
        }
        Some(false) if role.login => return Err(Error::CannotLogIn { role: name.to_owned() }),
        Some(true) if !role.login => format!("ALTER ROLE {} NOLOGIN PASSWORD NULL", identifier(name)),
        Some(_) => format!("ALTER ROLE {} {clause}", identifier(name)),
    };
    session.run(&sql).await.map(drop).map_err(|source| Error::Ensure {
        role: name.to_owned(),
        what: "its login and password".into(),
        source,
    })
}

/// Grants one configured role `CONNECT` on the session's database and its configured grants. What the master user may not grant
/// is granted as the database's owner.
pub async fn grant(session: &Session, name: &str, role: &EnsuredRole) -> Result<(), Error> {
    let owner: Option<String> = session
        .query_one(
            "SELECT r.rolname::text FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.datdba \
             WHERE d.datname = pg_catalog.current_database()",
            &[],
        )
        .await?
        .get(0);
    let mut entries = Vec::new();
    if role.login && !may_connect(session, name).await? {
        // PUBLIC may have lost it, to lock out a role that could not be closed.
        entries.push(format!("CONNECT ON DATABASE {}", identifier(session.database())));
    }
    for entry in &role.grants {
        check_entry(name, entry)?;
        entries.push(entry.clone());
    }
    for entry in entries {
        let sql = format!("GRANT {entry} TO {}", identifier(name));
        run_as_owner(session, owner.as_deref(), &sql).await.map_err(|source| Error::Ensure {
            role: name.to_owned(),
            what: entry.clone(),
            source,
        })?;
    }
    Ok(())
}

async fn may_connect(session: &Session, name: &str) -> Result<bool, Error> {
    let row = session
        .query_one(
            "SELECT pg_catalog.has_database_privilege($1::text::name, pg_catalog.current_database(), 'CONNECT')",
            &[&name],
        )
        .await?;
    Ok(row.get(0))
}

/// Checks that an entry is the middle of one statement: no semicolon and no comment outside quotes, and quotes closed.
fn check_entry(role: &str, entry: &str) -> Result<(), Error> {
    let mut quote = None;
    let mut previous = ' ';
    for c in entry.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == ';' || c == '$' || (previous, c) == ('-', '-') || (previous, c) == ('/', '*') => {
                return Err(Error::Entry { role: role.to_owned(), entry: entry.to_owned() });
            }
            None => {}
        }
        previous = c;
    }
    if quote.is_some() || entry.trim().is_empty() {
        return Err(Error::Entry { role: role.to_owned(), entry: entry.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_statement() {
        for good in ["SELECT ON ALL TABLES IN SCHEMA app", r#"USAGE ON SCHEMA "a;b""#, r#"SELECT ON "--" "#] {
            check_entry("dev", good).unwrap();
        }
        for bad in [
            "SELECT ON t TO public; DROP TABLE t",
            "ALL ON t TO public --",
            "ALL ON t TO public /*",
            "USAGE ON \"x",
            " ",
        ] {
            assert!(check_entry("dev", bad).is_err(), "{bad}");
        }
    }
}
