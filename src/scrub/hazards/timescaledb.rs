//! TimescaleDB's background jobs: production's own procedures, which run by themselves, and its telemetry.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard, relation_exists};
use crate::pg::{Result, Session, identifier};

pub(super) struct TimescaleJobs;

#[async_trait]
impl Hazard for TimescaleJobs {
    fn name(&self) -> &'static str {
        "timescaledb-jobs"
    }

    fn about(&self) -> &'static str {
        "production's own procedures on TimescaleDB's schedule, and its telemetry, are disabled; its policies \
         (compression, retention, refresh) only affect the clone and stay"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        if !relation_exists(session, "timescaledb_information.jobs").await? {
            return Ok(vec![]);
        }
        let rows = session
            .query(
                "SELECT j.job_id, j.proc_schema::text, j.proc_name::text, j.owner::text, n.nspname::text \
                 FROM timescaledb_information.jobs j \
                 CROSS JOIN LATERAL (SELECT n.nspname FROM pg_catalog.pg_proc p \
                     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
                     WHERE p.proname = 'alter_job' ORDER BY n.nspname LIMIT 1) n \
                 WHERE j.scheduled AND (j.proc_schema::text NOT LIKE '\\_timescaledb%' OR j.proc_name::text LIKE '%telemetry%') \
                 ORDER BY j.job_id",
                &[],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (id, schema, procedure): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
                let (owner, home): (Option<String>, String) = (row.get(3), row.get(4));
                let disable = format!("SELECT {}.alter_job({id}, scheduled => false)", identifier(&home));
                Finding {
                    description: format!("TimescaleDB job {id} calling {schema}.{procedure}"),
                    effect: "disabled",
                    owner,
                    remedy: format!("run {disable} as the job's owner"),
                    defusals: vec![disable],
                    blocks: true,
                }
            })
            .collect())
    }
}
