//! The decision: which generation the record is to point at. The observed world in, a plan out, no I/O.

use crate::error::{Exit, Failure};
use crate::platform::guard::{Refusal, Rules, is_generation_name};
use crate::platform::{Instance, Phase, RecordState, Status};
use crate::rotate::lease_tag::{self, HeldLease};
use crate::rotate::observe::{RECORD_REMEDY, World};

use super::options::RollbackOptions;

/// Plan of a rollback.
#[derive(Clone, Debug)]
pub(super) struct RollbackPlan {
    /// The generation that the record is to point at.
    pub to: Instance,
    /// The generation that it points at now: `to` if an interrupted rollback is finished, `None` if it was deleted.
    pub from: Option<Instance>,
    /// The record before the rollback.
    pub record: RecordState,
    /// Generations to tag as retired.
    pub retire: Vec<Instance>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

impl RollbackPlan {
    /// Whether the record points at the generation already, because an interrupted rollback has moved it.
    pub fn is_finish(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.name == self.to.name)
    }
}

/// Result of planning.
#[derive(Debug)]
pub(super) enum RollbackDecision {
    /// The rollback can begin.
    Go(Box<RollbackPlan>),
    /// Another run works on a generation of this target, or died within its lease: observe again at its end.
    Occupied(HeldLease),
}

/// Decides what a rollback does. `run` is this run's id, `record` the record's name.
///
/// # Errors
/// [`Exit::Refused`] with the reason and its remedy.
pub(super) fn decide(
    world: &World,
    rules: &Rules,
    options: &RollbackOptions,
    run: &str,
    record: &str,
) -> Result<RollbackDecision, Failure> {
    let (from, mut warnings) = pointed_at(world, rules, record)?;
    let to = match &options.to {
        Some(name) => named(world, rules, from, name, record)?,
        None => newest(world, rules, from, &mut warnings)?,
    };
    let is_own = |one: &&Instance| rules.check_identity(&world.identity, one, None).is_ok();
    let mut own = world.instances.iter().filter(is_own);
    if !options.take_over
        && let Some(lease) = own.clone().find_map(|one| lease_tag::of_other(one, world.now, run))
    {
        return Ok(RollbackDecision::Occupied(lease));
    }
    let replaced = |one: &&Instance| one.phase() == Some(Phase::Live) || from.is_some_and(|from| from.name == one.name);
    let retire = own.by_ref().filter(|one| one.name != to.name).filter(replaced).cloned().collect();
    let (to, from, record) = (to.clone(), from.cloned(), world.record.clone());
    Ok(RollbackDecision::Go(Box::new(RollbackPlan { to, from, record, retire, warnings })))
}

/// Returns the generation that the record points at, or `None` with a warning if it was deleted.
fn pointed_at<'a>(
    world: &'a World,
    rules: &Rules,
    record: &str,
) -> Result<(Option<&'a Instance>, Vec<String>), Failure> {
    let value = match &world.record {
        RecordState::Present(present) => &present.value,
        RecordState::Absent => {
            return Err(refused(format!("the record {record} does not exist, so there is nothing to roll back"))
                .hint("`devdb rotate` creates it"));
        }
        RecordState::Foreign(why) => {
            return Err(refused(format!("{record} cannot be moved: {why}")).hint(RECORD_REMEDY));
        }
    };
    if let Some(live) = world.live() {
        return match rules.check_identity(&world.identity, live, None) {
            Ok(()) => Ok((Some(live), Vec::new())),
            Err(refusal) => Err(refused(format!("{record} points at {}: {refusal}", live.name)).hint(refusal.remedy())),
        };
    }
    // On AWS the record holds an endpoint, whose first label is the name.
    let name = value.split('.').next().unwrap_or_default();
    if is_generation_name(&rules.prefix, name) {
        return Ok((None, vec![format!("{record} points at {name}, which no longer exists")]));
    }
    Err(refused(format!("{record} points at {value}, which is not a generation of this target"))
        .hint("`devdb rotate --adopt` replaces it, if the record is meant for devdb"))
}

/// Returns the generation that the user names.
fn named<'a>(
    world: &'a World,
    rules: &Rules,
    live: Option<&'a Instance>,
    name: &str,
    record: &str,
) -> Result<&'a Instance, Failure> {
    let hint = || candidates_hint(world, rules, live);
    if let Some(live) = live.filter(|live| live.name == name) {
        return if is_unfinished(live) {
            Ok(live)
        } else {
            Err(refused(format!("{record} already points at {name}")).hint(hint()))
        };
    }
    let Some(found) = world.instances.iter().find(|instance| instance.name == name) else {
        return Err(refused(format!("no generation is named {name}")).hint(hint()));
    };
    match obstacle(world, rules, found) {
        None => Ok(found),
        Some(Obstacle { why, remedy }) => Err(refused(format!("{name} cannot be rolled back to: {why}")).hint(remedy)),
    }
}

