//! Acting in a clone: under careful settings, and with the rights of an owner where the master's own
//! do not suffice.
//!
//! A managed service's master user is no superuser, and much of what has to be made harmless belongs
//! to somebody else. It may, however, become most roles: on PostgreSQL 15 and older it can grant
//! itself any role that is no superuser, from 16 on those it has ADMIN OPTION on.

use tokio_postgres::Row;

use crate::pg::{Error, Result, Session, identifier};

/// Puts a session under the settings that everything in this room works with:
/// - `row_security = off`: under a policy an `UPDATE` touches no row and reports success; with this
///   it fails instead;
/// - a lock limit: a lock held by a prepared transaction would otherwise be waited for without end;
/// - a fixed `search_path`: nothing of the clone's schemas is called by an unqualified name.
pub(crate) async fn careful(session: &Session) -> Result<()> {
    session
        .run(
            "SET row_security = off; SET lock_timeout = '10s'; SET statement_timeout = 0; \
             SET search_path = pg_catalog, pg_temp",
        )
        .await
        .map(drop)
}

/// Gives a session its usual settings back.
pub(crate) async fn usual(session: &Session) -> Result<()> {
    session.run("RESET row_security; RESET lock_timeout; RESET statement_timeout; RESET search_path").await.map(drop)
}

/// Whether the server refused for lack of rights.
pub(crate) fn denied(error: &Error) -> bool {
    error.is_permission_denied()
}

/// Runs statements (several, separated by semicolons, are one transaction): as we are, and if that is
/// not allowed, as `owner`. The error told is the one that says more: the owner's, if there was one.
pub(crate) async fn act(session: &Session, owner: Option<&str>, sql: &str) -> Result<u64> {
    match (session.run(sql).await, owner) {
        (Err(error), Some(owner)) if denied(&error) => {
            let Ok(borrowed) = Borrowed::take(session, owner).await else { return Err(error) };
            let result = session.run(sql).await;
            borrowed.give_back(session).await?;
            result
        }
        (result, _) => result,
    }
}

/// Runs statements as ourselves, and if that is not allowed, as ourselves while a member of `role`:
/// what changes an owner must be done by somebody who is both.
pub(crate) async fn act_joined(session: &Session, role: Option<&str>, sql: &str) -> Result<u64> {
    match (session.run(sql).await, role) {
        (Err(error), Some(role)) if denied(&error) => {
            if session.run(&format!("GRANT {} TO CURRENT_USER", identifier(role))).await.is_err() {
                return Err(error);
            }
            let result = session.run(sql).await;
            session.run(&format!("REVOKE {} FROM CURRENT_USER", identifier(role))).await?;
            result
        }
        (result, _) => result,
    }
}

/// Reads rows: as we are, and if that is not allowed, as `owner`.
pub(crate) async fn read(session: &Session, owner: Option<&str>, sql: &str) -> Result<Vec<Row>> {
    match (session.query(sql, &[]).await, owner) {
        (Err(error), Some(owner)) if denied(&error) => {
            let Ok(borrowed) = Borrowed::take(session, owner).await else { return Err(error) };
            let result = session.query(sql, &[]).await;
            borrowed.give_back(session).await?;
            result
        }
        (result, _) => result,
    }
}

/// Another role's rights, taken for a moment. A run that dies before giving back leaves the master a
/// member of that role, which lets nobody else in.
pub(crate) struct Borrowed<'a> {
    role: &'a str,
    granted: bool,
}

