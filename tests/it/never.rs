//! What must never happen: one attempt, or several, for each rule. Rules that need AWS to be broken
//! are tried in `aws_rotate`; those on hazards and logins in `hazards` and `roles`.

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
fn rule_1_an_instance_that_is_not_ours_is_left_alone() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let live = scene.record().unwrap().0;
    // Somebody's own instance under the prefix, and one of another target.
    for (name, tags) in [
        ("app-dev-mine", serde_json::json!({})),
        (
            "app-dev-other",
            serde_json::json!({ "devdb:managed-by": "devdb", "devdb:target": "other", "devdb:phase": "restored" }),
        ),
    ] {
        std::fs::create_dir(scene.path("instances").join(name)).unwrap();
        let mut meta = scene.meta(&live);
        meta["tags"] = tags;
        meta["resource_id"] = name.into();
        std::fs::write(scene.path("instances").join(name).join("devdb.json"), meta.to_string()).unwrap();
    }
    scene.devdb(&["rotate"]).code(0).says("app-dev-mine is left alone: app-dev-mine has no tag devdb:managed-by");
    scene.devdb(&["cleanup", "--older-than", "0s"]).code(0);
    assert_eq!(scene.generations().len(), 3);
    scene.devdb(&["status"]).says("not ours");
}

#[test]
fn rule_1_nothing_is_deleted_while_nobody_can_say_what_the_record_points_at() {
    let scene = Scene::new();
    scene.script("90-verify/20_never.sql", "SELECT 1;");
    scene.devdb(&["rotate", "--keep-failed"]).code(7);
    let left = scene.generations();
    assert_eq!(scene.meta(&left[0])["open"], false);
    std::fs::write(scene.path("pg_service.conf"), "[app-dev]\nhost=elsewhere.example\n").unwrap();
    let refused = scene.devdb(&["cleanup", "--older-than", "0s"]).says("the record cannot be interpreted");
    assert_ne!(refused.code, 0);
    assert_eq!(scene.generations(), left);
}

#[test]
fn rule_3_deletion_protection_is_never_switched_off() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let protected = scene.record().unwrap().0;
    scene.edit_meta(&protected, |meta| meta["deletion_protection"] = true.into());
    // It counts as not ours while it is protected: the new generation goes live, this one stays.
    scene.devdb(&["rotate"]).says("deletion protection");
    assert!(scene.generations().contains(&protected));
    assert_eq!(scene.meta(&protected)["deletion_protection"], true);
}

#[test]
fn rule_3_a_snapshot_is_only_read() {
    let scene = Scene::new();
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    let before = fingerprint(&files);
    scene.devdb(&["rotate"]).code(0);
    scene.devdb(&["rotate"]).code(0);
    assert_eq!(before, fingerprint(&files));
}

#[test]
fn rule_3_a_snapshot_with_links_to_the_sources_disks_is_refused() {
    let scene = Scene::new();
    let (copy, _) = server::directory();
    let snapshot = copy.path().join("snapshot");
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    assert!(std::process::Command::new("cp").args(["-a"]).args([&files, &snapshot]).status().unwrap().success());
    std::os::unix::fs::symlink("/var/lib/postgresql", snapshot.join("pg_tblspc/16400")).unwrap();
    std::fs::remove_file(scene.path("snapshots/app-prod/20261121-0200")).unwrap();
    scene.snapshot("linked", &snapshot);
    scene.devdb(&["rotate"]).code(3).says("pg_tblspc/16400 is a symbolic link");
    assert_eq!(scene.generations(), [""; 0]);
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
    // A secret that nobody keeps is said, with the code of a swap that is not finished; the old one stays.
    scene.config(&store, "master_password: { generate: { store: [\"false\"] } }");
    scene.devdb(&["rotate"]).code(6).says("the program `false` for the master password failed").says("is live");
    let (new, _) = scene.record().unwrap();
    assert_eq!(scene.generations(), [live, new]);
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
        let access = devdb::rotate::access::Access::new(config.target(None).unwrap(), "", route, credentials).unwrap();
        let refused = access.login("app").await.err().unwrap();
        assert!(refused.to_string().contains("accepts any password"), "{refused}");
        let app = server::login(port, "postgres", "", "app").await.unwrap();
        let row = app.query_one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'devdb%'", &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
        drop((app, root));
        trusting.stop("immediate").await.unwrap();
    });
}

