//! Steps: clear residue, and verify: the publication gate decides.

use crate::error::{Exit, Failure};
use crate::platform::Instance;
use crate::platform::guard::Scrubbed;
use crate::scrub::marker::Marker;
use crate::scrub::publish_gate::{self, Case};
use crate::scrub::scripts::StageOptions;
use crate::scrub::{residue, roles};
use crate::units::counted;

use super::access::{Access, RetryableError, through};
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
    let dev = run.admit(&instance.name, &instance.resource_id).await?;
    let scrubbed = publish_gate::check(dev, &case).await?;
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
            Ok(residue::clear(session, &*run.listener).await?)
        })
        .await?;
        if !cleared.unrefreshed.is_empty() {
            let views = cleared.unrefreshed.join(", ");
            let cause = format!("materialized views in {} still contain original rows: {views}", work.database);
            return Err(Failure::new(Exit::Leak, cause)
                .hint("drop them in a script of 10-scrub, or make the master user their owner"));
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
