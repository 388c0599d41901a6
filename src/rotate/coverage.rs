//! Step: check column coverage.

use crate::error::Failure;
use crate::platform::Instance;
use crate::scrub::coverage_gate::{CoverageGate, LockCheck};
use crate::scrub::scripts;

use super::access::{Access, through};
use super::inputs::RunInputs;
use super::run::Run;

/// Passes all databases of a clone through the coverage gate. This comes before any script: the schema of production
/// is checked, as `devdb coverage` does it.
pub async fn check(run: &Run, instance: &Instance, access: &Access, inputs: &RunInputs) -> Result<(), Failure> {
    let step = run.step("coverage", "check column coverage");
    let mut gate = CoverageGate::new(&run.target.masking, &inputs.mask_key, &inputs.locks, &*run.listener);
    for work in &inputs.databases {
        let (judgement, begun) = through(access, &work.database, &|why| step.progress(why), async |session| {
            Ok((gate.judge(session).await?, scripts::has_begun(session, &instance.name).await?))
        })
        .await?;
        gate.admit(&judgement, if begun { LockCheck::Skip } else { LockCheck::Compare });
    }
    gate.require_references();
    step.done(gate.finish()?.to_string());
    Ok(())
}