/// Scripts that undo what was done before them: each is found by reading back, and named.
#[test]
fn rule_7_what_scripts_open_again_is_found_before_anybody_is_let_in() {
    let scene = Scene::new();
    let undone = [
        ("CREATE ROLE sneaky LOGIN PASSWORD 'sneaky-password-1';", "sneaky can still log in"),
        ("DELETE FROM devdb_meta.script;", "10-scrub/10_users.sql is not recorded as committed in app"),
        (
            "-- devdb: transaction=none\nCREATE DATABASE forgotten TEMPLATE app;",
            "database forgotten is open and not scrubbed",
        ),
    ];
    for (sql, words) in undone {
        scene.script("20-seed/20_undo.sql", sql);
        scene.devdb(&["rotate"]).code(7).says(words).says("was removed");
        assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    }
}

/// What scripts, or triggers that fire on them, put into a queue is emptied like what was in it before.
#[test]
fn rule_7_what_scripts_set_off_is_defused_too() {
    let scene = Scene::new();
    scene.script("20-seed/20_mail.sql", "INSERT INTO app.notification_outbox VALUES (1, 1, 'a mail', NULL);");
    scene.devdb(&["rotate"]).code(0);
    block_on(async {
        let queue = "SELECT pg_catalog.count(*) FROM app.notification_outbox";
        assert_eq!(scene.developer().await.query_one(queue, &[]).await.unwrap().get::<_, i64>(0), 0);
    });
}

/// A snapshot like `files` in which a superuser did more: statements, each in a database.
fn changed(scene: &Scene, files: &Path, id: &str, more: &[(&str, &str)]) -> tempfile::TempDir {
    let (copy, account) = server::directory();
    let data = copy.path().join("snapshot");
    assert!(std::process::Command::new("cp").arg("-a").args([files, &data]).status().unwrap().success());
    let production = devdb::pg::server::Server {
        programs: server::programs(None),
        account,
        data: data.clone(),
        settings: server::settings(server::free_port()),
        log: copy.path().join("log"),
    };
    for (database, sql) in more {
        block_on(async { production.single_user_in(database, &[(*sql).to_owned()]).await.unwrap() });
    }
    scene.snapshot(id, &data);
    copy
}

/// A database of production that the configuration does not name: its rows are originals, so nobody gets in.
#[test]
fn rule_9_a_database_that_nobody_scrubs_is_closed() {
    let scene = Scene::new();
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    let more = [
        ("template1", "CREATE DATABASE metrics OWNER app_admin"),
        ("metrics", "CREATE TABLE visits AS SELECT 'real1@corp.example' AS who"),
    ];
    let _files = changed(&scene, &files, "with-metrics", &more);
    scene.devdb(&["rotate", "--snapshot", "with-metrics"]).code(0);
    let port = scene.record().unwrap().1;
    block_on(async {
        scene.developer().await;
        let password = super::support::scene::SERVICE_PASSWORD;
        assert!(server::login(port, "app_service", password, "metrics").await.is_err());
    });
}

/// What only a superuser could change, who is nobody here: it is left, and so nothing is published.
#[test]
fn rule_7_what_cannot_be_defused_or_cleared_blocks_the_publication() {
    let scene = Scene::new();
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    let out_of_reach = [
        (
            "server",
            "CREATE FOREIGN DATA WRAPPER homemade; \
             CREATE SERVER reporting FOREIGN DATA WRAPPER homemade OPTIONS (host 'prod.example')",
            "reporting",
        ),
        (
            "view",
            "CREATE MATERIALIZED VIEW app.frozen AS SELECT email FROM app.users",
            "app still contain original rows: app.frozen",
        ),
        (
            "statistics",
            "CREATE TABLE app.emptied AS SELECT 'real@corp.example' AS email FROM generate_series(1, 9); \
             ANALYZE app.emptied; TRUNCATE app.emptied; GRANT SELECT ON app.emptied TO app_admin",
            "app.emptied (email)",
        ),
    ];
    for (id, sql, words) in out_of_reach {
        let _files = changed(&scene, &files, id, &[("app", sql)]);
        scene.devdb(&["rotate", "--snapshot", id]).code(7).says(words).says("was removed");
        assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    }
}

