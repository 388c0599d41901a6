//! Preconditions of a rotation: account, source, record.

use crate::config::Target;
use crate::event::Verdict;
use crate::platform::guard::Rules;
use crate::platform::{Check, RecordState, Source};
use crate::rotate::name;
use crate::rotate::observe::{RECORD_REMEDY, World};

use super::decision::PlanOptions;

/// Returns a failed check for each precondition that is not met.
pub(super) fn refusals(world: &World, target: &Target, rules: &Rules, options: &PlanOptions) -> Vec<Check> {
    let mut all = Vec::new();
    if world.identity.account != rules.account || world.identity.region != rules.region {
        all.push(Check::fail(
            "account",
            format!(
                "these credentials are for {} in {}, but the configuration has {} in {}",
                world.identity.account, world.identity.region, rules.account, rules.region
            ),
            "use credentials of the configured account, or correct the configuration",
        ));
    }
    all.extend(world.source.as_ref().and_then(source_refusal));
    all.extend(record_refusal(world, target, options));
    all
}

fn source_refusal(source: &Source) -> Option<Check> {
    if let Some(cluster) = &source.cluster {
        return Some(Check::fail(
            "source",
            format!("{} is a member of the Aurora cluster {cluster}", source.name),
            "devdb rotates RDS for PostgreSQL instances; Aurora is not supported",
        ));
    }
    (source.engine != "postgres").then(|| {
        Check::fail(
            "source",
            format!("{} runs {}", source.name, source.engine),
            "devdb rotates RDS for PostgreSQL instances only",
        )
    })
}

fn record_refusal(world: &World, target: &Target, options: &PlanOptions) -> Option<Check> {
    let name = &target.record.name;
    match &world.record {
        RecordState::Foreign(why) => {
            Some(Check::fail("record", format!("{name} cannot be swapped: {why}"), RECORD_REMEDY))
        }
        RecordState::Present(_) if deleted_generation(world, target).is_some() => None,
        RecordState::Present(record) if !world.pointed_at.contains(&true) && !options.adopt => Some(Check::fail(
            "record",
            format!("{name} points at {}, which is not a generation of this target", record.value),
            "if the record is meant for devdb, run once with --adopt",
        )),
        RecordState::Present(_) | RecordState::Absent => None,
    }
}

/// Returns the generation of this target that the record points at although it was deleted. Its name is one that devdb
/// makes, and nothing else can have its endpoint.
fn deleted_generation<'a>(world: &'a World, target: &Target) -> Option<&'a str> {
    let name = world.recorded.as_deref()?;
    let exists = world.instances.iter().any(|instance| instance.name == name);
    (!exists && name::is_made(&target.generation.prefix, name)).then_some(name)
}

/// Returns the warning about a record that points at a deleted generation.
pub(super) fn deleted_warning(world: &World, target: &Target) -> Option<String> {
    let name = deleted_generation(world, target)?;
    Some(format!("{} points at {name}, a generation that does not exist any more", target.record.name))
}

/// Returns whether a check failed, which stops the run.
pub fn stops(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.verdict == Verdict::Fail)
}
