//! The local platform: disks that are full, metadata that is damaged, tablespaces.

use std::path::Path;
use std::process::Command;

use devdb::pg::server::Server;

use super::support::scene::{Done, Scene, done};
use super::support::{block_on, server};

/// Runs `script` with `sh` in a mount namespace where `instances` of the scene is a disk of `size`. `$DEVDB` is the
/// program with its options, `$ROOT` the scene.
fn on_small_disk(scene: &Scene, size: &str, script: &str) -> Done {
    let instances = scene.path("instances");
    std::fs::create_dir_all(&instances).unwrap();
    let mut unshare = Command::new("unshare");
    if rustix::process::geteuid().is_root() {
        unshare.arg("--mount");
    } else {
        unshare.args(["--user", "--map-current-user", "--keep-caps", "--mount"]);
    }
    let mount = format!("mount -t tmpfs -o size={size} tmpfs \"$ROOT/instances\"");
    unshare.args(["sh", "-c", &format!("set -e; {mount}; chmod 755 \"$ROOT/instances\"; {script}")]);
    unshare.env("DEVDB", env!("CARGO_BIN_EXE_devdb")).env("ROOT", scene.path(".")).env("PG_BIN", server::bin(None));
    done(unshare.output().unwrap())
}

#[test]
fn a_disk_that_is_too_small_is_refused_before_anything_is_copied() {
    let scene = Scene::new();
    let rotate = "\"$DEVDB\" --config \"$ROOT/devdb.yaml\" rotate || code=$?; ls -A \"$ROOT/instances\"; exit $code";
    let done = on_small_disk(&scene, "10m", rotate).code(3);
    for words in ["no space left on the disk of", "needed,", "10.5 MB free", "free space there", "nothing was changed"]
    {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
    assert_eq!(done.out, "");
    let doctor = "\"$DEVDB\" --config \"$ROOT/devdb.yaml\" doctor";
    on_small_disk(&scene, "10m", doctor).code(3).says("fail disk space: no space left");
}

#[test]
fn a_disk_that_fills_while_files_are_copied_is_reported_as_full() {
    let scene = Scene::new();
    // A file that is larger than its size says, so that the check before the copy passes: one of the kernel's.
    let link = scene.path("snapshots/app-prod/20261121-0200");
    let real = link.canonicalize().unwrap();
    std::fs::remove_file(&link).unwrap();
    let copied = Command::new("cp").arg("-a").arg(&real).arg(&link).status().unwrap();
    assert!(copied.success());
    std::fs::write(link.join("large"), "").unwrap();
    let size = Command::new("du").arg("-sk").arg(&link).output().unwrap();
    let size: u64 = String::from_utf8(size.stdout).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let script = "mount --bind /proc/kallsyms \"$ROOT/snapshots/app-prod/20261121-0200/large\"; \
                  chmod 700 \"$ROOT/snapshots/app-prod/20261121-0200\"; \"$DEVDB\" --config \"$ROOT/devdb.yaml\" rotate";
    let done = on_small_disk(&scene, &format!("{}k", size + 1024), script).code(4);
    for words in ["no space left on the disk of", "free space there", "was removed", "are unchanged"] {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
}

#[test]
fn a_disk_that_fills_on_the_server_is_reported_with_a_remedy() {
    let scene = Scene::new();
    // A temporary table, which writes no log: a full disk of the log would end the server.
    let fill = "CREATE TEMP TABLE large AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 1000000);\n";
    scene.script("10-scrub/20_fill.sql", fill);
    let done = on_small_disk(&scene, "150m", "\"$DEVDB\" --config \"$ROOT/devdb.yaml\" rotate").code(4);
    for words in
        ["20_fill.sql:1", "No space left on device (SQLSTATE 53100", "free space on the server's disk", "was removed"]
    {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
}

#[test]
fn a_disk_that_is_too_small_for_masking_is_refused_before_any_database_is_masked() {
    let scene = Scene::new();
    let size = Command::new("du").args(["-skL"]).arg(scene.path("snapshots")).output().unwrap();
    let size: u64 = String::from_utf8(size.stdout).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    // Enough for the copy and its log, not for a second copy of a table that is as large.
    scene.script("00-secure/10_grow.sql", GROW);
    let script = "\"$DEVDB\" --config \"$ROOT/devdb.yaml\" rotate";
    let done = on_small_disk(&scene, &format!("{}k", size + 110 * 1024), script).code(4);
    assert!(done.err.contains("masking needs") && done.err.contains("are free"), "{}", done.err);
    assert!(done.err.contains("failed to mask app"), "{}", done.err);
}

/// Makes the table with masks about 40 MB larger.
const GROW: &str = "INSERT INTO app.users (id, email, name)\n\
    SELECT n, 'user' || n || '@dev.example', repeat('x', 1000) FROM generate_series(20000, 50000) n\n\
    ON CONFLICT (id) DO NOTHING;\n";

#[test]
fn a_damaged_generation_does_not_block_the_others() {
    let scene = Scene::new();
    scene.config("keep: 0", "keep: 1");
    scene.devdb(&["rotate"]).code(0);
    let first = scene.record().unwrap().0;
    scene.devdb(&["rotate"]).code(0);
    let second = scene.record().unwrap().0;
    let file = |name: &str| scene.path("instances").join(name).join("devdb.json");
    std::fs::write(file(&first), "{\"resource_id\": ").unwrap();
    let lost = "app-dev-20200101-000000";
    std::fs::create_dir(scene.path("instances").join(lost)).unwrap();
    let done = scene.devdb(&["status"]).code(0);
    for words in [first.as_str(), lost, "damaged: ", "devdb.json: EOF", "it has no devdb.json"] {
        assert!(done.out.contains(words), "{words:?} is not in\n{}", done.out);
    }
    scene.devdb(&["start"]).code(0).says(&format!("{first} is damaged")).says("devdb removes nothing whose tags");
    scene.devdb(&["cleanup", "--older-than", "0s"]).code(0);
    let done = scene.devdb(&["rotate"]).code(0).says(&format!("{first} is left alone: {first} is damaged"));
    assert!(done.err.contains("restore the file, or stop the server"), "{}", done.err);
    let third = scene.record().unwrap().0;
    assert_eq!(scene.generations(), [lost.to_owned(), first.clone(), second.clone(), third.clone()]);
    // Damaged while it is live.
    std::fs::write(file(&third), "").unwrap();
    scene.devdb(&["status"]).code(3).says(&format!("{third} is live, and damaged"));
    scene.devdb(&["start"]).code(3).says("did not start");
    scene.devdb(&["rotate"]).code(0);
    assert!(scene.generations().contains(&third));
    assert_ne!(scene.record().unwrap().0, third);
}

#[test]
fn a_cluster_with_tablespaces_is_restored_within_the_instance() {
    let scene = Scene::new();
    let tablespace = scene.path("snapshots/app-prod/.tablespace");
    let id = "20261121-0300";
    block_on(snapshot_with_tablespace(&scene, &tablespace, id));
    scene.devdb(&["rotate", "--snapshot", id]).code(0);
    let (live, _) = scene.record().unwrap();
    let links = scene.path("instances").join(&live).join("data/pg_tblspc");
    let link = std::fs::read_dir(links).unwrap().next().unwrap().unwrap().path();
    let target = std::fs::read_link(link).unwrap();
    assert!(target.starts_with(scene.path("instances").canonicalize().unwrap().join(&live)), "{}", target.display());
    block_on(async {
        let session = scene.developer().await;
        let row = session.query_one("SELECT count(*) FROM app.users", &[]).await.unwrap();
        assert!(row.get::<_, i64>(0) > 0);
    });
    // A tablespace elsewhere may belong to a running cluster.
    let snapshot = scene.path("snapshots/app-prod").join(id);
    let link = std::fs::read_dir(snapshot.join("pg_tblspc")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/tmp", &link).unwrap();
    scene.devdb(&["rotate", "--snapshot", id]).code(3).says("it may belong to a running cluster");
}

/// Makes a snapshot of the production whose table `app.users` is in a tablespace.
async fn snapshot_with_tablespace(scene: &Scene, tablespace: &Path, id: &str) {
    let (programs, account) = (server::programs(None), server::directory().1);
    std::fs::create_dir(tablespace).unwrap();
    account.own(tablespace).unwrap();
    let data = scene.path("snapshots/app-prod").join(id);
    let from = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    assert!(Command::new("cp").arg("-a").arg(from).arg(&data).status().unwrap().success());
    let port = server::free_port();
    let log = scene.path("log");
    let cluster = Server { programs, account, data, settings: server::settings(port), log };
    let create = format!("CREATE TABLESPACE large LOCATION '{}'", tablespace.display());
    cluster.single_user_in("app", &[create, "ALTER TABLE app.users SET TABLESPACE large".to_owned()]).await.unwrap();
}

/// A copy of a cluster that was shut down has no manifest: it is complete once its directory was changed after everything
/// in it.
#[test]
fn a_copy_in_progress_of_a_stopped_cluster_is_passed_over() {
    let scene = Scene::new();
    block_on(scene.alter_production(&["CHECKPOINT"]));
    let newer = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    std::fs::remove_file(scene.path("snapshots/app-prod/20261121-0200")).unwrap();
    scene.snapshot("20261121-0200", &server::production(None, &super::support::databases::FILLED));
    let copy = scene.path("snapshots/app-prod/20261122-0300");
    assert!(Command::new("cp").arg("-a").arg(&newer).arg(&copy).status().unwrap().success());
    // The copy goes on: one more file arrives below the directory.
    std::thread::sleep(std::time::Duration::from_millis(50));
    std::fs::write(copy.join("base/1/999999"), "").unwrap();
    scene.devdb(&["rotate", "--dry-run"]).code(0).says("20261121-0200");
    scene.devdb(&["rotate", "--snapshot", "20261122-0300"]).code(3).says("still being copied, or was changed");
    std::thread::sleep(std::time::Duration::from_millis(50));
    std::fs::rename(&copy, scene.path("snapshots/app-prod/20261122-0400")).unwrap();
    scene.devdb(&["rotate", "--dry-run"]).code(0).says("20261122-0400");
}

#[test]
fn a_root_that_is_not_a_directory_is_named() {
    let scene = Scene::new();
    scene.file("file", "").config("root: .", "root: file");
    for command in ["status", "rotate", "start"] {
        let done = scene.devdb(&[command]).says("file cannot be used: not a directory").says("correct `root`");
        assert!([2, 3].contains(&done.code), "{command} ends with {}", done.code);
    }
}

/// A value that the server refuses is found before the snapshot is copied.
#[test]
fn a_server_setting_that_the_server_refuses_is_found_before_the_copy() {
    for (setting, why) in [
        ("max_connections: \"many\"", "invalid value for parameter \"max_connections\""),
        ("wrk_mem: 4MB", "unrecognized configuration parameter \"wrk_mem\""),
        ("work_mem: 4MB, max_connections: \"0\"", "max_connections"),
    ] {
        let scene = Scene::new();
        scene.config("root: .,", &format!("root: ., parameters: {{ {setting} }},"));
        for command in [&["doctor"][..], &["rotate"]] {
            scene.devdb(command).code(3).says(why).says("local.parameters");
        }
        assert_eq!(scene.generations(), [""; 0]);
    }
    let scene = Scene::new();
    scene.config("root: .,", "root: ., parameters: { work_mem: 8MB, my.setting: 'a b', max_connections: \"40\" },");
    scene.devdb(&["rotate", "--dry-run"]).code(0);
}

/// Settings that would open a clone, and a master user that the snapshot lacks.
#[test]
fn what_would_open_a_clone_is_refused_and_an_unknown_master_user_is_named() {
    let scene = Scene::new();
    scene.config("root: .,", "root: ., parameters: { port: \"5899\", listen_addresses: \"*\" },");
    for command in [&["config", "check"][..], &["rotate"]] {
        scene.devdb(command).code(2).says("devdb sets `listen_addresses` itself").says("devdb sets `port` itself");
    }
    scene.config("root: ., parameters: { port: \"5899\", listen_addresses: \"*\" },", "root: .,");
    scene.config("master_user: app_admin", "master_user: nobody");
    scene.devdb(&["rotate"]).code(4).says("the snapshot has no role nobody, which `local.master_user` names");
    assert_eq!(scene.generations(), [""; 0]);
}

/// Between the choice of a port and the start of the server, another program may take it.
#[test]
fn a_port_that_is_taken_before_the_server_listens_is_replaced() {
    let scene = Scene::new();
    let mut run = scene.spawn(&["rotate"]);
    let port = loop {
        assert!(run.try_wait().unwrap().is_none(), "the run ended before it chose a port");
        let port = scene.generations().first().and_then(|name| scene.meta(name)["port"].as_u64());
        if let Some(port) = port {
            break u16::try_from(port).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the server listens already");
    done(run.wait_with_output().unwrap()).code(0);
    assert_ne!(scene.record().unwrap().1, port);
    block_on(async { drop(scene.developer().await) });
    drop(taken);
}
