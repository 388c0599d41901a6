//! Steps: clear residue, and verify: the publication gate decides.

use crate::error::Failure;
use crate::platform::Instance;
use crate::platform::guard::Scrubbed;
use crate::scrub::marker::Marker;
use crate::scrub::publish_gate::{self, Case};
use crate::scrub::scripts::StageOptions;
use crate::scrub::{masker, residue, roles};
use crate::units::counted;

use super::access::{Access, RetryableError, again, through};
use super::database_scripts::DatabaseScripts;
use super::inputs::RunInputs;
use super::options::RotateOptions;
use super::run::Run;
use super::{masking, scripts, secure};

/// Clears residue and passes the clone through the publication gate, which reads everything back.
pub async fn verify(
    run: &Run,
    instance: &Instance,
    access: &Access,
    marker: &Marker,
    inputs: &RunInputs,
    options: &RotateOptions,
    proven: bool,
) -> Result<Scrubbed, Failure> {
    // Triggers that the scripts fired may have filled a queue again.
    secure::defuse(run, access, "defuse hazards after scripts").await?;
    clear_residue(run, access, inputs).await?;
    let step = run.step("verify", "verify");
    let orders: Vec<(StageOptions<'_>, &DatabaseScripts)> =
        inputs.databases.iter().map(|work| (scripts::order(run, instance, work, options), work)).collect();
    let case = Case {
        masker: masking::masker(run, instance, access, inputs),
        proven,
        connector: access,
        marker,
        scripts: orders.iter().map(|(order, work)| (work.database.as_str(), &work.scripts, order)).collect(),
        kept_hazards: &run.target.kept_hazards,
        allowed: run.allowed_logins(),
        internal: run.internal_logins(),
    };
    let (first, report) = (run.first_database(), |why| step.progress(why));
    let passed = again(access, &first, &report, async || Ok(publish_gate::check(&instance.name, &case).await?)).await?;
    again(access, &first, &report, async || Ok(passed.mark(&case).await?)).await?;
    let scrubbed = passed.prove(run.admit(&instance.name, &instance.resource_id).await?)?;
    step.done("hazards, logins, scripts, residue and verify queries are in order");
    Ok(scrubbed)
}

async fn clear_residue(run: &Run, access: &Access, inputs: &RunInputs) -> Result<(), Failure> {
    let step = run.step("residue", "clear residue");
    let (mut tables, mut views) = (0, 0);
    for work in &inputs.databases {
        let cleared = through(access, &work.database, &|why| step.progress(why), async |session| {
            for (name, role) in &run.target.ensured_roles {
                roles::grant(session, name, role).await.map_err(RetryableError::from)?;
            }
            let cleared = residue::clear(session, &*run.listener).await?;
            masker::complete_ledger(session, &run.target.masking, &*run.listener).await?;
            Ok(cleared)
        })
        .await?;
        if let Some(failure) = cleared.refusal(&work.database) {
            return Err(failure);
        }
        tables += cleared.tables;
        views += cleared.refreshed;
    }
    let views = match views {
        0 => String::new(),
        views => format!(", {} refreshed", counted(views as u64, "materialized view")),
    };
    step.done(format!("{} vacuumed and analyzed{views}", counted(tables as u64, "table")));
    Ok(())
}
