use jiff::Timestamp;

use super::*;
use crate::config::{self, Config, Password, Target};
use crate::platform::guard::Rules;
use crate::platform::{Identity, Instance, Phase, Record, RecordState, Settings, Snapshot, Status, tag};
use crate::rotate::observe::World;

const CONFIG: &str = "version: 1
targets:
  app-dev:
    platform: { local: { root: . } }
    source: { instance: app-prod, max_snapshot_age: 36h }
    generation: { prefix: app-dev-, keep: 1 }
    record: { name: app-dev }
    databases: [{ name: app }]
    master_password: generate
mask: { key: env:DEVDB_MASK_KEY }
";

fn target() -> Target {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devdb.yaml");
    std::fs::write(&path, CONFIG).unwrap();
    let config: Config = config::load(&path, &|_| None, crate::scrub::config_checks()).unwrap();
    config.target(None).unwrap().clone()
}

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

fn snapshot(id: &str, taken_at: &str) -> Snapshot {
    Snapshot {
        id: id.into(),
        location: format!("arn:{id}"),
        kind: "automated".into(),
        source_resource_id: Some("db-PROD".into()),
        taken_at: taken_at.parse().ok(),
        status: "available".into(),
        engine: "postgres".into(),
        engine_version: "15.4".into(),
        size: None,
        master_user: None,
        unusable: None,
    }
}

