//! A clone's server that is killed while a rotation works on it, as the kernel does when memory is short, and a session
//! that an administrator ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::aws_rotate::world::in_parallel;
use super::support::databases;
use super::support::scene::{Done, Scene, done};

/// The steps that have a session on the clone.
const STEPS: [&str; 9] =
    ["password", "hazards", "logins", "coverage", "remember", "masks", "scripts", "residue", "verify"];

/// A script that lasts long enough to be interrupted.
const SLOW: &str = "DO $$ BEGIN PERFORM pg_catalog.pg_sleep(2); END $$;\n";

fn scene() -> Scene {
    let scene = Scene::new();
    let record = "record: { name: app-dev }";
    scene.config(record, &format!("{record}\n    deadlines: {{ password: 5s, publish: 5s }}"));
    scene.script("10-scrub/90_slow.sql", SLOW).script("90-verify/90_slow.sql", SLOW);
    scene.devdb(&["rotate"]).code(0);
    scene
}

/// Rotates, and does something once when a step begins. Its events precede the error output.
fn rotate(scene: &Scene, step: &str, strike: impl FnOnce()) -> Done {
    let mut run = scene.spawn(&["rotate", "--format", "json"]);
    let (mut events, mut strike) = (String::new(), Some(strike));
    for line in BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let begins = line.contains(r#""step_started""#) && line.contains(&format!(r#""step":"{step}""#));
        if let Some(strike) = strike.take_if(|_| begins) {
            strike();
        }
        events.push_str(&line);
        events.push('\n');
    }
    let done = done(run.wait_with_output().unwrap());
    assert!(strike.is_none(), "there is no step {step} any more: {events}");
    Done { err: events + &done.err, ..done }
}

/// The files of the clone, when its server accepts connections.
fn clone_with_server(scene: &Scene, live: &str) -> (PathBuf, Pid) {
    let began = Instant::now();
    loop {
        for name in scene.generations().iter().filter(|name| *name != live) {
            let data = scene.path("instances").join(name).join("data");
            let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            if lines.get(7) == Some(&"ready") {
                return (data, Pid::from_raw(lines[0].parse().unwrap()).unwrap());
            }
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no clone has a server");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Processes that work in a folder below `folder`, even if it was removed.
fn processes_in(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let works_here = |path: &PathBuf| std::fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    let command = |path: PathBuf| Some(std::fs::read_to_string(path.join("cmdline")).ok()?.replace('\0', " "));
    processes.map(|entry| entry.path()).filter(works_here).filter_map(command).collect()
}

/// Asserts that nothing of a clone is left, and that the live generation is as before.
#[track_caller]
fn holds(scene: &Scene, live: &str, context: &str) {
    assert_eq!(scene.record().unwrap().0, live, "{context}");
    assert_eq!(scene.generations(), [live], "{context}");
    let instances = scene.path("instances").canonicalize().unwrap();
    let hidden = std::fs::read_dir(&instances).unwrap().flatten().find(|entry| entry.file_name() != live);
    assert!(hidden.is_none(), "{hidden:?}, {context}");
    // Sessions notice within a moment that their server is dead.
    let (clones, began) =
        (|| processes_in(&instances).len() - processes_in(&instances.join(live)).len(), Instant::now());
    while clones() > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "{:#?}, {context}", processes_in(&instances));
        std::thread::sleep(Duration::from_millis(50));
    }
    databases::assert_scrubbed(live, async |database| scene.developer_in(database).await);
}

#[test]
fn a_server_that_is_killed_before_the_swap_leaves_no_clone() {
    in_parallel(3, &STEPS, scene, |scene, step| {
        let live = scene.record().unwrap().0;
        let done = rotate(scene, step, || {
            let (_, server) = clone_with_server(scene, &live);
            kill_process(server, Signal::KILL).unwrap();
        });
        let context = format!("killed in {step}: exit {}\n{}", done.code, done.err);
        assert_eq!(done.code, 4, "{context}");
        assert!(done.err.contains("the connection"), "{context}");
        assert!(done.err.contains("was removed"), "{context}");
        holds(scene, &live, &context);
        if *step == STEPS[STEPS.len() - 1] {
            scene.devdb(&["rotate"]).code(0);
            assert_ne!(scene.record().unwrap().0, live);
        }
    });
}

/// From the swap on, the generation is live, and the next run starts its server again.
#[test]
fn a_server_that_is_killed_at_the_swap_is_started_by_the_next_run() {
    let scene = scene();
    // The program runs right before the record moves.
    let pid = format!("\"$(ls -d '{}'/app-dev-* | tail -n 1)\"/data/postmaster.pid", scene.path("instances").display());
    let program = format!("cat > /dev/null; kill -9 $(head -n 1 {pid})");
    let store = serde_json::json!({ "generate": { "store": ["sh", "-c", program] } });
    scene.config("master_password: generate", &format!("master_password: {store}"));
    let live = scene.record().unwrap().0;
    let done = scene.devdb(&["rotate"]);
    let new = scene.record().unwrap().0;
    let done = done.code(6).says(&format!("{new} is live")).says("the connection");
    assert_ne!(new, live, "{}", done.err);
    assert_eq!(scene.generations(), [live, new.clone()]);
    scene.config(&format!("master_password: {store}"), "master_password: generate");
    scene.devdb(&["rotate"]).code(0).says(&format!("finish {new}"));
    assert_eq!(scene.generations(), std::slice::from_ref(&new));
    databases::assert_scrubbed(&new, async |database| scene.developer_in(database).await);
}

/// Sessions that end while their server lives are opened again, in every step.
#[test]
fn sessions_that_are_ended_are_opened_again() {
    in_parallel(3, &STEPS[1..], scene, |scene, step| {
        let live = scene.record().unwrap().0;
        let done = rotate(scene, step, || {
            let (data, server) = clone_with_server(scene, &live);
            // The first that is seen, and all at that moment.
            let began = Instant::now();
            while end_sessions(&data, server) == 0 && began.elapsed() < Duration::from_secs(2) {}
        });
        assert_eq!(done.code, 0, "ended in {step}\n{}", done.err);
    });
}

/// Ends all sessions of the master user, as `pg_terminate_backend` does. Returns their number.
fn end_sessions(data: &Path, server: Pid) -> usize {
    let sessions = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let works_here = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data);
        let is_session = works_here && command.contains(": app_admin ") && !command.contains("authentication");
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        (is_session && pid != server).then_some(pid)
    });
    sessions.filter(|pid| kill_process(*pid, Signal::TERM).is_ok()).count()
}
