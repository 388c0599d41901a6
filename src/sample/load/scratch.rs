//! The scratch database: made beside the target, loaded, and given the target's name in one transaction.
//! Until then the target is as it was; a killed load leaves a database that the next one drops.

use std::time::{Duration, Instant};

use super::inspect::observe;
use super::refusal::Refusal;
use super::target::Target;
use super::{LeftOut, Loaded};
use crate::event::{Event, Listener};
use crate::pg::{self, Session, identifier, literal};
use crate::sample::load::error::{Error, Result};
use crate::sample::schema::Statement;

/// What names of scratch databases begin with.
const PREFIX: &str = "devdb_load_";
/// What a replaced database is called until it is dropped.
const OLD: &str = "devdb_old_";
/// What one that may not be replaced is called while it is looked at again: no load ever drops these.
const KEPT: &str = "devdb_kept_";
/// How long sessions in the target may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A scratch database, and the session in another database that made it and will rename it.
pub(super) struct Scratch {
    pub(super) name: String,
    keeper: Session,
}

/// A session in a database that is neither the target nor a template in use.
pub(super) async fn keeper(target: &Target) -> Result<Session> {
    let first = if target.database == "postgres" { "template1" } else { "postgres" };
    match target.session(first).await {
        Ok(session) => Ok(session),
        // Some services have no database of that name, or do not let everybody in.
        Err(_) => target.session("template1").await,
    }
}

impl Scratch {
    /// Makes an empty database with the target's encoding and locale, where there is a target, and drops what
    /// killed loads have left.
    pub(super) async fn create(target: &Target, keeper: Session, listener: &dyn Listener) -> Result<Scratch> {
        let name = format!("{PREFIX}{:016x}", rand::random::<u64>());
        // By this name others see that the database is in use, from before it is made until the end.
        keeper.run(&format!("SET application_name = {}", literal(&name))).await?;
        drop_leftovers(&keeper, listener).await?;
        let alike = alike(&keeper, &target.database).await?;
        keeper.run(&format!("CREATE DATABASE {} TEMPLATE template0{alike}", identifier(&name))).await?;
        Ok(Scratch { name, keeper })
    }

    /// Gives it the target's name, and what the target had of its own: owner, settings, rights. One
    /// transaction; a database that is replaced is dropped afterwards, unless it must be empty (`replace` was not
    /// asked for) and somebody has put something into it meanwhile.
    pub(super) async fn publish(
        &self,
        target: &Target,
        exists: bool,
        replace: bool,
        loaded: &mut Loaded,
    ) -> Result<()> {
        let name = target.database.as_str();
        self.settle().await?;
        if !exists {
            let rename = format!("ALTER DATABASE {} RENAME TO {}", identifier(&self.name), identifier(name));
            self.keeper.run(&rename).await?;
            return Ok(());
        }
        self.take_over(name, &mut loaded.left_out).await?;
        let old = self.name.replace(PREFIX, if replace { OLD } else { KEPT });
        self.rename([(name, &old), (&self.name, name)]).await?;
        // Only now can nobody write to it any more: nobody knows its name.
        if !replace && let Err(error) = still_empty(target, &old).await {
            let back = self.rename([(name, &self.name), (&old, name)]).await;
            return Err(back.err().map_or(error, |error| Error::Kept {
                target: target.name(),
                old,
                why: error.to_string(),
            }));
        }
        // The sample is in its place: a database that cannot be dropped now is dropped by the next load.
        if let Err(error) = drop_database(&self.keeper, &old, " WITH (FORCE)").await {
            loaded.notes.push(format!("the replaced database is left as {old}: {error}"));
        }
        Ok(())
    }

