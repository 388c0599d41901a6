//! Tests of the decision of a rollback.

use jiff::{SignedDuration, Timestamp};

use super::options::RollbackOptions;
use super::plan::{RollbackDecision, RollbackPlan, decide};
use crate::error::{Exit, Failure};
use crate::platform::guard::Rules;
use crate::platform::{Identity, Instance, Record, RecordState, Settings, Status, tag};
use crate::rotate::observe::World;

const ONE: &str = "app-dev-1";
const TWO: &str = "app-dev-2";
const THREE: &str = "app-dev-3";

fn rules() -> Rules {
    Rules {
        account: "1".into(),
        region: "r".into(),
        prefix: "app-dev-".into(),
        target: "app-dev".into(),
        source: "app-prod".into(),
        source_resource_id: None,
    }
}

fn now() -> Timestamp {
    "2026-11-21T02:17:00Z".parse().unwrap()
}

fn generation(name: &str, phase: &str) -> Instance {
    let tags = [(tag::MANAGED_BY, "devdb"), (tag::TARGET, "app-dev"), (tag::PHASE, phase), (tag::RUN, "other-run")];
    Instance {
        name: name.into(),
        resource_id: format!("id-{name}"),
        engine: "postgres".into(),
        cluster: None,
        status: Status::Available,
        route: None,
        created_at: None,
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        deletion_protection: false,
        replicas: Vec::new(),
        replica_of: None,
        pending: Vec::new(),
        settings: Settings::new(),
        master_user: "postgres".into(),
        disk: None,
    }
}

/// A world whose record holds `value`.
fn world(value: &str, instances: Vec<Instance>) -> World {
    World {
        now: now(),
        identity: Identity { account: "1".into(), region: "r".into(), caller: String::new() },
        source: None,
        snapshots: Vec::new(),
        pointed_at: instances.iter().map(|one| one.name == value).collect(),
        recorded: None,
        instances,
        record: RecordState::Present(Record { value: value.into(), ttl: 60 }),
        quarantine: Settings::new(),
    }
}

/// Two kept generations and a live one.
fn usual() -> World {
    world(THREE, vec![generation(TWO, "retired"), generation(THREE, "live"), generation(ONE, "retired")])
}

fn decided(world: &World, name: Option<&str>) -> Result<RollbackDecision, Failure> {
    let options = RollbackOptions { to: name.map(str::to_owned), ..RollbackOptions::default() };
    decide(world, &rules(), &options, "this-run", "db.example.com")
}

