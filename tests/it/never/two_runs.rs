//! Two runs at once, and runs after one that died.

use super::*;

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
