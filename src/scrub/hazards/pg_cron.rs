//! pg_cron: production's scheduled SQL would run in the clone as soon as the library is loaded.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard, relation_exists};
use crate::pg::as_owner::query_as_owner;
use crate::pg::{Result, Session};
use crate::units::counted;

pub(super) struct PgCron;

#[async_trait]
impl Hazard for PgCron {
    fn name(&self) -> &'static str {
        "pg-cron"
    }

    fn about(&self) -> &'static str {
        "scheduled SQL runs by itself, and its log keeps statements and messages; the extension is dropped with both"
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
        let active = if relation_exists(session, "cron.job").await? { active_jobs(session).await? } else { Some(0) };
        let jobs =
            active.map_or_else(|| "an unknown number of active jobs".to_owned(), |jobs| counted(jobs, "active job"));
        Ok(vec![Finding {
            description: format!("extension pg_cron with {jobs}"),
            effect: "dropped with its jobs and their log",
            owner,
            defusals: vec!["DROP EXTENSION pg_cron CASCADE".into()],
            // Jobs that were disabled instead (see `shapes`) do not run.
            blocks: active != Some(0),
            remedy: "drop the extension as a superuser, or use a parameter group without pg_cron in \
                     shared_preload_libraries and keep pg-cron with that reason under `hazards:`"
                .into(),
        }])
    }
}

/// Returns the number of active jobs of all roles, or `None` if they cannot be counted. A policy on `cron.job` hides the
/// jobs of other roles: with `row_security = off` that is an error rather than a wrong number.
async fn active_jobs(session: &Session) -> Result<Option<u64>> {
    let owner = session
        .query(
            "SELECT r.rolname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.oid = pg_catalog.to_regclass('cron.job')",
            &[],
        )
        .await?;
    let owner: Option<String> = owner.first().map(|row| row.get(0));
    match query_as_owner(session, owner.as_deref(), "SELECT pg_catalog.count(*) FROM cron.job WHERE active").await {
        Ok(rows) => Ok(rows.first().map(|row| row.get::<_, i64>(0).unsigned_abs())),
        Err(error) if error.is_disconnect() => Err(error),
        Err(_) => Ok(None),
    }
}
