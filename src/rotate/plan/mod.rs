//! Deciding: the observed world in, what to do out. No I/O; `--dry-run` prints what comes out of here.

mod snapshot;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Target;
use crate::event::Verdict;
use crate::platform::guard::{self, Refusal, Rules};
use crate::platform::{Check, Instance, Phase, RecordState, Snapshot, Status, Tags, tag};

use super::name;
use super::observe::World;

pub use snapshot::age;

/// What the user asked for on the command line.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// A snapshot by its id, instead of the newest.
    pub snapshot: Option<String>,
    /// Remove or resume another run's clone although that run may be alive.
    pub take_over: bool,
    /// Swap a record that points at something devdb did not make.
    pub adopt: bool,
}

/// What the rotation works on.
#[derive(Clone, Debug)]
pub enum Work {
    /// A new generation of this name.
    Restore {
        /// Its name.
        name: String,
    },
    /// An interrupted run's clone, which goes on from its phase.
    Resume {
        /// The clone.
        clone: Box<Instance>,
    },
    /// An interrupted run's generation that the record already points at.
    Finish {
        /// The generation.
        generation: Box<Instance>,
    },
}

impl Work {
    /// The name of the generation it works on.
    pub fn name(&self) -> &str {
        match self {
            Work::Restore { name } => name,
            Work::Resume { clone } => &clone.name,
            Work::Finish { generation } => &generation.name,
        }
    }
}

/// What a rotation will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it works on.
    pub work: Work,
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Tags of the new generation, from its first instant.
    pub tags: Tags,
    /// The record as it is.
    pub record: RecordState,
    /// The generation that is live now.
    pub live: Option<Instance>,
    /// Clones of dead runs that are removed first.
    pub abandoned: Vec<Instance>,
    /// Generations that are retired at the end, oldest first.
    pub retire: Vec<Instance>,
    /// Replaced generations that stay for `rollback`.
    pub keep: Vec<Instance>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// The outcome of deciding.
#[derive(Debug)]
pub enum Decision {
    /// Do this.
    Go(Box<Plan>),
    /// Another run works on a clone, or died within its lease: look again at `until`.
    Occupied {
        /// The clone.
        clone: String,
        /// The other run.
        run: String,
        /// When its lease ends.
        until: Timestamp,
    },
    /// Not now; every reason.
    Refused(Vec<Check>),
}

/// Decides what a rotation does. `run` is this run's id, `recipe` the fingerprint of what scrubs.
pub fn decide(
    world: &World,
    target: &Target,
    rules: &Rules,
    wishes: &PlanOptions,
    run: &str,
    recipe: &str,
) -> Decision {
    let mut refusals = refusals(world, target, rules, wishes);
    let mut warnings = Vec::new();
    let snapshot = match snapshot::choose(world, target, wishes) {
        Ok((snapshot, warning)) => {
            warnings.extend(warning);
            Some(snapshot)
        }
        Err(refusal) => {
            refusals.push(refusal);
            None
        }
    };
    let Some(snapshot) = snapshot.filter(|_| refusals.is_empty()) else { return Decision::Refused(refusals) };

    let sorted = Generations::sort(world, rules, &mut warnings);
    let unfinished = sorted.live.clone().filter(|live| live.phase() == Some(Phase::Scrubbed));
    if !wishes.take_over
        && let Some((clone, until)) = sorted.unpublished.iter().chain(&unfinished).find_map(|clone| {
            let until = lease(clone)?;
            (until > world.now && clone.tag(tag::RUN) != Some(run)).then_some((clone, until))
        })
    {
        let run = clone.tag(tag::RUN).unwrap_or("unknown").to_owned();
        return Decision::Occupied { clone: clone.name.clone(), run, until };
    }

    let resumable = |clone: &Instance| {
        clone.tag(tag::SNAPSHOT) == Some(&snapshot.id)
            && clone.tag(tag::RECIPE) == Some(recipe)
            && clone.phase().is_some()
            && !matches!(clone.status, Status::Dead(_) | Status::Deleting)
    };
    let mut abandoned = sorted.unpublished;
    let work = if let Some(generation) = unfinished {
        Work::Finish { generation: Box::new(generation) }
    } else if let Some(at) = abandoned.iter().rposition(resumable) {
        Work::Resume { clone: Box::new(abandoned.remove(at)) }
    } else {
        Work::Restore { name: free_name(world, target) }
    };
    let finishing = matches!(work, Work::Finish { .. });
    let mut replaced = sorted.replaced;
    if !finishing {
        replaced.extend(sorted.live.clone());
    }
    let retire_count = replaced.len().saturating_sub(target.generation.keep);
    let keep = replaced.split_off(retire_count);
    Decision::Go(Box::new(Plan {
        work,
        tags: tags(target, run, recipe, &snapshot, world.now),
        snapshot,
        record: world.record.clone(),
        live: sorted.live,
        abandoned,
        retire: replaced,
        keep,
        warnings,
    }))
}

