//! The scratch database: created next to the target, filled, and renamed to the target's name in one transaction. Until
//! then the target is unchanged. A killed load leaves a database that the next load drops.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use super::apply::SkippedObjects;
use super::error::{Error, Result};
use super::inspect::inspect;
use super::refusal::Refusal;
use super::summary::LoadSummary;
use super::target::LoadTarget;
use crate::event::{Event, Listener};
use crate::pg::{self, Session, identifier, literal};
use crate::sample::schema::Statement;

/// The prefix of the names of scratch databases.
const PREFIX: &str = "devdb_load_";
/// The prefix of the name that a replaced database has until it is dropped.
const REPLACED: &str = "devdb_old_";
/// The prefix of the name that a database which must be empty has while that is checked again. No load drops these.
const KEPT: &str = "devdb_kept_";
/// The time for sessions in the target to end.
const RENAME_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the statements that give the database of the quoted name $2 the settings, privileges, comment and owner of the
/// database $1.
const PROPERTIES: &str = "SELECT pg_catalog.format('ALTER %s SET %s', \
            CASE r.setrole WHEN 0 THEN pg_catalog.format('DATABASE %s', $2::pg_catalog.text) \
                 ELSE pg_catalog.format('ROLE %I IN DATABASE %s', pg_catalog.pg_get_userbyid(r.setrole), $2) END, \
            CASE WHEN s.name IN ('search_path', 'session_preload_libraries', 'local_preload_libraries', \
                                 'temp_tablespaces', 'DateStyle') \
                 THEN pg_catalog.format('%I TO %s', s.name, s.value) \
                 ELSE pg_catalog.format('%I TO %L', s.name, s.value) END) \
     FROM pg_catalog.pg_database d \
     JOIN pg_catalog.pg_db_role_setting r ON r.setdatabase = d.oid \
     CROSS JOIN pg_catalog.unnest(r.setconfig) AS c (line) \
     CROSS JOIN LATERAL (SELECT pg_catalog.split_part(c.line, '=', 1), \
                                pg_catalog.substr(c.line, pg_catalog.strpos(c.line, '=') + 1)) AS s (name, value) \
     WHERE d.datname = $1 \
     UNION ALL \
     SELECT pg_catalog.format('GRANT %s ON DATABASE %s TO %s%s', a.privilege_type, $2, \
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)::text) END, \
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
     FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a WHERE d.datname = $1 \
     UNION ALL \
     SELECT pg_catalog.format('ALTER DATABASE %s CONNECTION LIMIT %s', $2, d.datconnlimit) \
     FROM pg_catalog.pg_database d WHERE d.datname = $1 AND d.datconnlimit >= 0 \
     UNION ALL \
     SELECT pg_catalog.format('COMMENT ON DATABASE %s IS %L', $2, c.description) \
     FROM pg_catalog.pg_database d \
     JOIN pg_catalog.pg_shdescription c ON c.objoid = d.oid AND c.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass \
     WHERE d.datname = $1 \
     UNION ALL \
     SELECT pg_catalog.format('ALTER DATABASE %s IS_TEMPLATE true', $2) \
     FROM pg_catalog.pg_database d WHERE d.datname = $1 AND d.datistemplate \
     UNION ALL \
     SELECT pg_catalog.format('ALTER DATABASE %s OWNER TO %I', $2, pg_catalog.pg_get_userbyid(d.datdba)) \
     FROM pg_catalog.pg_database d WHERE d.datname = $1 AND d.datdba <> CURRENT_USER::pg_catalog.regrole";

/// A scratch database.
pub(super) struct ScratchDatabase {
    pub(super) name: String,
    /// A session in another database, which creates, renames and drops this one.
    maintenance: Session,
}

/// Opens a session in a maintenance database: not the target, and no template in use.
pub(super) async fn maintenance_session(target: &LoadTarget) -> Result<Session> {
    let first = if target.database == "postgres" { "template1" } else { "postgres" };
    match target.session(first).await {
        Ok(session) => Ok(session),
        // Some services have no such database, or do not allow connections to it.
        Err(_) => target.session("template1").await,
    }
}

