//! Killed at any instant: at every event that a run reports, and at random ones between. After each
//! kill nothing unscrubbed is behind the record; after the last, one more rotation ends well.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use super::support::scene::Scene;
use super::support::{block_on, server};

/// The snapshot's originals, seen through the record as a developer would see them; none may be.
fn nothing_unscrubbed_is_published(scene: &Scene) {
    let Some((live, port)) = scene.record() else { return };
    let phase = scene.meta(&live)["tags"]["devdb:phase"].as_str().unwrap().to_owned();
    assert!(["scrubbed", "live"].contains(&phase.as_str()), "the record points at {live}, which is {phase}");
    block_on(async {
        let password = super::support::scene::SERVICE_PASSWORD;
        let developer = server::login(port, "app_service", password, "app").await.unwrap();
        let query = "SELECT count(*) FROM app.users WHERE email LIKE '%corp.example' OR phone IS NOT NULL";
        let row = developer.query_one(query, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0, "originals in {live}");
    });
}

/// No directory, server or copy is left but those of the live generation.
fn no_orphan_is_left(scene: &Scene) {
    let (live, _) = scene.record().unwrap();
    let all: Vec<String> = std::fs::read_dir(scene.path("instances"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with(".new-"))
        .collect();
    assert_eq!(all, [live]);
    let root = scene.path("instances").display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        (command.contains(&root) && command.contains("postgres") && command.contains(" -D ")).then_some(command)
    });
    let servers: Vec<String> = processes.collect();
    assert_eq!(servers.len(), 1, "{servers:#?}");
}

fn quick_lease() -> Scene {
    let scene = Scene::new();
    scene.config("lease: 1s", "lease: 1s, max_age: 1d");
    scene
}

#[test]
fn rule_15_killed_at_every_event() {
    let scene = quick_lease();
    scene.devdb(&["rotate"]).code(0);
    let mut kills = 0;
    // One more line of life each time, until a run outlives its events.
    for lines in 1.. {
        let mut child = scene.spawn(&["rotate", "--format", "json"]);
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen = out.by_ref().take(lines).filter(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).count();
        let ended = seen < lines;
        // SIGKILL: no handler, no clean-up.
        let _ = child.kill();
        child.wait().unwrap();
        nothing_unscrubbed_is_published(&scene);
        if ended {
            break;
        }
        kills += 1;
        assert!(lines < 200, "a run has too many events");
    }
    scene.devdb(&["rotate"]).code(0);
    nothing_unscrubbed_is_published(&scene);
    no_orphan_is_left(&scene);
    assert!(kills >= 15, "only {kills} kills");
}

#[test]
fn rule_15_killed_at_random_instants() {
    use rand::{RngExt as _, SeedableRng as _};
    let seed: u64 = std::env::var("DEVDB_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20261121);
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let scene = quick_lease();
    let began = Instant::now();
    scene.devdb(&["rotate"]).code(0);
    let normal = began.elapsed();
    for kill in 0..100 {
        let mut child = scene.spawn(&["rotate"]);
        let life = random.random_range(0..u64::try_from(normal.as_millis()).unwrap() * 3 / 2);
        std::thread::sleep(Duration::from_millis(life));
        let _ = child.kill();
        child.wait().unwrap();
        nothing_unscrubbed_is_published(&scene);
        if kill % 20 == 19 {
            scene.devdb(&["rotate"]).code(0);
            nothing_unscrubbed_is_published(&scene);
            no_orphan_is_left(&scene);
        }
    }
    println!("100 kills, seed {seed}, {:?} each at the longest", normal * 3 / 2);
}
