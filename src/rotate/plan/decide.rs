//! The decision: what a rotation does in the observed world.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Password, Target};
use crate::platform::guard::Rules;
use crate::platform::{Instance, Phase, Snapshot, Status, Tags, tag};
use crate::rotate::observe::World;
use crate::rotate::recipe::version;
use crate::rotate::{lease_tag, name};

use super::decision::{Decision, Plan, PlanOptions, Work};
use super::generations::Generations;
use super::preconditions::{deleted_warning, refusals};
use super::snapshot;

/// Decides what a rotation does. `run` is this run's id, `recipe` the fingerprint of what decides about the content of
/// a clone.
pub fn decide(
    world: &World,
    target: &Target,
    rules: &Rules,
    options: &PlanOptions,
    run: &str,
    recipe: &str,
) -> Decision {
    let mut refusals = refusals(world, target, rules, options);
    let (snapshot, warning) = match snapshot::choose(world, target, options) {
        Ok(chosen) => chosen,
        Err(refusal) => {
            refusals.push(refusal);
            return Decision::Refused(refusals);
        }
    };
    refusals.extend(snapshot::storage_refusal(&snapshot, target));
    if !refusals.is_empty() {
        return Decision::Refused(refusals);
    }
    let mut warnings: Vec<String> = warning.into_iter().chain(deleted_warning(world, target)).collect();
    let generations = Generations::sort(world, rules, &mut warnings);
    if !options.take_over
        && let Some(occupied) = occupied(world, &generations, run)
    {
        return occupied;
    }
    let mut abandoned = generations.unpublished.clone();
    let work = choose_work(world, target, &generations, &mut abandoned, &snapshot, recipe);
    warnings.extend(abandoned.iter().filter_map(|clone| other_version(clone, recipe)));
    let mut replaced = generations.replaced;
    if !matches!(work, Work::Finish { .. }) {
        replaced.extend(generations.live.clone());
    }
    let keep = replaced.split_off(replaced.len().saturating_sub(target.generation.keep));
    Decision::Go(Box::new(Plan {
        work,
        tags: tags(target, run, recipe, &snapshot, world.now),
        snapshot,
        record: world.record.clone(),
        live: generations.live,
        abandoned,
        retire: replaced,
        keep,
        warnings,
    }))
}

/// Returns the first lease of another run that has not ended: on a clone, or on a generation that is rolled back to.
fn occupied(world: &World, generations: &Generations, run: &str) -> Option<Decision> {
    let Generations { live, replaced, unpublished } = generations;
    let mut all = unpublished.iter().chain(live).chain(replaced);
    all.find_map(|one| lease_tag::of_other(one, world.now, run)).map(Decision::Occupied)
}

/// Chooses the generation to work on; a clone to resume is removed from `abandoned`.
fn choose_work(
    world: &World,
    target: &Target,
    generations: &Generations,
    abandoned: &mut Vec<Instance>,
    snapshot: &Snapshot,
    recipe: &str,
) -> Work {
    // Scripts do not run twice, so what they did with a secret that the interrupted run generated stays.
    let mut secrets = target.databases.iter().flat_map(|database| database.secrets.values());
    let in_scripts = secrets.any(|secret| matches!(secret, Password::Generate { .. }));
    let is_resumable = |clone: &Instance| {
        clone.tag(tag::SNAPSHOT) == Some(&snapshot.id)
            && clone.tag(tag::RECIPE) == Some(recipe)
            && clone.phase().is_some_and(|phase| !in_scripts || phase == Phase::Restored)
            && !matches!(clone.status, Status::Failed(_) | Status::Stopping | Status::Stopped | Status::Deleting)
    };
    if let Some(generation) = generations.unfinished() {
        Work::Finish { generation: Box::new(generation.clone()) }
    } else if let Some(at) = abandoned.iter().rposition(is_resumable) {
        Work::Resume { clone: Box::new(abandoned.remove(at)) }
    } else {
        Work::Restore { name: free_name(world, target) }
    }
}

/// Returns the warning about a clone whose recipe another version of devdb computed. Whether it was scrubbed by the
/// same rules is not known, so it is removed.
fn other_version(clone: &Instance, recipe: &str) -> Option<String> {
    let left = clone.tag(tag::RECIPE)?;
    (version(left) != version(recipe))
        .then(|| format!("{} was left by another version of devdb; it is removed, not resumed", clone.name))
}

fn free_name(world: &World, target: &Target) -> String {
    let taken = |name: &str| world.instances.iter().any(|instance| instance.name == name);
    let mut at = world.now;
    loop {
        let name = name::make(&target.generation.prefix, at);
        if !taken(&name) {
            return name;
        }
        at += Duration::from_secs(1);
    }
}

fn tags(target: &Target, run: &str, recipe: &str, snapshot: &Snapshot, now: Timestamp) -> Tags {
    let mut tags = Tags::new();
    let mut put = |key: &str, value: String| tags.insert(key.to_owned(), value);
    put(tag::MANAGED_BY, tag::MANAGED_BY_VALUE.into());
    put(tag::TARGET, target.name.clone());
    put(tag::PHASE, Phase::Restored.to_string());
    put(tag::RUN, run.into());
    put(tag::LEASE, lease_tag::end(now, target.generation.lease).to_string());
    put(tag::SNAPSHOT, snapshot.id.clone());
    put(tag::RECIPE, recipe.into());
    if let Some(at) = snapshot.taken_at {
        put(tag::SNAPSHOT_TIME, at.to_string());
    }
    tags
}