    /// Waits a moment for the end of our own sessions in it, which have said goodbye: a server that finds one in a database
    /// that is renamed looks again after a tenth of a second.
    async fn settle(&self) -> Result<()> {
        let busy = "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE datname = $1)";
        for _ in 0..20 {
            if !self.keeper.query_one(busy, &[&self.name]).await?.get::<_, bool>(0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Renames two databases, one after the other in one transaction, and ends the sessions in them.
    async fn rename(&self, both: [(&str, &str); 2]) -> Result<()> {
        let each = both.map(|(from, to)| format!("ALTER DATABASE {} RENAME TO {}", identifier(from), identifier(to)));
        let swap = format!("BEGIN; {}; COMMIT", each.join("; "));
        let began = Instant::now();
        while let Err(error) = self.keeper.run(&swap).await {
            // The session is still in the failed transaction.
            self.keeper.run("ROLLBACK").await?;
            if error.sqlstate() != Some("55006") || began.elapsed() > PATIENCE {
                return Err(error.into());
            }
            for (from, _) in both {
                self.end_sessions(from).await?;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Drops it; for a load that failed.
    pub(super) async fn discard(&self) -> Result<()> {
        Ok(drop_database(&self.keeper, &self.name, " WITH (FORCE)").await?)
    }

    /// Owner, settings, comment and rights of the database that is replaced. What we may not set is left out.
    async fn take_over(&self, database: &str, left_out: &mut LeftOut) -> Result<()> {
        let new = identifier(&self.name);
        let rows = self
            .keeper
            .query(
                "SELECT pg_catalog.format('ALTER %s SET %s', \
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
                 FROM pg_catalog.pg_database d WHERE d.datname = $1 AND d.datdba <> CURRENT_USER::pg_catalog.regrole",
                &[&database, &new],
            )
            .await?;
        let revoked: bool = self
            .keeper
            .query_one("SELECT datacl IS NOT NULL FROM pg_catalog.pg_database WHERE datname = $1", &[&database])
            .await?
            .get(0);
        if revoked {
            self.keeper.run(&format!("REVOKE ALL ON DATABASE {new} FROM PUBLIC")).await?;
        }
        for row in rows {
            let sql: String = row.get(0);
            match self.keeper.run(&sql).await {
                Err(error) if error.sqlstate() == Some("42501") => {
                    let sql = sql.replacen(&new, &identifier(database), 1);
                    left_out.statements.push(format!("{} ({error})", Statement::read(&sql).title()));
                }
                done => drop(done?),
            }
        }
        Ok(())
    }

    async fn end_sessions(&self, database: &str) -> Result<()> {
        let end = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1";
        match self.keeper.query(end, &[&database]).await {
            Err(error) if error.sqlstate() != Some("42501") => Err(error.into()),
            // Sessions of a superuser are not ours to end: the rename is tried until patience ends.
            _ => Ok(()),
        }
    }
}

/// Drops databases of loads that were killed: ours by name and owner, with nobody in them, and without the
/// session that made them.
async fn drop_leftovers(keeper: &Session, listener: &dyn Listener) -> pg::Result<()> {
    let rows = keeper
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
        if let Err(error) = drop_database(keeper, &name, "").await {
            let message = format!("the database {name}, which an earlier load has left, cannot be dropped: {error}");
            listener.on_event(&Event::Warning { message });
        }
    }
    Ok(())
}

/// Drops a database of ours, which may be a template as the one that it replaces was.
async fn drop_database(keeper: &Session, name: &str, how: &str) -> pg::Result<()> {
    let name = identifier(name);
    // When there is none, or it is not ours, the next statement says so. It cannot be in a transaction.
    let _ = keeper.run(&format!("ALTER DATABASE {name} IS_TEMPLATE false")).await;
    keeper.run(&format!("DROP DATABASE IF EXISTS {name}{how}")).await.map(drop)
}

/// Refuses a database that has got something since it was looked at first.
async fn still_empty(target: &Target, database: &str) -> Result<()> {
    let observed = observe(&target.session(database).await?).await?;
    if observed.is_empty() && !observed.extensions {
        return Ok(());
    }
    let found = observed.rows().unwrap_or_else(|| "objects that were made during the load".into());
    Err(Refusal::NotEmpty { target: target.name(), found }.into())
}

/// Encoding and locale of a database, as words of `CREATE DATABASE`.
async fn alike(keeper: &Session, database: &str) -> pg::Result<String> {
    // Columns for other locale providers than the C library's came with 15 and 17.
    let row = keeper
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
    let (words, provider, locale): (String, Option<String>, Option<String>) = (row.get(0), row.get(1), row.get(2));
    Ok(match (provider.as_deref(), locale) {
        (Some("i"), Some(locale)) => format!("{words} LOCALE_PROVIDER icu ICU_LOCALE {}", literal(&locale)),
        (Some("b"), Some(locale)) => format!("{words} LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", literal(&locale)),
        _ => words,
    })
}