impl ScratchDatabase {
    /// Creates an empty database with the encoding and locale of the target, if that exists. Drops the databases of
    /// killed loads.
    pub(super) async fn create(
        target: &LoadTarget,
        maintenance: Session,
        listener: &dyn Listener,
    ) -> Result<ScratchDatabase> {
        let name = format!("{PREFIX}{:016x}", rand::random::<u64>());
        // Shows other loads that the database is in use, from before its creation until the end.
        maintenance.run(&format!("SET application_name = {}", literal(&name))).await?;
        drop_orphaned(&maintenance, listener).await?;
        let options = create_options(&maintenance, &target.database).await?;
        maintenance.run(&format!("CREATE DATABASE {} TEMPLATE template0{options}", identifier(&name))).await?;
        Ok(ScratchDatabase { name, maintenance })
    }

    /// Copies owner, settings and privileges of the target and takes its name, in one transaction. The replaced database
    /// is dropped afterwards, unless it had to be empty (`replace` is not set) and changed meanwhile.
    pub(super) async fn publish(
        &self,
        target: &LoadTarget,
        exists: bool,
        replace: bool,
        summary: &mut LoadSummary,
    ) -> Result<()> {
        let name = target.database.as_str();
        self.wait_for_own_sessions().await?;
        if !exists {
            let rename = format!("ALTER DATABASE {} RENAME TO {}", identifier(&self.name), identifier(name));
            self.maintenance.run(&rename).await?;
            return Ok(());
        }
        self.copy_properties(name, &mut summary.skipped).await?;
        let old = self.name.replace(PREFIX, if replace { REPLACED } else { KEPT });
        self.rename([(name, &old), (&self.name, name)]).await?;
        // Under its new name no client writes to it any more.
        if !replace && let Err(error) = check_still_empty(target, &old).await {
            let back = self.rename([(name, &self.name), (&old, name)]).await;
            return Err(back.err().map_or(error, |error| Error::NotRestored {
                target: target.name(),
                old,
                why: error.to_string(),
            }));
        }
        // The load has succeeded: a database that cannot be dropped now is dropped by the next load.
        if let Err(error) = drop_database(&self.maintenance, &old, " WITH (FORCE)").await {
            summary.notes.push(format!("the replaced database could not be dropped and is {old} now: {error}"));
        }
        Ok(())
    }

