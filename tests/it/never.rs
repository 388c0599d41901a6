//! What must never happen: one attempt, or several, for each rule. Rules that need AWS to be broken
//! are tried in `aws_rotate`; those on hazards and logins in `hazards` and `roles`.

/// Publication.
mod gate;
/// Instances, snapshots and records of others.
mod not_ours;
/// Secrets and values.
mod secrets;
/// Several runs.
mod two_runs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::support::scene::{Scene, done};
use super::support::{block_on, server};

/// Every file below a directory with its size and time: what a write would change.
fn fingerprint(root: &Path) -> BTreeMap<PathBuf, (u64, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                waiting.push(entry.path());
            }
            found.insert(entry.path(), (meta.len(), meta.modified().unwrap()));
        }
    }
    found
}

#[test]
fn rule_4_and_14_a_failure_before_the_swap_leaves_the_live_generation_as_it_was() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let (live, port) = scene.record().unwrap();
    let broken = [
        ("10-scrub/20_broken.sql", "UPDATE app.users SET no_such_column = 1;", 4),
        ("10-scrub/20_broken.sql", "DO $$ BEGIN RAISE EXCEPTION 'no'; END $$;", 4),
        ("90-verify/20_broken.sql", "SELECT 1;", 7),
        ("90-verify/20_broken.sql", "SELECT nothing;", 7),
    ];
    for (path, sql, code) in broken {
        scene.script(path, sql);
        scene.devdb(&["rotate"]).code(code).says("was removed; app-dev and the live generation are unchanged");
        std::fs::remove_file(scene.path("scripts").join(path)).unwrap();
        assert_eq!(scene.record().unwrap(), (live.clone(), port));
        assert_eq!(scene.generations(), std::slice::from_ref(&live));
        block_on(async { scene.developer().await });
    }
}

#[test]
fn rule_14_a_generated_secret_is_kept_once_its_generation_is_live_and_not_before() {
    let scene = Scene::new();
    let kept = scene.path("kept");
    let store = format!("master_password: {{ generate: {{ store: [tee, {:?}] }} }}", kept.display().to_string());
    scene.config("master_password: generate", &store);
    scene.script("90-verify/20_never.sql", "SELECT 1;");
    scene.devdb(&["rotate"]).code(7);
    assert!(!kept.exists());
    std::fs::remove_file(scene.path("scripts/90-verify/20_never.sql")).unwrap();
    scene.devdb(&["rotate"]).code(0);
    let (live, port) = scene.record().unwrap();
    let password = std::fs::read_to_string(&kept).unwrap();
    block_on(async { server::login(port, "app_admin", &password, "app").await.unwrap() });
    // What cannot be stored is not published.
    scene.config(&store, "master_password: { generate: { store: [\"false\"] } }");
    scene.devdb(&["rotate"]).code(4).says("the program `false` for the master password failed").says("was removed");
    assert_eq!((scene.record().unwrap(), scene.generations()), ((live.clone(), port), vec![live]));
}

#[test]
fn rule_6_a_server_that_takes_any_password_proves_nothing_and_is_not_written_to() {
    let scene = Scene::new();
    // A "production" that trusts everybody, where a wrong route or tunnel may lead.
    let (directory, account) = server::directory();
    let programs = server::programs(None);
    let data = directory.path().join("data");
    let port = server::free_port();
    block_on(async {
        server::initdb(&programs, account, &data).await;
        let trusting = devdb::pg::server::Server {
            programs,
            account,
            data: data.clone(),
            settings: server::settings(port),
            log: directory.path().join("log"),
        };
        trusting.start(Duration::from_secs(30)).await.unwrap();
        let root = server::login(port, "postgres", "", "postgres").await.unwrap();
        root.run("CREATE ROLE app_admin LOGIN CREATEROLE").await.unwrap();
        root.run("CREATE DATABASE app OWNER app_admin").await.unwrap();
        let config = devdb::config::load(&scene.path("devdb.yaml"), &|_| None, devdb::scrub::config_checks()).unwrap();
        let route = devdb::pg::Route { host: "127.0.0.1".into(), port, server_name: None };
        let credentials =
            devdb::pg::Credentials { user: "app_admin".into(), password: "made-for-this-run".to_owned().into() };
        let access = devdb::rotate::access::Access::new(
            config.target(None).unwrap(),
            devdb::pg::tunnel::Transport::Direct,
            route,
            credentials,
        )
        .unwrap();
        let refused = access.login("app").await.err().unwrap();
        assert!(refused.to_string().contains("accepts any password"), "{refused}");
        let app = server::login(port, "postgres", "", "app").await.unwrap();
        let row = app.query_one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'devdb%'", &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
        drop((app, root));
        trusting.stop("immediate").await.unwrap();
    });
}

#[test]
fn rule_15_cancelling_is_quick_and_removes_the_clone() {
    for (signal, script) in
        [(rustix::process::Signal::INT, "SELECT pg_sleep(30);"), (rustix::process::Signal::TERM, "SELECT 1;")]
    {
        let scene = Scene::new();
        scene.script("10-scrub/90_slow.sql", script);
        let child = scene.spawn(&["rotate"]);
        wait_for("a clone", || !scene.generations().is_empty());
        std::thread::sleep(Duration::from_millis(if script.contains("30") { 2500 } else { 300 }));
        let pid = rustix::process::Pid::from_child(&child);
        let began = Instant::now();
        rustix::process::kill_process(pid, signal).unwrap();
        let done = done(child.wait_with_output().unwrap());
        assert!(began.elapsed() < Duration::from_secs(7), "took {:?}", began.elapsed());
        done.code(130).says("was removed");
        assert_eq!(scene.generations(), [""; 0]);
        assert_eq!(scene.record(), None);
    }
}

#[track_caller]
fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}
