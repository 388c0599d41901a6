//! Phases that contradict the record, as a killed run leaves them. The record decides which generation is live.

use crate::platform::guard;
use crate::platform::{Instance, Phase, Tags, tag};

use super::observe::World;
use super::run::Run;

/// Returns the phase of an instance as the record shows it: a published generation is live if the record points at it,
/// else retired.
pub fn of(world: &World, instance: &Instance, pointed_at: bool) -> Option<Phase> {
    match instance.phase() {
        Some(Phase::Retired) if pointed_at => Some(Phase::Live),
        // If the record points at none, the tag is all there is.
        Some(Phase::Live) if !pointed_at && world.live().is_some() => Some(Phase::Retired),
        phase => phase,
    }
}

/// Corrects the tags of published generations whose phase contradicts the record. A tag that cannot be corrected is
/// reported and tried again by the next run. Returns whether any was corrected.
pub async fn correct(run: &Run, world: &World) -> bool {
    let mut wrong: Vec<(&Instance, Phase)> = world
        .instances
        .iter()
        .zip(&world.pointed_at)
        .filter(|(one, _)| run.rules.check_identity(&world.identity, one, None).is_ok())
        .filter_map(|(one, live)| {
            of(world, one, *live).filter(|phase| one.phase() != Some(*phase)).map(|phase| (one, phase))
        })
        .collect();
    // First those to retire: two generations are never tagged live.
    wrong.sort_by_key(|(_, phase)| *phase == Phase::Live);
    let mut corrected = false;
    for (instance, phase) in wrong {
        let step = run.step("phases", format!("correct the phase of {}", instance.name));
        match set(run, instance, phase).await {
            Ok(()) => {
                step.done(format!("{phase}, as the record shows"));
                corrected = true;
            }
            Err(error) => run.warn(format!("the phase of {} could not be set to {phase}: {error}", instance.name)),
        }
    }
    corrected
}

async fn set(run: &Run, instance: &Instance, phase: Phase) -> crate::platform::Result<()> {
    let id = Some(instance.resource_id.as_str());
    let dev = guard::admit_published(&*run.platform, &run.rules, &instance.name, id).await?;
    run.platform.set_tags(dev, &Tags::from([(tag::PHASE.to_owned(), phase.to_string())])).await
}
