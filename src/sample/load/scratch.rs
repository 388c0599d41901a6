//! The scratch database: made beside the target, loaded, and given the target's name in one transaction.
//! Until then the target is as it was; a killed load leaves a database that the next one drops.

use std::time::{Duration, Instant};

use super::target::Target;
use crate::pg::{self, Session, identifier, literal};
use crate::sample::load::error::Result;

/// What names of scratch databases begin with.
const PREFIX: &str = "devdb_load_";
/// What a replaced database is called until it is dropped.
const OLD: &str = "devdb_old_";
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
    pub(super) async fn create(target: &Target, keeper: Session) -> Result<Scratch> {
        let name = format!("{PREFIX}{:016x}", rand::random::<u64>());
        // By this name others see that the database is in use, from before it is made until the end.
        keeper.run(&format!("SET application_name = {}", literal(&name))).await?;
        drop_leftovers(&keeper).await?;
        let alike = alike(&keeper, &target.database).await?;
        keeper.run(&format!("CREATE DATABASE {} TEMPLATE template0{alike}", identifier(&name))).await?;
        Ok(Scratch { name, keeper })
    }

    /// Gives it the target's name, and what the target had of its own: owner, settings, rights. One
    /// transaction; a database that is replaced is dropped afterwards.
    pub(super) async fn publish(&self, target: &Target, replaces: bool) -> Result<()> {
        let (new, name) = (identifier(&self.name), identifier(&target.database));
        if !replaces {
            self.keeper.run(&format!("ALTER DATABASE {new} RENAME TO {name}")).await?;
            return Ok(());
        }
        self.take_over(&target.database).await?;
        let old_name = self.name.replace(PREFIX, OLD);
        let old = identifier(&old_name);
        let swap =
            format!("BEGIN; ALTER DATABASE {name} RENAME TO {old}; ALTER DATABASE {new} RENAME TO {name}; COMMIT");
        let began = Instant::now();
        while let Err(error) = self.keeper.run(&swap).await {
            // The session is still in the failed transaction.
            self.keeper.run("ROLLBACK").await?;
            if error.sqlstate() != Some("55006") || began.elapsed() > PATIENCE {
                return Err(error.into());
            }
            self.end_sessions(&target.database).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // The sample is in its place: a database that cannot be dropped now is dropped by the next load.
        let _ = self.keeper.run(&format!("DROP DATABASE {old} WITH (FORCE)")).await;
        Ok(())
    }

    /// Drops it; for a load that failed.
    pub(super) async fn discard(&self) -> Result<()> {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(&self.name));
        self.keeper.run(&drop).await?;
        Ok(())
    }

    /// Owner, settings and rights of the database that is replaced.
    async fn take_over(&self, database: &str) -> Result<()> {
        let new = identifier(&self.name);
        let rows = self
            .keeper
            .query(
                "SELECT pg_catalog.format('ALTER DATABASE %s SET %s', '{}', \
                        CASE WHEN s.name IN ('search_path', 'session_preload_libraries', 'local_preload_libraries', \
                                             'temp_tablespaces', 'DateStyle') \
                             THEN pg_catalog.format('%I TO %s', s.name, s.value) \
                             ELSE pg_catalog.format('%I TO %L', s.name, s.value) END) \
                 FROM pg_catalog.pg_database d \
                 JOIN pg_catalog.pg_db_role_setting r ON r.setdatabase = d.oid AND r.setrole = 0 \
                 CROSS JOIN pg_catalog.unnest(r.setconfig) AS c (line) \
                 CROSS JOIN LATERAL (SELECT pg_catalog.split_part(c.line, '=', 1), \
                                            pg_catalog.substr(c.line, pg_catalog.strpos(c.line, '=') + 1)) AS s (name, value) \
                 WHERE d.datname = $1 \
                 UNION ALL \
                 SELECT pg_catalog.format('GRANT %s ON DATABASE %s TO %s%s', a.privilege_type, '{}', \
                        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)::text) END, \
                        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
                 FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a WHERE d.datname = $1 \
                 UNION ALL \
                 SELECT pg_catalog.format('ALTER DATABASE %s CONNECTION LIMIT %s', '{}', d.datconnlimit) \
                 FROM pg_catalog.pg_database d WHERE d.datname = $1 AND d.datconnlimit >= 0 \
                 UNION ALL \
                 SELECT pg_catalog.format('ALTER DATABASE %s OWNER TO %I', '{}', pg_catalog.pg_get_userbyid(d.datdba)) \
                 FROM pg_catalog.pg_database d WHERE d.datname = $1 AND d.datdba <> CURRENT_USER::pg_catalog.regrole",
                &[&database],
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
            self.keeper.run(&row.get::<_, String>(0).replacen("{}", &new, 1)).await?;
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
async fn drop_leftovers(keeper: &Session) -> pg::Result<()> {
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
        keeper.run(&format!("DROP DATABASE IF EXISTS {}", identifier(&name))).await?;
    }
    Ok(())
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