#[track_caller]
fn plan(world: &World, name: Option<&str>) -> RollbackPlan {
    match decided(world, name) {
        Ok(RollbackDecision::Go(plan)) => *plan,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(world: &World, name: Option<&str>, words: &str, remedy: &str) {
    let failure = decided(world, name).expect_err(words);
    let (text, hint) = (failure.to_string(), failure.hint.unwrap_or_default());
    assert_eq!(failure.exit, Exit::Refused);
    assert!(text.contains(words) && hint.contains(remedy), "{text}; {hint}");
}

fn names(instances: &[Instance]) -> Vec<&str> {
    instances.iter().map(|one| one.name.as_str()).collect()
}

#[test]
fn the_newest_kept_generation_is_chosen_unless_one_is_named() {
    let newest = plan(&usual(), None);
    assert_eq!((newest.to.name.as_str(), names(&newest.retire)), (TWO, vec![THREE]));
    assert!(!newest.is_finish());
    assert_eq!(plan(&usual(), Some(ONE)).to.name, ONE);
}

#[test]
fn a_rollback_of_a_rollback_goes_forward() {
    let world = world(TWO, vec![generation(ONE, "retired"), generation(TWO, "live"), generation(THREE, "retired")]);
    assert_eq!(plan(&world, None).to.name, THREE);
}

#[test]
fn protected_stopped_and_busy_generations_can_be_chosen() {
    let changes: [fn(&mut Instance); 5] = [
        |one| one.deletion_protection = true,
        |one| one.status = Status::Stopped,
        |one| one.status = Status::Stopping,
        |one| one.status = Status::InProgress("starting".into()),
        |one| one.replicas = vec!["app-dev-replica".into()],
    ];
    for change in changes {
        let mut world = usual();
        change(&mut world.instances[0]);
        assert_eq!(plan(&world, None).to.name, TWO);
    }
}

#[test]
fn an_unusable_generation_is_skipped_with_the_reason_or_refused_with_it() {
    type Change = fn(&mut Instance);
    let changes: [(&str, &str, Change); 3] = [
        ("being deleted", "another generation", |one| one.status = Status::Deleting),
        ("status is storage-full", "repair it", |one| one.status = Status::Failed("storage-full".into())),
        ("replicates with app-prod", "", |one| one.replica_of = Some("app-prod".into())),
    ];
    for (words, remedy, change) in changes {
        let mut world = usual();
        change(&mut world.instances[0]);
        refused(&world, Some(TWO), words, remedy);
        let other = plan(&world, None);
        assert_eq!(other.to.name, ONE);
        assert!(other.warnings.iter().any(|warning| warning.contains(words)), "{:?}", other.warnings);
        change(&mut world.instances[2]);
        refused(&world, None, words, remedy);
    }
}

#[test]
fn a_generation_that_was_never_published_or_is_not_ours_is_refused() {
    for phase in ["restored", "secured", "scrubbed", "what"] {
        let world = world(THREE, vec![generation(TWO, phase), generation(THREE, "live")]);
        refused(&world, Some(TWO), "was never published", "`devdb rotate`");
        refused(&world, None, "no generation is kept", "`generation.keep`");
    }
    let mut world = usual();
    world.instances[0].tags.remove(tag::TARGET);
    refused(&world, Some(TWO), "has no tag devdb:target", "add the tags");
    assert_eq!(plan(&world, None).to.name, ONE);
}

#[test]
fn an_unknown_name_lists_the_candidates() {
    refused(
        &usual(),
        Some("app-dev-9"),
        "no generation is named app-dev-9",
        "app-dev-2 (available), app-dev-1 (available)",
    );
    refused(&usual(), Some(THREE), "db.example.com already points at app-dev-3", "candidates: app-dev-2");
}

#[test]
fn a_record_that_cannot_be_moved_is_refused() {
    let with = |record: RecordState| World { record, pointed_at: vec![false; 3], ..usual() };
    refused(&with(RecordState::Absent), None, "does not exist", "`devdb rotate` creates it");
    refused(&with(RecordState::Foreign("it is an alias".into())), None, "it is an alias", "plain CNAME");
    refused(&world("prod.example.com", usual().instances), None, "not a generation", "`devdb rotate --adopt`");
    let mut foreign = usual();
    foreign.instances[1].tags.remove(tag::MANAGED_BY);
    refused(&foreign, None, "points at app-dev-3: app-dev-3 has no tag", "add the tags");
}

#[test]
fn a_record_may_point_at_a_deleted_generation() {
    for value in ["app-dev-9", "app-dev-9.abc.us-east-1.rds.amazonaws.com"] {
        let plan = plan(&world(value, usual().instances), None);
        // The tags are all there is: the newest published one is taken.
        assert_eq!((plan.to.name.as_str(), plan.from.is_none()), (THREE, true));
        assert!(plan.warnings[0].contains("app-dev-9, which no longer exists"), "{:?}", plan.warnings);
    }
    refused(&world("app-development-9", usual().instances), None, "not a generation", "--adopt");
}

#[test]
fn an_interrupted_rollback_is_finished_before_the_next_begins() {
    for phase_of_three in ["live", "retired"] {
        let world = world(TWO, vec![generation(TWO, "retired"), generation(THREE, phase_of_three)]);
        for name in [None, Some(TWO)] {
            let plan = plan(&world, name);
            assert!(plan.is_finish());
            assert_eq!(names(&plan.retire), if phase_of_three == "live" { vec![THREE] } else { vec![] });
        }
        let other = plan(&world, Some(THREE));
        assert_eq!((other.to.name.as_str(), names(&other.retire)), (THREE, vec![TWO]));
    }
}

#[test]
fn a_lease_of_another_run_is_respected_until_it_ends_or_is_taken_over() {
    let with_lease = |seconds: i64| {
        let mut world = usual();
        let until = now() + SignedDuration::from_secs(seconds);
        // A clone that is being made, as good as one that is being rolled back to.
        let mut clone = generation("app-dev-4", "secured");
        clone.tags.insert(tag::LEASE.into(), until.to_string());
        world.instances.push(clone);
        world.pointed_at.push(false);
        world
    };
    assert!(
        matches!(decided(&with_lease(60), None), Ok(RollbackDecision::Occupied(lease)) if lease.run == "other-run")
    );
    assert_eq!(plan(&with_lease(-60), None).to.name, TWO);
    let options = RollbackOptions { take_over: true, ..RollbackOptions::default() };
    let taken = decide(&with_lease(60), &rules(), &options, "this-run", "db.example.com");
    assert!(matches!(taken, Ok(RollbackDecision::Go(_))));
}

/// The tags of a damaged generation cannot be read, so that it may be the kept one.
#[test]
fn a_damaged_generation_is_named_with_its_reason() {
    let mut damaged = generation(TWO, "retired");
    damaged.tags.clear();
    damaged.status = Status::Damaged("devdb.json: expected value".into());
    let alone = world(THREE, vec![damaged.clone(), generation(THREE, "live")]);
    refused(&alone, None, "app-dev-2 is damaged: devdb.json: expected value", "restore the file");
    let unusable = "not usable: app-dev-2 (damaged: devdb.json: expected value)";
    refused(&alone, Some("app-dev-9"), "no generation is named app-dev-9", unusable);
    let with_another = world(THREE, vec![damaged, generation(THREE, "live"), generation(ONE, "retired")]);
    let plan = plan(&with_another, None);
    assert_eq!(plan.to.name, ONE);
    assert!(plan.warnings[0].starts_with("app-dev-2 is skipped: app-dev-2 is damaged: "), "{:?}", plan.warnings);
    let hint = format!("candidates: app-dev-1 (available); {unusable}");
    refused(&with_another, Some("app-dev-9"), "no generation is named", &hint);
}