#[test]
fn rule_8_neither_passwords_nor_row_values_are_shown() {
    let scene = Scene::new();
    let cases = [
        "INSERT INTO app.users VALUES (1, 'x@y.z');",
        "UPDATE app.users SET email = 'same';",
        "SELECT email::int FROM app.users;",
        "DO $$ BEGIN RAISE EXCEPTION 'row %', (SELECT email FROM app.users LIMIT 1); END $$;",
        "ALTER TABLE app.users ADD CHECK (email = name);",
    ];
    for sql in cases {
        scene.script("10-scrub/05_wrong.sql", sql);
        for format in ["text", "json", "github"] {
            let said = scene.devdb(&["rotate", "--format", format]).code(4);
            for secret in ["real1", "corp.example", "010-1234", "dev-service-password", "김민수"] {
                // GitHub is told the password itself in ::add-mask::, and only there.
                let shown: Vec<String> = [said.out.as_str(), said.err.as_str()]
                    .iter()
                    .flat_map(|text| text.lines())
                    .filter(|line| line.contains(secret) && !line.starts_with("::add-mask::"))
                    .map(str::to_owned)
                    .collect();
                assert!(shown.is_empty(), "{sql} in {format} shows {shown:?}");
            }
        }
    }
}

#[test]
fn rule_8_a_secret_is_masked_before_it_could_appear() {
    let scene = Scene::new();
    let said = scene.devdb(&["rotate", "--format", "github"]).code(0);
    let masks: Vec<usize> =
        said.out.lines().enumerate().filter(|(_, line)| line.starts_with("::add-mask::")).map(|(at, _)| at).collect();
    let first_step = said.out.lines().position(|line| line.starts_with("::group::")).unwrap();
    // The service's password, the key of the masks, the master password.
    assert_eq!(masks.len(), 3, "{}", said.out);
    assert!(masks.iter().all(|at| *at < first_step));
    scene.config("keep: 0", "keep: 1").devdb(&["rotate"]).code(0);
    let back = scene.devdb(&["rollback", "--format", "github"]).code(0);
    assert_eq!(back.out.matches("::add-mask::").count(), 1, "{}", back.out);
    let json = scene.devdb(&["rotate", "--format", "json"]).code(0);
    assert!(!json.out.contains("password_value") && !json.out.contains("dev-service-password"));
}

#[test]
fn rule_8_nobody_else_on_the_machine_can_read_a_clones_files_or_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let instance = scene.path("instances").join(scene.record().unwrap().0);
    for closed in ["data", "server.log"] {
        let mode = std::fs::metadata(instance.join(closed)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{closed} has mode {mode:o}");
    }
}

#[test]
fn rule_9_only_listed_logins_work_and_with_new_passwords() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let port = scene.record().unwrap().1;
    block_on(async {
        for (user, password) in [
            ("app_admin", server::MASTER_PASSWORD),
            ("app_service", "prod-service-password"),
            ("kim.minsu", "prod-minsu-password"),
            ("postgres", ""),
        ] {
            let refused = server::login(port, user, password, "app").await.err().expect(user);
            assert!(refused.sqlstate().is_some_and(|code| code.starts_with("28")), "{user}: {refused}");
        }
        scene.developer().await;
    });
}

#[test]
fn rule_12_two_runs_never_publish_two_clones() {
    let scene = Scene::new();
    let first = scene.spawn(&["rotate"]);
    let second = scene.spawn(&["rotate"]);
    let codes = [first, second].map(|child| {
        let done = done(child.wait_with_output().unwrap());
        assert!([0, 75].contains(&done.code), "{} {}", done.out, done.err);
        done.code
    });
    assert!(codes.contains(&0));
    let (live, _) = scene.record().unwrap();
    assert_eq!(scene.generations(), [live]);
}

