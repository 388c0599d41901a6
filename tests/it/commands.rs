//! The commands besides `rotate`, on the local platform.

use super::support::scene::Scene;
use super::support::{block_on, server};

#[test]
fn a_dry_run_prints_the_plan_and_leaves_no_trace() {
    let scene = Scene::new();
    let done = scene.devdb(&["rotate", "--dry-run"]).code(0);
    for words in [
        "nothing was changed",
        "20261121-0200",
        "restore as",
        "listens on",
        "10-scrub/10_users.sql",
        "logins that stay open",
        "app_service",
        "app-dev: does not exist yet -> app-dev-",
    ] {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
    assert_eq!(scene.generations(), [""; 0]);
    assert_eq!(scene.record(), None);
}

#[test]
fn status_lists_generations_and_refuses_an_old_live_one() {
    let scene = Scene::new();
    scene.devdb(&["status"]).code(3).says("does not exist yet");
    scene.devdb(&["rotate"]).code(0);
    let live = scene.record().unwrap().0;
    let done = scene.devdb(&["status"]).code(0);
    assert!(done.out.contains(&live) && done.out.contains("live") && done.out.contains("<- app-dev"), "{}", done.out);
    let rows: serde_json::Value =
        serde_json::from_str(&scene.devdb(&["status", "--format", "json"]).code(0).out).unwrap();
    assert_eq!(rows[0]["generation"], live.as_str());
    assert_eq!(rows[0]["live"], true);
    scene.config("keep: 0,", "keep: 0, max_age: 1s,");
    std::thread::sleep(std::time::Duration::from_secs(2));
    scene.devdb(&["status"]).code(3).says("max_age is 1 s");
}

#[test]
fn a_live_generation_with_a_stopped_server_is_reported_and_replaced() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let (live, _) = scene.record().unwrap();
    // As after a reboot: the server is gone, its file is left, and its process id belongs to another program.
    let pid_file = scene.path("instances").join(&live).join("data/postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).unwrap();
    let (pid, rest) = text.split_once('\n').unwrap();
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::QUIT).unwrap();
    while rustix::process::test_kill_process(pid).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mut other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    std::fs::write(&pid_file, format!("{}\n{rest}", other.id())).unwrap();

    scene.devdb(&["status"]).code(3).says(&format!("{live} is live, and stopped; `devdb start`"));
    scene.devdb(&["rotate"]).code(0);
    let (new, _) = scene.record().unwrap();
    assert_eq!(scene.generations(), [new]);
    assert!(other.try_wait().unwrap().is_none(), "another program was ended");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn rollback_publishes_a_kept_generation() {
    let scene = Scene::new();
    scene.config("keep: 0", "keep: 1");
    scene.devdb(&["rollback"]).code(3);
    scene.devdb(&["rotate"]).code(0);
    let first = scene.record().unwrap().0;
    scene.devdb(&["rollback"]).code(3).says("no generation is kept");
    scene.devdb(&["rotate"]).code(0);
    let second = scene.record().unwrap().0;
    assert_eq!(scene.generations(), [first.clone(), second.clone()]);
    assert_eq!(scene.meta(&first)["tags"]["devdb:phase"], "retired");
    scene.devdb(&["rollback"]).code(0).says(&format!("{first} is live"));
    assert_eq!(scene.record().unwrap().0, first);
    assert_eq!(scene.meta(&first)["tags"]["devdb:phase"], "live");
    assert_eq!(scene.meta(&second)["tags"]["devdb:phase"], "retired");
    block_on(async {
        scene.developer().await;
    });
    scene.devdb(&["rollback", &first]).code(3).says("already points at");
    // A marker of another generation proves nothing about this one.
    block_on(async {
        scene.superuser(&second, "UPDATE devdb_meta.generation SET name = 'app-dev-other'").await;
    });
    scene.devdb(&["rollback", &second]).code(7).says("has no marker");
    // A generation whose own marker is gone proves nothing, whatever its tags say.
    block_on(async {
        scene.superuser(&second, "DROP SCHEMA devdb_meta CASCADE").await;
    });
    scene.devdb(&["rollback", &second]).code(7).says("has no marker");
    assert_eq!(scene.record().unwrap().0, first);
}

#[test]
fn cleanup_removes_only_abandoned_clones() {
    let scene = Scene::new();
    scene.devdb(&["cleanup"]).code(0).says("no abandoned clone");
    scene.devdb(&["rotate"]).code(0);
    let live = scene.record().unwrap().0;
    scene.script("90-verify/20_never.sql", "SELECT 1;");
    scene.devdb(&["rotate", "--keep-failed"]).code(7).says("left in quarantine");
    let left = scene.generations().into_iter().find(|name| *name != live).unwrap();
    scene.devdb(&["cleanup"]).code(0).says("no abandoned clone older than 6 h");
    scene.devdb(&["cleanup", "--older-than", "0s", "--dry-run"]).code(0).says(&format!("{left} (secured"));
    assert_eq!(scene.generations().len(), 2);
    scene.devdb(&["cleanup", "--older-than", "0s"]).code(0);
    assert_eq!(scene.generations(), std::slice::from_ref(&live));
    // Live, but its phase is `scrubbed`: the next rotation finishes it.
    scene.edit_meta(&live, |meta| meta["tags"]["devdb:phase"] = "scrubbed".into());
    scene.devdb(&["cleanup", "--older-than", "0s"]).code(0).says("no abandoned clone");
    assert_eq!(scene.generations(), [live]);
}

#[test]
fn doctor_prints_problems_with_their_remedies() {
    let scene = Scene::new();
    scene.devdb(&["doctor"]).code(0).says("ok   snapshot: 20261121-0200");
    std::fs::remove_file(scene.path("snapshots/app-prod/20261121-0200")).unwrap();
    let done = scene.devdb(&["doctor"]).code(3);
    assert!(done.err.contains("fail snapshot: no snapshot can be restored"), "{}", done.err);
    assert!(done.err.contains("-> check source.instance"), "{}", done.err);
}

#[test]
fn config_check_reads_configuration_and_scripts_without_a_platform() {
    let scene = Scene::new();
    scene.devdb(&["config", "check"]).code(0).says("app-dev: configuration and 5 scripts");
    scene.script("10-scrub/users.sql", "SELECT 1;");
    scene.devdb(&["config", "check"]).code(2).says("users.sql");
    std::fs::remove_file(scene.path("scripts/10-scrub/users.sql")).unwrap();
    for script in ["scripts/10-scrub/10_users.sql", "scripts-billing/10-scrub/10_invoices.sql"] {
        std::fs::remove_file(scene.path(script)).unwrap();
    }
    scene.devdb(&["config", "check"]).code(2).says("10-scrub");
    scene.devdb(&["config", "schema"]).code(0).says("\"$schema\"");
    scene.devdb(&["policy"]).code(2).says("local and needs no IAM policy");
    std::fs::remove_file(scene.path("devdb.yaml")).unwrap();
    scene.devdb(&["status"]).code(2).says("devdb.yaml: No such file").says("--config");
}

#[test]
fn completions_are_printed_for_a_shell() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish"] {
        scene.devdb(&["completions", shell]).code(0).says("rollback");
    }
}

