//! The instances of a target, by their role.

use crate::platform::guard::{Refusal, Rules};
use crate::platform::{Instance, Phase, Status};
use crate::rotate::observe::World;

/// The instances of a target by their role, each list oldest first.
#[derive(Default)]
pub(super) struct Generations {
    /// The instance that the record points at, in any phase.
    pub live: Option<Instance>,
    /// Instances that were live once.
    pub replaced: Vec<Instance>,
    /// Instances that were never live.
    pub unpublished: Vec<Instance>,
}

impl Generations {
    /// Sorts the observed instances. Those that the guard refuses are left out, with a warning.
    pub fn sort(world: &World, rules: &Rules, warnings: &mut Vec<String>) -> Generations {
        let mut sorted = Generations::default();
        let mut all: Vec<(&Instance, bool)> = world.instances.iter().zip(world.pointed_at.iter().copied()).collect();
        all.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        for (instance, live) in all {
            if let Err(refusal) = rules.check(&world.identity, instance, None) {
                let remedy = match &refusal {
                    Refusal::Damaged { .. } => format!("; {}", refusal.remedy()),
                    _ => String::new(),
                };
                warnings.push(format!("{} is left alone: {refusal}{remedy}", instance.name));
                // The live generation is kept in the list although it is protected, so that the failure to retire it
                // is reported at the end.
                if live && matches!(refusal, Refusal::Protected { .. } | Refusal::Replicates { .. }) {
                    sorted.live = Some(instance.clone());
                }
                continue;
            }
            let published = instance.phase().is_some_and(Phase::is_published);
            if live {
                if instance.phase().is_none_or(|phase| phase < Phase::Scrubbed) {
                    warnings.push(format!("the record points at {}, which was never scrubbed", instance.name));
                }
                sorted.live = Some(instance.clone());
            } else if instance.status == Status::Deleting {
                // Needs nothing.
            } else if published {
                sorted.replaced.push(instance.clone());
            } else {
                sorted.unpublished.push(instance.clone());
            }
        }
        sorted
    }

    /// Returns the live generation if an interrupted run published it but did not finish.
    pub fn unfinished(&self) -> Option<&Instance> {
        self.live.as_ref().filter(|live| live.phase() == Some(Phase::Scrubbed))
    }
}
