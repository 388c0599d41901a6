//! The databases of the instance: each must be scrubbed, empty or closed. A snapshot contains all of them, and one that is
//! missing from the configuration would be published unscrubbed.

use std::collections::BTreeSet;

use crate::event::{Event, Listener};
use crate::pg::as_owner::{run_as_member, run_as_owner};
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::terminate::terminate_session;
use crate::pg::{Result, Session, identifier};
use crate::units::counted;

/// A database of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Name.
    pub name: String,
    /// Owner.
    pub owner: Option<String>,
    /// Whether it accepts connections.
    pub connectable: bool,
}

/// A database that is neither configured nor empty, and still accessible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenDatabase {
    /// Name.
    pub name: String,
    /// Who can access it, for people.
    pub why: String,
    /// What the user can do.
    pub remedy: String,
}

/// Returns all databases of the instance except the server's own, to which nobody can connect: `template0` and that of RDS.
pub async fn list(session: &Session) -> Result<Vec<Database>> {
    let rows = session
        .query(
            "SELECT d.datname::text, r.rolname::text, d.datallowconn FROM pg_catalog.pg_database d \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.datdba \
             WHERE d.datname <> 'template0' AND NOT (d.datname = 'rdsadmin' AND r.rolname = 'rdsadmin') ORDER BY d.datname",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| Database { name: row.get(0), owner: row.get(1), connectable: row.get(2) }).collect())
}

/// Whether the session's database has no user data: no large object, and no table, view or sequence except those of extensions.
pub async fn is_empty(session: &Session) -> Result<bool> {
    let row = session
        .query_one(
            "SELECT NOT EXISTS ( \
                 SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
                   AND c.relkind IN ('r', 'p', 'm', 'f', 'v', 'S') AND NOT EXISTS ( \
                     SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e' \
                       AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)",
            &[],
        )
        .await?;
    Ok(row.get(0))
}

/// Closes databases: they accept no connections any more, and their sessions are terminated. Run it from a database that stays
/// open. A database that cannot be closed is a warning here and is found by [`still_open`].
pub async fn close(session: &Session, names: &[String], listener: &dyn Listener) -> Result<()> {
    apply_strict_settings(session).await?;
    for database in list(session).await?.into_iter().filter(|database| names.contains(&database.name)) {
        let name = identifier(&database.name);
        let owner = database.owner.as_deref();
        // Its owner could open it again, and may be an allowed service account. If changing the owner is not allowed, closing may
        // still be; `still_open` reads back what the owner can do.
        if let Err(error) = run_as_member(session, owner, &format!("ALTER DATABASE {name} OWNER TO CURRENT_USER")).await
            && error.is_disconnect()
        {
            return Err(error);
        }
        // There is no alternative: without this privilege, CONNECT cannot be revoked either.
        match run_as_owner(
            session,
            owner,
            &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false IS_TEMPLATE false"),
        )
        .await
        {
            Ok(_) => listener.on_event(&Event::Noted {
                step: "logins",
                message: format!("database {} is not configured: closed to all roles", database.name),
            }),
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => {
                listener.on_event(&Event::Warning {
                    message: format!("database {} could not be closed: {error}", database.name),
                });
                continue;
            }
        }
        end_sessions(session, &database.name).await?;
    }
    reset_settings(session).await
}

/// Terminates the sessions of a database.
async fn end_sessions(session: &Session, name: &str) -> Result<()> {
    let rows = session
        .query(
            "SELECT a.pid, a.usename::text FROM pg_catalog.pg_stat_activity a \
             WHERE a.datname = $1::text::name AND a.pid <> pg_catalog.pg_backend_pid() AND a.usename IS NOT NULL",
            &[&name],
        )
        .await?;
    for row in &rows {
        // `still_open` finds sessions that could not be terminated.
        terminate_session(session, row.get(0), row.get(1)).await?;
    }
    Ok(())
}

/// Returns the databases outside `accounted` (the configured and the empty ones) that a login other than the session's and
/// `internal` can access: by connecting, or by opening it again as its owner.
pub async fn still_open(
    session: &Session,
    accounted: &BTreeSet<String>,
    internal: &[String],
) -> Result<Vec<OpenDatabase>> {
    let accounted: Vec<&String> = accounted.iter().collect();
    let rows = session
        .query(
            "SELECT d.datname::text, d.datallowconn, d.datistemplate, \
                 ARRAY(SELECT r.rolname::text FROM pg_catalog.pg_roles r \
                       WHERE r.rolcanlogin AND r.rolname <> SESSION_USER AND r.rolname::text <> ALL ($2) \
                         AND CASE WHEN d.datallowconn THEN pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT') \
                                  ELSE r.rolsuper OR pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER') \
                                       OR (d.datistemplate AND r.rolcreatedb) END \
                       ORDER BY r.rolname) AS visitors, \
                 (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname \
                  AND a.usename <> SESSION_USER AND a.usename::text <> ALL ($2)) AS sessions \
             FROM pg_catalog.pg_database d \
             WHERE d.datname <> 'template0' AND d.datname::text <> ALL ($1) \
               AND NOT (d.datname = 'rdsadmin' AND pg_catalog.pg_get_userbyid(d.datdba) = 'rdsadmin') ORDER BY d.datname",
            &[&accounted, &internal],
        )
        .await?;
    let mut open = Vec::new();
    for row in &rows {
        let (name, connectable): (String, bool) = (row.get(0), row.get(1));
        let (visitors, sessions): (Vec<String>, i64) = (row.get("visitors"), row.get("sessions"));
        let why = if connectable {
            // A role created later could connect through PUBLIC, so a database without current visitors still counts as open.
            format!("it is neither configured nor empty, and accepts connections (from {})", listed(&visitors))
        } else if !visitors.is_empty() {
            format!("it is closed, but can be opened again or copied by {}", listed(&visitors))
        } else if sessions > 0 {
            format!("it is closed, but has {}", counted(sessions.unsigned_abs(), "open session"))
        } else {
            continue;
        };
        let remedy = format!(
            "add {name} to `databases:`, drop it on production, or make the master user its owner: ALTER DATABASE {} OWNER TO …",
            identifier(&name)
        );
        open.push(OpenDatabase { name, why, remedy });
    }
    Ok(open)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no current role".into() } else { names.join(", ") }
}