#[test]
fn audit_scans_the_live_generation_of_a_target() {
    let scene = Scene::new();
    scene.devdb(&["audit"]).code(2).says("pass --database or --target");
    scene
        .devdb(&["audit", "--target", "app-dev", "--database", "postgres://a@127.0.0.1/b"])
        .code(2)
        .says("--database and --target");
    scene.devdb(&["scrub", "--target", "app-dev"]).code(2).says("was masked by the rotation that made it");
    scene.devdb(&["audit", "--target", "app-dev"]).code(3).says("the master password of app-dev is generated");
    scene.config("master_password: generate", "master_password: { command: [printf, \"%s\", known-to-the-team] }");
    scene.devdb(&["audit", "--target", "app-dev"]).code(3).says("does not point at a generation of this target");
    scene.devdb(&["rotate"]).code(0);
    let meta = scene.meta(&scene.record().unwrap().0);
    scene.devdb(&["audit", "--target", "app-dev"]).code(0).says("nothing looks personal");
    let port = scene.record().unwrap().1;
    block_on(async {
        let master = server::login(port, "app_admin", "known-to-the-team", "app").await.unwrap();
        let insert = "INSERT INTO app.users (id, email, name) VALUES (9002, 'minsu.kim@haneul.kr', 'Kim')";
        master.run(insert).await.unwrap();
    });
    let done = scene.devdb(&["audit", "--target", "app-dev", "--format", "json"]).code(7);
    assert!(done.out.contains("app.users.email") && !done.out.contains("haneul.kr"), "{}", done.out);
    assert!(done.out.starts_with("{\"event\":\"run_started\"") && done.out.contains("\"exit\":7"), "{}", done.out);
    let done = scene.devdb(&["audit", "--target", "app-dev"]).code(7).says("column has values that look personal");
    assert!(!done.err.contains("ok   scan every value of app in"), "{}", done.err);
    // Nothing was changed, and the password was not reset.
    assert_eq!(scene.meta(&scene.record().unwrap().0), meta);
    scene.config("known-to-the-team", "guessed-by-one");
    scene.devdb(&["audit", "--target", "app-dev"]).code(3).says("28P01").says("hint: `master_password` must be");
}

/// An option that cannot have an effect is an error of usage; a variable of the environment is for other commands too.
#[test]
fn a_target_without_effect_is_refused() {
    let scene = Scene::new();
    for arguments in [&["masks"][..], &["completions", "bash"], &["demo"], &["init"], &["config", "schema"]] {
        let done = scene.devdb(&[arguments, &["--target", "app-dev"]].concat()).code(2);
        let name = arguments.join(" ").replace(" bash", "");
        assert!(done.err.contains(&format!("`--target` has no effect on `devdb {name}`")), "{}", done.err);
        assert_eq!(done.out, "");
    }
    let variable = scene.command(&["masks"]).env("DEVDB_TARGET", "x").output().unwrap();
    assert!(variable.status.success());
}
