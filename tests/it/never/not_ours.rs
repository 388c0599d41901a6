//! What belongs to somebody else is not touched: instances, snapshots, records.

use super::*;

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