    /// Waits up to 100 ms until the load's own sessions in it have ended: a server that finds a session in a database that
    /// is renamed retries only after 100 ms.
    async fn wait_for_own_sessions(&self) -> Result<()> {
        let busy = "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE datname = $1)";
        for _ in 0..20 {
            if !self.maintenance.query_one(busy, &[&self.name]).await?.get::<_, bool>(0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Renames two databases in one transaction and ends the sessions in them.
    async fn rename(&self, both: [(&str, &str); 2]) -> Result<()> {
        let each = both.map(|(from, to)| format!("ALTER DATABASE {} RENAME TO {}", identifier(from), identifier(to)));
        let swap = format!("BEGIN; {}; COMMIT", each.join("; "));
        let started = Instant::now();
        while let Err(error) = self.maintenance.run(&swap).await {
            // Ends the failed transaction.
            self.maintenance.run("ROLLBACK").await?;
            if !error.is_state(&SqlState::OBJECT_IN_USE) || started.elapsed() > RENAME_TIMEOUT {
                return Err(error.into());
            }
            for (from, _) in both {
                self.end_sessions(from).await?;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Drops it after a failed load.
    pub(super) async fn discard(&self) -> Result<()> {
        Ok(drop_database(&self.maintenance, &self.name, " WITH (FORCE)").await?)
    }

    /// Copies owner, settings, comment and privileges of the database that is replaced. Skips what the role may not set.
    async fn copy_properties(&self, database: &str, skipped: &mut SkippedObjects) -> Result<()> {
        let new = identifier(&self.name);
        let rows = self.maintenance.query(PROPERTIES, &[&database, &new]).await?;
        let revoked: bool = self
            .maintenance
            .query_one("SELECT datacl IS NOT NULL FROM pg_catalog.pg_database WHERE datname = $1", &[&database])
            .await?
            .get(0);
        if revoked {
            self.maintenance.run(&format!("REVOKE ALL ON DATABASE {new} FROM PUBLIC")).await?;
        }
        for row in rows {
            let sql: String = row.get(0);
            match self.maintenance.run(&sql).await {
                Err(error) if error.is_permission_denied() => {
                    let sql = sql.replacen(&new, &identifier(database), 1);
                    skipped.statements.push(format!("{} ({error})", Statement::read(&sql).title()));
                }
                done => drop(done?),
            }
        }
        Ok(())
    }

    async fn end_sessions(&self, database: &str) -> Result<()> {
        let end = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1";
        match self.maintenance.query(end, &[&database]).await {
            Err(error) if !error.is_permission_denied() => Err(error.into()),
            // The role may not end sessions of a superuser: the rename is retried until the timeout.
            _ => Ok(()),
        }
    }
}

/// Drops databases of killed loads: those with a name and owner of a load, without any session in them, and without the
/// session that created them.
async fn drop_orphaned(maintenance: &Session, listener: &dyn Listener) -> pg::Result<()> {
    let rows = maintenance
        .query(
            "SELECT d.datname::text FROM pg_catalog.pg_database d \
             WHERE d.datname ~ '^devdb_(load|old)_[0-9a-f]{16}$' AND pg_catalog.pg_has_role(d.datdba, 'USAGE') \
               AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a \
                               WHERE a.datname = d.datname \
                                  OR pg_catalog.right(a.application_name, 16) = pg_catalog.right(d.datname::text, 16))",
            &[],
        )
        .await?;
    for row in rows {
        let name: String = row.get(0);
        if let Err(error) = drop_database(maintenance, &name, "").await {
            let message = format!("database {name} of an interrupted load cannot be dropped: {error}");
            listener.on_event(&Event::Warning { message });
        }
    }
    Ok(())
}

/// Drops a database of a load, which is a template if the one that it replaces is. `options` follow the name in SQL.
async fn drop_database(maintenance: &Session, name: &str, options: &str) -> pg::Result<()> {
    let name = identifier(name);
    // If this fails, the next statement reports why. It cannot run in a transaction.
    let _ = maintenance.run(&format!("ALTER DATABASE {name} IS_TEMPLATE false")).await;
    maintenance.run(&format!("DROP DATABASE IF EXISTS {name}{options}")).await.map(drop)
}

/// Refuses a database that changed since it was inspected.
async fn check_still_empty(target: &LoadTarget, database: &str) -> Result<()> {
    let state = inspect(&target.session(database).await?).await?;
    if state.is_empty() && !state.extensions {
        return Ok(());
    }
    let found = state.rows().unwrap_or_else(|| "objects that were created during the load".into());
    Err(Refusal::NotEmpty { target: target.name(), found }.into())
}

/// Returns encoding and locale of a database as options of `CREATE DATABASE`; empty if the database does not exist.
async fn create_options(maintenance: &Session, database: &str) -> pg::Result<String> {
    // The columns for locale providers other than libc were added in 15 and 17.
    let row = maintenance
        .query(
            "SELECT pg_catalog.format(' ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
                    pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype), \
                    pg_catalog.to_jsonb(d) ->> 'datlocprovider', \
                    COALESCE(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') \
             FROM pg_catalog.pg_database d WHERE d.datname = $1",
            &[&database],
        )
        .await?;
    let Some(row) = row.first() else { return Ok(String::new()) };
    let (options, provider, locale): (String, Option<String>, Option<String>) = (row.get(0), row.get(1), row.get(2));
    Ok(match (provider.as_deref(), locale) {
        (Some("i"), Some(locale)) => format!("{options} LOCALE_PROVIDER icu ICU_LOCALE {}", literal(&locale)),
        (Some("b"), Some(locale)) => format!("{options} LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", literal(&locale)),
        _ => options,
    })
}
