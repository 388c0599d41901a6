//! pg_cron: production's scheduled SQL would run in the clone as soon as its library is loaded.

use async_trait::async_trait;

use super::{Finding, Hazard, exists};
use crate::pg::as_owner::{count, read};
use crate::pg::{Result, Session};

pub(super) struct PgCron;

#[async_trait]
impl Hazard for PgCron {
    fn name(&self) -> &'static str {
        "pg-cron"
    }

    fn about(&self) -> &'static str {
        "scheduled SQL runs by itself, and its log keeps commands and messages; the extension is dropped with both"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        let installed = session
            .query(
                "SELECT r.rolname::text FROM pg_catalog.pg_extension e \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = e.extowner WHERE e.extname = 'pg_cron'",
                &[],
            )
            .await?;
        let Some(row) = installed.first() else { return Ok(vec![]) };
        let owner: Option<String> = row.get(0);
        let active = if exists(session, "cron.job").await? { active_jobs(session).await? } else { Some(0) };
        let jobs = active
            .map_or_else(|| "jobs that cannot be counted".to_owned(), |jobs| format!("active jobs: {}", count(jobs)));
        Ok(vec![Finding {
            what: format!("extension pg_cron, {jobs}"),
            done: "dropped with its jobs and their log",
            owner,
            ways: vec!["DROP EXTENSION pg_cron CASCADE".into()],
            // Jobs that were switched off instead (see the shapes of tables) do not run.
            blocks: active != Some(0),
            remedy: "drop the extension as a superuser, or use a parameter group without pg_cron in \
                     shared_preload_libraries and keep pg-cron with that reason under `hazards:`"
                .into(),
        }])
    }
}

/// Active jobs of everybody; none when they cannot be counted. A policy on `cron.job` hides other people's jobs: with
/// `row_security = off` that is an error rather than a wrong number.
async fn active_jobs(session: &Session) -> Result<Option<i64>> {
    let owner = session
        .query(
            "SELECT r.rolname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.oid = pg_catalog.to_regclass('cron.job')",
            &[],
        )
        .await?;
    let owner: Option<String> = owner.first().map(|row| row.get(0));
    match read(session, owner.as_deref(), "SELECT pg_catalog.count(*) FROM cron.job WHERE active").await {
        Ok(rows) => Ok(rows.first().map(|row| row.get(0))),
        Err(error) if error.is_disconnect() => Err(error),
        Err(_) => Ok(None),
    }
}