/// Our instances by what they are, each list oldest first.
struct Generations {
    /// The one the record points at, whatever its phase.
    live: Option<Instance>,
    /// Once live, not any more.
    replaced: Vec<Instance>,
    /// Never live.
    unpublished: Vec<Instance>,
}

impl Generations {
    fn sort(world: &World, rules: &Rules, warnings: &mut Vec<String>) -> Generations {
        let mut sorted = Generations { live: None, replaced: Vec::new(), unpublished: Vec::new() };
        let mut all: Vec<(&Instance, bool)> = world.instances.iter().zip(world.pointed_at.iter().copied()).collect();
        all.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        for (instance, live) in all {
            if let Err(refusal) = guard::judge(rules, &world.identity, instance, None) {
                warnings.push(format!("{} is left alone: {refusal}", instance.name));
                // Ours, but somebody holds on to it: that it cannot be retired has to show at the end.
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
                // On its way out already.
            } else if published {
                sorted.replaced.push(instance.clone());
            } else {
                sorted.unpublished.push(instance.clone());
            }
        }
        sorted
    }
}

/// Until when the run that works on a clone may be alive.
pub fn lease(instance: &Instance) -> Option<Timestamp> {
    instance.tag(tag::LEASE)?.parse().ok()
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
    put(tag::LEASE, until(now, target.generation.lease).to_string());
    put(tag::SNAPSHOT, snapshot.id.clone());
    put(tag::RECIPE, recipe.into());
    if let Some(at) = snapshot.taken_at {
        put(tag::SNAPSHOT_TIME, at.to_string());
    }
    tags
}

/// A moment later, or the last one there is.
pub fn until(now: Timestamp, time: Duration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

fn refusals(world: &World, target: &Target, rules: &Rules, wishes: &PlanOptions) -> Vec<Check> {
    let mut all = Vec::new();
    if world.identity.account != rules.account || world.identity.region != rules.region {
        all.push(Check::fail(
            "account",
            format!(
                "these credentials are for {} in {}, the configuration says {} in {}",
                world.identity.account, world.identity.region, rules.account, rules.region
            ),
            "use credentials of the configured account, or correct the configuration",
        ));
    }
    if let Some(source) = &world.source {
        if let Some(cluster) = &source.cluster {
            all.push(Check::fail(
                "source",
                format!("{} is a member of the Aurora cluster {cluster}", source.name),
                "devdb rotates RDS for PostgreSQL instances; Aurora is not supported",
            ));
        } else if source.engine != "postgres" {
            all.push(Check::fail(
                "source",
                format!("{} is {}", source.name, source.engine),
                "devdb rotates RDS for PostgreSQL instances only",
            ));
        }
    }
    match &world.record {
        RecordState::Foreign(why) => all.push(Check::fail(
            "record",
            format!("{} cannot be swapped: {why}", target.record.name),
            "make it one plain CNAME with one value, or name another record",
        )),
        RecordState::Present(record) if !world.pointed_at.contains(&true) && !wishes.adopt => all.push(Check::fail(
            "record",
            format!("{} points at {}, which is no generation of this target", target.record.name, record.value),
            "if the record is meant for devdb, run once with --adopt",
        )),
        RecordState::Present(_) | RecordState::Absent => {}
    }
    all
}

/// Whether checks stop a run.
pub fn stops(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.verdict == Verdict::Fail)
}
