use super::{World, account, kill_at, on_both, stored, two_generations};
use crate::support::scene::Scene;

/// Asserts what holds at any instant of a rollback from `second` to `first`.
fn holds(world: &impl World, first: &str, second: &str, moment: &str) {
    let live = world.live().unwrap();
    assert!([first, second].contains(&live.as_str()), "{live}, {moment}");
    let tagged = |name: &&str| world.tag(name, "devdb:phase").as_deref() == Some("live");
    let tagged: Vec<&str> = [first, second].into_iter().filter(tagged).collect();
    assert!(tagged.len() <= 1, "two generations are tagged live, {moment}");
    let done = world.devdb(&["status", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&done.out).unwrap();
    let is_live = |row: &&serde_json::Value| row["phase"] == "live";
    let names: Vec<&str> = rows.iter().filter(is_live).map(|row| row["generation"].as_str().unwrap()).collect();
    assert_eq!(names, [live.as_str()], "{moment}: {}", done.out);
    if live == first {
        // The password is stored before the record moves.
        world.log_in_as_master(&stored(world)).unwrap_or_else(|error| panic!("{moment}: {error}"));
    }
}

/// Killed at every event, the record decides, and the same command once more completes it.
fn killed_at_any_event_a_rollback_is_completed_by_the_next(world: &impl World) {
    let (first, second) = two_generations(world);
    let mut swapped = 0;
    for lines in 1.. {
        let (ended, last) = kill_at(world, &["rollback"], lines);
        let moment = format!("killed at event {lines}, {last:?}");
        holds(world, &first, &second, &moment);
        swapped += usize::from(world.live().as_ref() == Some(&first));
        if ended {
            assert!(lines > 10, "a rollback has only {lines} events");
            break;
        }
        let tag = world.tag(&first, "devdb:phase");
        // Once more completes it; a rollback that was complete goes back instead.
        let complete = world.live().as_ref() == Some(&first) && tag.as_deref() == Some("live");
        if !complete {
            let done = world.devdb(&["rollback"]);
            assert_eq!(done.code, 0, "{moment}: {}", done.err);
        }
        super::assert_live(world, &first);
        world.log_in_as_master(&stored(world)).unwrap();
        world.devdb(&["rollback", &second]).code(0);
        super::assert_live(world, &second);
    }
    assert!(swapped > 2, "no kill after the swap");
}

/// A rotation after the kill makes a generation of its own, and every phase is right again.
fn killed_after_the_swap_the_next_rotation_corrects_the_phases(world: &impl World) {
    let (first, _) = two_generations(world);
    for lines in 1.. {
        let (ended, _) = kill_at(world, &["rollback"], lines);
        assert!(!ended, "the swap was never seen");
        if world.live().as_ref() == Some(&first) {
            break;
        }
        // The dead run's lease ends.
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    world.devdb(&["rotate"]).code(0);
    let live = world.live().unwrap();
    assert_ne!(live, first);
    super::assert_live(world, &live);
}

on_both!(
    killed_at_any_event_a_rollback_is_completed_by_the_next,
    killed_after_the_swap_the_next_rotation_corrects_the_phases,
);