impl<'a> Borrowed<'a> {
    /// Becomes `role`, making ourselves a member of it where that is needed and allowed.
    pub(crate) async fn take(session: &Session, role: &'a str) -> Result<Borrowed<'a>> {
        let become_it = format!("SET ROLE {}", identifier(role));
        match session.run(&become_it).await {
            Ok(_) => return Ok(Borrowed { role, granted: false }),
            Err(error) if !denied(&error) => return Err(error),
            Err(_) => {}
        }
        session.run(&format!("GRANT {} TO CURRENT_USER", identifier(role))).await?;
        let borrowed = Borrowed { role, granted: true };
        match session.run(&become_it).await {
            Ok(_) => Ok(borrowed),
            Err(error) => {
                borrowed.give_back(session).await?;
                Err(error)
            }
        }
    }

    /// Becomes ourselves again.
    pub(crate) async fn give_back(self, session: &Session) -> Result<()> {
        session.run("RESET ROLE").await?;
        if self.granted {
            session.run(&format!("REVOKE {} FROM CURRENT_USER", identifier(self.role))).await?;
        }
        Ok(())
    }
}

/// Ends one session, waiting for it to be gone; with the rights of its role where ours do not suffice.
pub(crate) async fn end_session(session: &Session, pid: i32, role: &str) -> Result<bool> {
    const END: &str = "SELECT pg_catalog.pg_terminate_backend($1, 5000)";
    let ended = |rows: Vec<Row>| rows.first().is_some_and(|row| row.get(0));
    match session.query(END, &[&pid]).await {
        Ok(rows) => return Ok(ended(rows)),
        Err(error) if error.is_disconnect() => return Err(error),
        Err(_) => {}
    }
    let Ok(borrowed) = Borrowed::take(session, role).await else { return Ok(false) };
    let result = session.query(END, &[&pid]).await;
    borrowed.give_back(session).await?;
    Ok(result.is_ok_and(ended))
}

/// Time for the sessions of a killed run to end, in milliseconds.
const END_TIMEOUT: i64 = 20_000;

/// Ends the sessions of this name that an earlier run left. The server goes on with a statement whose
/// client was killed; it could still commit after we have looked what is done.
pub(crate) async fn end_predecessors(session: &Session, application: &str) -> Result<()> {
    let theirs = "FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND usename = current_user \
                  AND datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()";
    let end = format!("SELECT pg_catalog.pg_terminate_backend(pid, $2) {theirs}");
    session.query(&end, &[&application, &END_TIMEOUT]).await?;
    let left: i64 = session.query_one(&format!("SELECT pg_catalog.count(*) {theirs}"), &[&application]).await?.get(0);
    if left == 0 {
        return Ok(());
    }
    let why = format!("still runs {left} session(s) of an earlier run ({application}), which could not be ended");
    Err(Error::Identity { place: session.database().to_owned(), why })
}

/// Statements that silence the tables' own triggers (they notify, log and queue), and those that
/// bring each back exactly as it was: `ENABLE TRIGGER USER` would also wake those that were off.
pub(crate) async fn without_triggers(session: &Session, tables: &[u32]) -> Result<(String, String)> {
    let rows = session
        .query(
            "SELECT DISTINCT n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled = 'A' \
             FROM pg_catalog.unnest($1::oid[]) AS root(oid) \
             CROSS JOIN LATERAL (SELECT root.oid AS relid UNION \
                 SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(root.oid::regclass) p) AS part \
             JOIN pg_catalog.pg_trigger t ON t.tgrelid = part.relid \
             JOIN pg_catalog.pg_class c ON c.oid = part.relid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') ORDER BY 1, 2, 3",
            &[&tables],
        )
        .await?;
    let (mut before, mut after) = (String::new(), String::new());
    for row in &rows {
        let table = qualified(row.get(0), row.get(1));
        let (trigger, always) = (identifier(row.get(2)), if row.get(3) { "ALWAYS " } else { "" });
        before.push_str(&format!("ALTER TABLE {table} DISABLE TRIGGER {trigger}; "));
        after.push_str(&format!("; ALTER TABLE {table} ENABLE {always}TRIGGER {trigger}"));
    }
    Ok((before, after))
}

/// A name for people: `schema.table`, in quotes only where SQL would need them.
pub(crate) fn shown(schema: &str, name: &str) -> String {
    format!("{}.{}", plain(schema), plain(name))
}

fn plain(name: &str) -> String {
    let simple = name
        .chars()
        .all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_' || (c.is_alphabetic() && !c.is_uppercase()));
    if simple && !name.is_empty() { name.to_owned() } else { identifier(name) }
}

/// A qualified name for SQL.
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_people_only_where_needed() {
        assert_eq!(shown("app", "notification_outbox"), "app.notification_outbox");
        assert_eq!(shown("주문", "Job \"x\""), "주문.\"Job \"\"x\"\"\"");
    }
}