#[test]
fn rule_12_a_living_runs_clone_is_not_touched() {
    let scene = Scene::new();
    scene.config("lease: 1s", "lease: 5s").script("10-scrub/90_slow.sql", "SELECT pg_sleep(12);");
    let slow = scene.spawn(&["rotate"]);
    wait_for("a clone", || !scene.generations().is_empty());
    std::thread::sleep(Duration::from_millis(1500));
    scene.devdb(&["rotate"]).code(75).says("another run");
    scene.devdb(&["cleanup", "--older-than", "0s"]).code(0);
    done(slow.wait_with_output().unwrap()).code(0);
}

#[test]
fn rule_12_a_clone_taken_over_ends_the_other_run() {
    let scene = Scene::new();
    scene.config("lease: 1s", "lease: 4s").script("10-scrub/90_slow.sql", "SELECT pg_sleep(8);");
    let slow = scene.spawn(&["rotate"]);
    wait_for("a clone", || !scene.generations().is_empty());
    std::thread::sleep(Duration::from_millis(1200));
    let name = scene.generations().remove(0);
    scene.devdb(&["rotate", "--take-over"]).code(0).says(&format!("resume {name}"));
    done(slow.wait_with_output().unwrap()).code(75).says("took the clone over");
    assert_eq!(scene.generations(), [name]);
}

#[test]
fn rule_13_a_record_changed_by_somebody_else_is_not_overwritten() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let before = std::fs::read_to_string(scene.path("pg_service.conf")).unwrap();
    let theirs = before.replace("devdb generation: ", "devdb generation: by-hand-");
    scene.script("10-scrub/90_slow.sql", "SELECT pg_sleep(1);");
    let run = scene.spawn(&["rotate"]);
    wait_for("a second clone", || scene.generations().len() == 2);
    std::fs::write(scene.path("pg_service.conf"), &theirs).unwrap();
    done(run.wait_with_output().unwrap()).code(4).says("was changed concurrently");
    assert_eq!(std::fs::read_to_string(scene.path("pg_service.conf")).unwrap(), theirs);
    assert_eq!(scene.generations().len(), 1);
    // And now nobody knows what it points at.
    scene.devdb(&["rotate"]).code(3).says("is not a generation of this target").says("--adopt");
    scene.devdb(&["rotate", "--adopt"]).code(0);
}

#[test]
fn rule_13_a_foreign_record_is_refused_before_anything_is_changed() {
    let scene = Scene::new();
    let theirs = "[app-dev]\nhost=prod.example.com\nport=5432\n";
    std::fs::write(scene.path("pg_service.conf"), theirs).unwrap();
    for arguments in [&["rotate"][..], &["rotate", "--adopt"]] {
        scene.devdb(arguments).code(3).says("was not written by devdb");
    }
    assert_eq!(std::fs::read_to_string(scene.path("pg_service.conf")).unwrap(), theirs);
    assert_eq!(scene.generations(), [""; 0]);
}

#[test]
fn rule_12_a_dead_runs_clone_that_cannot_be_gone_on_with_is_removed_first() {
    let scene = Scene::new();
    scene.script("90-verify/20_never.sql", "SELECT 1;");
    scene.devdb(&["rotate", "--keep-failed"]).code(7);
    // Half copied when its run was killed: whatever its phase says, half of it is missing.
    let [half] = scene.generations().try_into().unwrap();
    scene.edit_meta(&half, |meta| meta["state"] = "copying".into());
    let done = scene.devdb(&["rotate", "--keep-failed"]).code(7);
    done.says(&format!("remove abandoned {half}"));
    // Scrubbed by other scripts than today's.
    let [other] = scene.generations().try_into().unwrap();
    std::fs::remove_file(scene.path("scripts/90-verify/20_never.sql")).unwrap();
    // Files of a clone whose removal was interrupted.
    std::fs::create_dir(scene.path("instances/.gone-1")).unwrap();
    std::fs::write(scene.path("instances/.gone-1/rows"), "originals").unwrap();
    scene.devdb(&["rotate"]).code(0).says(&format!("remove abandoned {other}"));
    assert_eq!(scene.generations(), [scene.record().unwrap().0]);
    assert!(!scene.path("instances/.gone-1").exists());
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