fn instance(name: &str, phase: Phase) -> Instance {
    let tags = [
        (tag::MANAGED_BY, "devdb"),
        (tag::TARGET, "app-dev"),
        (tag::PHASE, phase.as_str()),
        (tag::RUN, "other-run"),
        (tag::SNAPSHOT, "snap-1"),
        (tag::RECIPE, "recipe"),
    ];
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

fn world(instances: Vec<(Instance, bool)>) -> World {
    let live = instances.iter().find(|(_, live)| *live);
    let record = live.map_or(RecordState::Absent, |(instance, _)| {
        RecordState::Present(Record { value: instance.name.clone(), ttl: 60 })
    });
    let (instances, pointed_at) = instances.into_iter().unzip();
    World {
        now: now(),
        identity: Identity { account: "1".into(), region: "r".into(), caller: String::new() },
        source: None,
        snapshots: vec![snapshot("snap-1", "2026-11-21T01:00:00Z"), snapshot("snap-0", "2026-11-20T01:00:00Z")],
        instances,
        record,
        pointed_at,
        recorded: None,
        quarantine: Settings::new(),
    }
}

fn decided(world: &World, options: &PlanOptions) -> Decision {
    decide(world, &target(), &rules(), options, "this-run", "recipe")
}

#[track_caller]
fn plan(world: &World) -> Plan {
    match decided(world, &PlanOptions::default()) {
        Decision::Go(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(world: &World, options: &PlanOptions) -> String {
    match decided(world, options) {
        Decision::Refused(checks) => checks.iter().map(|check| format!("{}: {}", check.name, check.found)).collect(),
        other => panic!("{other:?}"),
    }
}

fn names(instances: &[Instance]) -> Vec<&str> {
    instances.iter().map(|instance| instance.name.as_str()).collect()
}

#[test]
fn the_first_rotation_restores_the_newest_snapshot() {
    let plan = plan(&world(Vec::new()));
    assert!(matches!(&plan.work, Work::Restore { name } if name == "app-dev-20261121-021700"));
    assert_eq!(plan.snapshot.id, "snap-1");
    assert_eq!(plan.tags[tag::MANAGED_BY], "devdb");
    assert_eq!(plan.tags[tag::PHASE], "restored");
}

#[test]
fn a_taken_name_is_skipped() {
    let plan = plan(&world(vec![(instance("app-dev-20261121-021700", Phase::Retired), false)]));
    assert!(matches!(&plan.work, Work::Restore { name } if name == "app-dev-20261121-021701"));
}

#[test]
fn the_live_one_is_kept_and_the_older_ones_retired() {
    let world = world(vec![
        (instance("app-dev-20261120-000000", Phase::Live), true),
        (instance("app-dev-20261119-000000", Phase::Retired), false),
        (instance("app-dev-20261118-000000", Phase::Retired), false),
    ]);
    let plan = plan(&world);
    assert_eq!(names(&plan.retire), ["app-dev-20261118-000000", "app-dev-20261119-000000"]);
    assert_eq!(names(&plan.keep), ["app-dev-20261120-000000"]);
}

#[test]
fn a_dead_runs_clone_is_resumed_if_it_matches_and_removed_otherwise() {
    let fits = instance("app-dev-20261121-010000", Phase::Secured);
    let resumed = plan(&world(vec![(fits.clone(), false)]));
    assert!(matches!(&resumed.work, Work::Resume { clone } if clone.name == fits.name));
    assert!(resumed.abandoned.is_empty());
    let changes: [fn(&mut Instance); 4] = [
        |one| drop(one.tags.insert(tag::RECIPE.into(), "another".into())),
        |one| drop(one.tags.insert(tag::SNAPSHOT.into(), "snap-0".into())),
        |one| drop(one.tags.remove(tag::PHASE)),
        |one| one.status = Status::Failed("storage-full".into()),
    ];
    for change in changes {
        let mut other = fits.clone();
        change(&mut other);
        let plan = plan(&world(vec![(other, false)]));
        assert!(matches!(plan.work, Work::Restore { .. }));
        assert_eq!(names(&plan.abandoned), [fits.name.as_str()]);
    }
}

#[test]
fn a_clone_of_another_version_is_removed_with_a_warning() {
    let mut clone = instance("app-dev-20261121-010000", Phase::Secured);
    clone.tags.insert(tag::RECIPE.into(), "0123456789abcdef0123456789abcdef".into());
    let options = PlanOptions::default();
    let world = world(vec![(clone.clone(), false)]);
    let Decision::Go(plan) = decide(&world, &target(), &rules(), &options, "this-run", "v2-recipe") else { panic!() };
    assert!(matches!(plan.work, Work::Restore { .. }));
    assert_eq!(names(&plan.abandoned), [clone.name.as_str()]);
    assert_eq!(
        plan.warnings,
        [format!("{} was left by another version of devdb; it is removed, not resumed", clone.name)]
    );
}

#[test]
fn a_living_runs_clone_is_waited_for() {
    let mut alive = instance("app-dev-20261121-010000", Phase::Restored);
    alive.tags.insert(tag::LEASE.into(), "2026-11-21T02:18:00Z".into());
    let world = world(vec![(alive, false)]);
    assert!(matches!(decided(&world, &PlanOptions::default()), Decision::Occupied(lease) if lease.run == "other-run"));
    let take_over = PlanOptions { take_over: true, ..PlanOptions::default() };
    assert!(matches!(decided(&world, &take_over), Decision::Go(_)));
}

#[test]
fn a_living_run_that_verifies_its_publication_is_waited_for() {
    let mut alive = instance("app-dev-20261121-010000", Phase::Scrubbed);
    alive.tags.insert(tag::LEASE.into(), "2026-11-21T02:18:00Z".into());
    let published = world(vec![(alive.clone(), true)]);
    assert!(
        matches!(decided(&published, &PlanOptions::default()), Decision::Occupied(lease) if lease.run == "other-run")
    );
    // A run that only waits for the old record's TTL to expire can be replaced.
    alive.tags.insert(tag::PHASE.into(), Phase::Live.to_string());
    assert!(matches!(decided(&world(vec![(alive, true)]), &PlanOptions::default()), Decision::Go(_)));
}

#[test]
fn a_clone_whose_scripts_may_have_used_a_generated_secret_is_not_resumed() {
    let mut target = target();
    for (secret, phase, is_resumed) in [
        (Password::Generate { store: None }, Phase::Restored, true),
        (Password::Generate { store: None }, Phase::Secured, false),
        (Password::Generate { store: None }, Phase::Scrubbed, false),
        (Password::Env("TOKEN".into()), Phase::Scrubbed, true),
    ] {
        target.databases[0].secrets = [("token".to_owned(), secret)].into();
        let world = world(vec![(instance("app-dev-20261121-010000", phase), false)]);
        let decision = decide(&world, &target, &rules(), &PlanOptions::default(), "this-run", "recipe");
        let Decision::Go(plan) = decision else { panic!("{decision:?}") };
        assert_eq!(matches!(&plan.work, Work::Resume { .. }), is_resumed, "{phase}");
        assert_eq!(plan.abandoned.is_empty(), is_resumed, "{phase}");
    }
}

#[test]
fn an_unfinished_generation_that_the_record_points_at_is_finished() {
    let plan = plan(&world(vec![
        (instance("app-dev-20261121-010000", Phase::Scrubbed), true),
        (instance("app-dev-20261120-000000", Phase::Live), false),
    ]));
    assert!(matches!(&plan.work, Work::Finish { generation } if generation.name == "app-dev-20261121-010000"));
    assert_eq!(names(&plan.keep), ["app-dev-20261120-000000"]);
    assert!(plan.abandoned.is_empty());
}

#[test]
fn instances_of_others_are_left_alone() {
    let mut foreign = instance("app-dev-mine", Phase::Restored);
    foreign.tags.clear();
    let plan = plan(&world(vec![(foreign, false)]));
    assert!(plan.abandoned.is_empty() && plan.retire.is_empty());
    assert!(plan.warnings[0].contains("app-dev-mine is left alone"), "{:?}", plan.warnings);
}

#[test]
fn unusable_snapshots_are_refused() {
    let change = |change: fn(&mut World)| {
        let mut world = world(Vec::new());
        world.snapshots.truncate(1);
        change(&mut world);
        world
    };
    let none = PlanOptions::default();
    for (words, made) in [
        ("is creating", change(|world| world.snapshots[0].status = "creating".into())),
        ("of engine mysql", change(|world| world.snapshots[0].engine = "mysql".into())),
        ("does not state when", change(|world| world.snapshots[0].taken_at = None)),
        ("has a link", change(|world| world.snapshots[0].unusable = Some("has a link".into()))),
        ("none of the configured kinds", change(|world| world.snapshots.clear())),
        (
            "is 2 d 1 h old; max_snapshot_age is 36 h 00 m",
            change(|world| {
                world.snapshots[0].taken_at = "2026-11-19T01:00:00Z".parse().ok();
            }),
        ),
        (
            "another instance that had the same name",
            change(|world| {
                world.source = Some(crate::platform::Source {
                    name: "app-prod".into(),
                    resource_id: "db-NEW".into(),
                    cluster: None,
                    engine: "postgres".into(),
                    host: None,
                });
            }),
        ),
    ] {
        let said = refused(&made, &none);
        assert!(said.contains(words), "{words:?} is not in {said:?}");
    }
    // A copy made today of an old snapshot is as old as its data.
    let mut copied = world(Vec::new());
    copied.snapshots.push(snapshot("copy-of-old", "2025-01-01T00:00:00Z"));
    assert_eq!(plan(&copied).snapshot.id, "snap-1");
    // A requested snapshot is restored at any age, with a warning.
    let named = PlanOptions { snapshot: Some("copy-of-old".into()), ..PlanOptions::default() };
    let Decision::Go(plan) = decided(&copied, &named) else { panic!() };
    assert_eq!(plan.snapshot.id, "copy-of-old");
    assert!(plan.warnings[0].contains("older than max_snapshot_age"));
    let unknown = PlanOptions { snapshot: Some("nothing".into()), ..PlanOptions::default() };
    assert!(refused(&copied, &unknown).contains("nothing is not a snapshot of app-prod"));
}

#[test]
fn foreign_records_and_other_accounts_are_refused() {
    let mut foreign = world(Vec::new());
    foreign.record = RecordState::Foreign("it is weighted".into());
    let adopt = PlanOptions { adopt: true, ..PlanOptions::default() };
    assert!(refused(&foreign, &adopt).contains("it is weighted"));
    let mut unknown = world(Vec::new());
    unknown.record = RecordState::Present(Record { value: "app-prod.example".into(), ttl: 60 });
    assert!(refused(&unknown, &PlanOptions::default()).contains("not a generation of this target"));
    assert!(matches!(decided(&unknown, &adopt), Decision::Go(_)));
    let mut elsewhere = world(Vec::new());
    elsewhere.identity.account = "2".into();
    elsewhere.snapshots.clear();
    let both = refused(&elsewhere, &PlanOptions::default());
    assert!(both.contains("account:") && both.contains("snapshot:"), "every reason at once: {both}");
}