/// Returns the live generation if an interrupted rollback has to be finished, else the newest kept one.
fn newest<'a>(
    world: &'a World,
    rules: &Rules,
    live: Option<&'a Instance>,
    warnings: &mut Vec<String>,
) -> Result<&'a Instance, Failure> {
    if let Some(live) = live.filter(|live| is_unfinished(live)) {
        return Ok(live);
    }
    let mut unusable: Vec<(&Instance, Obstacle)> = Vec::new();
    for kept in candidates(world, rules, live) {
        match obstacle(world, rules, kept) {
            None => {
                warnings.extend(
                    unusable.iter().map(|(one, obstacle)| format!("{} is skipped: {}", one.name, obstacle.why)),
                );
                return Ok(kept);
            }
            Some(obstacle) => unusable.push((kept, obstacle)),
        }
    }
    let Some((first, obstacle)) = unusable.first() else {
        return Err(refused("no generation is kept".to_owned()).hint(no_candidate()));
    };
    Err(refused(format!("{} cannot be rolled back to: {}", first.name, obstacle.why)).hint(obstacle.remedy.clone()))
}

/// Returns the published generations of this target that the record does not point at, newest first. A damaged generation
/// is among them: its phase cannot be read.
fn candidates<'a>(world: &'a World, rules: &Rules, live: Option<&Instance>) -> Vec<&'a Instance> {
    let is_kept = |one: &&Instance| {
        let published = match rules.check_identity(&world.identity, one, None) {
            Ok(()) => one.phase().is_some_and(Phase::is_published),
            Err(refusal) => matches!(refusal, Refusal::Damaged { .. }),
        };
        published && live.is_none_or(|live| live.name != one.name)
    };
    let mut kept: Vec<&Instance> = world.instances.iter().filter(is_kept).collect();
    kept.sort_by(|a, b| b.name.cmp(&a.name));
    kept
}

/// Why a generation cannot be rolled back to, and the remedy.
struct Obstacle {
    why: String,
    remedy: String,
}

/// Returns what prevents a rollback to a generation, if anything. A stopped one is started, one in transition is waited
/// for, and deletion protection does not matter.
fn obstacle(world: &World, rules: &Rules, instance: &Instance) -> Option<Obstacle> {
    let of = |refusal: Refusal| Some(Obstacle { why: refusal.to_string(), remedy: refusal.remedy() });
    if let Err(refusal) = rules.check_identity(&world.identity, instance, None) {
        return of(refusal);
    }
    if let Some(peer) = &instance.replica_of {
        return of(Refusal::Replicates { name: instance.name.clone(), peer: peer.clone() });
    }
    let phase = instance.phase();
    if !phase.is_some_and(Phase::is_published) {
        let phase = phase.map_or_else(|| "unknown".to_owned(), |phase| phase.to_string());
        return Some(Obstacle {
            why: format!("it was never published; its phase is {phase}"),
            remedy: "`devdb rotate` finishes or removes it".into(),
        });
    }
    match &instance.status {
        Status::Available | Status::InProgress(_) | Status::Stopping | Status::Stopped => None,
        Status::Deleting => Some(Obstacle {
            why: "it is being deleted".into(),
            remedy: "name another generation; `devdb status` lists them".into(),
        }),
        Status::Failed(status) | Status::Damaged(status) => Some(Obstacle {
            why: format!("its status is {status}"),
            remedy: "repair it until its status is available, or name another generation".into(),
        }),
    }
}

/// Whether a rollback was interrupted after it had moved the record to this generation.
fn is_unfinished(live: &Instance) -> bool {
    live.phase() == Some(Phase::Retired)
}

/// Returns the generations that can be named instead, and why others cannot.
fn candidates_hint(world: &World, rules: &Rules, live: Option<&Instance>) -> String {
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    for one in candidates(world, rules, live) {
        match obstacle(world, rules, one) {
            None => usable.push(format!("{} ({})", one.name, one.status)),
            Some(_) => unusable.push(format!("{} ({})", one.name, one.status)),
        }
    }
    let lists = [("candidates", usable), ("not usable", unusable)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let lists: Vec<String> = lists.map(|(title, list)| format!("{title}: {}", list.join(", "))).collect();
    if lists.is_empty() { no_candidate() } else { lists.join("; ") }
}

fn no_candidate() -> String {
    "`generation.keep` sets how many replaced generations are kept".to_owned()
}

fn refused(why: String) -> Failure {
    Failure::new(Exit::Refused, why)
}
