//! `devdb start`: published generations after a reboot of the machine.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};

use super::support::block_on;
use super::support::scene::Scene;

/// A scene with a live generation and two kept ones, newest last.
fn three_generations() -> (Scene, Vec<String>) {
    let scene = Scene::new();
    scene.config("keep: 0", "keep: 2");
    let names = (0..3).map(|_| {
        scene.devdb(&["rotate"]).code(0);
        scene.record().unwrap().0
    });
    let names = names.collect();
    (scene, names)
}

/// Stops servers as a reboot does: `postmaster.pid` is left, and its process id belongs to another program of the same
/// account, as often happens when a machine starts its services in the same order. Returns that program.
fn reboot(scene: &Scene, names: &[String]) -> Child {
    let instances = scene.path("instances");
    let uid = std::fs::metadata(instances.join(&names[0]).join("data")).unwrap().uid();
    let mut sleep = Command::new("sleep");
    sleep.arg("600").current_dir("/");
    if rustix::process::geteuid().is_root() {
        sleep.uid(uid);
    }
    let other = sleep.spawn().unwrap();
    for name in names {
        let file = instances.join(name).join("data/postmaster.pid");
        let text = std::fs::read_to_string(&file).unwrap();
        scene.stop_server(name);
        assert!(!file.exists());
        let rest = text.split_once('\n').unwrap().1;
        std::fs::write(&file, format!("{}\n{rest}", other.id())).unwrap();
    }
    other
}

#[test]
fn published_generations_are_started_after_a_reboot_once() {
    let (scene, names) = three_generations();
    let mut other = reboot(&scene, &names);
    // Another program listens on the port of the live generation.
    let (live, port) = scene.record().unwrap();
    let occupied = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let done = scene.devdb(&["start"]).code(0);
    for name in &names {
        assert!(done.err.contains(&format!("{name} was started")), "{}", done.err);
    }
    let (still, moved) = scene.record().unwrap();
    assert_eq!(still, live);
    assert_ne!(moved, port, "the record still names the port of another program");
    assert_eq!(scene.meta(&live)["port"], moved);
    block_on(async { drop(scene.developer().await) });
    scene.devdb(&["status"]).code(0);
    let done = scene.devdb(&["start"]).code(0);
    for name in &names {
        assert!(done.err.contains(&format!("{name} was already running")), "{}", done.err);
    }
    assert!(other.try_wait().unwrap().is_none(), "another program was ended");
    drop(occupied);
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn two_starts_at_once_start_each_generation_once() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let (live, _) = scene.record().unwrap();
    scene.stop_server(&live);
    let running: Vec<Child> = (0..4).map(|_| scene.spawn(&["start"])).collect();
    let ended = running.into_iter().map(|child| super::support::scene::done(child.wait_with_output().unwrap()).code(0));
    let texts: Vec<String> = ended.map(|done| done.err).collect();
    let started = texts.iter().filter(|text| text.contains(&format!("{live} was started"))).count();
    assert_eq!(started, 1, "{texts:?}");
    block_on(async { drop(scene.developer().await) });
}

#[test]
fn clones_are_not_started_and_a_failure_does_not_stop_the_others() {
    let (scene, names) = three_generations();
    scene.script("90-verify/20_never.sql", "SELECT 1;");
    scene.devdb(&["rotate", "--keep-failed"]).code(7);
    let all = scene.generations();
    all.iter().for_each(|name| scene.stop_server(name));
    let clone = all.into_iter().find(|name| !names.contains(name)).unwrap();
    std::fs::remove_file(scene.path("instances").join(&names[2]).join("data/PG_VERSION")).unwrap();
    let done = scene.devdb(&["start"]).code(1).says("1 of 3 published generations did not start");
    assert!(done.err.contains(&format!("{} was started", names[1])), "{}", done.err);
    assert!(done.err.contains(&format!("{} was started", names[0])), "{}", done.err);
    assert!(!done.err.contains(&clone), "{}", done.err);
    assert!(!scene.path("instances").join(&clone).join("data/postmaster.pid").exists());
}

#[test]
fn targets_on_aws_are_refused() {
    let scene = Scene::new();
    scene.devdb(&["start"]).code(0).says("no published generation");
    scene.config(
        "local: { root: ., master_user: app_admin }",
        "aws: { account: \"111122223333\", region: ap-northeast-2, class: db.t4g.medium, subnet_group: dev,\n        \
         quarantine_security_groups: [sg-0000000000000001], developer_security_groups: [sg-0000000000000002],\n        \
         parameter_group: dev }",
    );
    scene.config("record: { name: app-dev }", "record: { name: app.dev.example.com, zone: Z0000000000000000001 }");
    scene.devdb(&["start"]).code(2).says("no target is on this machine");
    scene.devdb(&["start", "--target", "app-dev"]).code(2).says("target app-dev is not on this machine");
}

/// The reason of a failed start is in what the server has written since, not in a line of last week.
#[test]
fn the_reason_of_a_failed_start_is_not_an_older_line_of_the_log() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let (live, _) = scene.record().unwrap();
    scene.stop_server(&live);
    let instance = scene.path("instances").join(&live);
    let log = instance.join("server.log");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}FATAL:  a reason of last week\n")).unwrap();
    std::fs::remove_file(instance.join("data/global/pg_control")).unwrap();
    let done = scene.devdb(&["start"]).code(1).says("could not find the database system");
    assert!(!done.err.contains("last week"), "{}", done.err);
}

/// Nothing of a generation with damaged metadata is changed: the refusal of a check.
#[test]
fn a_damaged_live_generation_is_refused_with_what_replaces_it() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let (live, _) = scene.record().unwrap();
    scene.stop_server(&live);
    std::fs::write(scene.path("instances").join(&live).join("devdb.json"), "{ not json").unwrap();
    let done = scene.devdb(&["start"]).code(3).says(&format!("{live} is damaged")).says("`devdb rotate`");
    assert!(done.err.contains("devdb.json"), "{}", done.err);
    scene.devdb(&["rotate"]).says("is live");
}
