use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::world::{Before, before, events, holds, in_parallel, quick, start, watched};
use crate::support::account::Account;

fn rotated() -> Account {
    let account = quick().production().config("lease: 2s", "lease: 1s");
    account.devdb(&["rotate"]).code(0);
    account
}

/// Rule 15: one more rotation ends well, with one generation, and production is as it was.
fn goes_on(account: &Account, before: &Before, what: &str) {
    let done = account.devdb(&["rotate"]);
    assert_eq!(done.code, 0, "after {what}\n{}", done.err);
    holds(account, before, &done, what);
}

/// The events at which a kill meets another situation: the first two and the last of each kind in each step. Between
/// them the same is done for the next table or database.
fn moments(events: &[Value]) -> Vec<usize> {
    let kind = |event: &Value| (event["event"].to_string(), event["step"].to_string());
    let differs = |at: &usize| {
        let same = |other: &&Value| kind(other) == kind(&events[at - 1]);
        let (before, after) = events.split_at(*at);
        before.iter().filter(same).count() < 3 || !after.iter().any(|other| same(&other))
    };
    (1..events.len()).filter(differs).collect()
}

/// Between any two events that a rotation tells of.
#[test]
fn killed_at_any_step_the_next_run_ends_well() {
    let account = rotated();
    let moments = moments(&events(&account.devdb(&["rotate", "--format", "json"]).code(0).out));
    assert!(moments.len() > 30, "{moments:?}");
    in_parallel(3, &moments, rotated, |account, moment| {
        let before = before(account);
        watched(account, || {
            let mut run = start(account, &["rotate"]);
            let last = (0..*moment).filter_map(|_| run.line()).last();
            run.signal(Signal::KILL);
            run.end();
            goes_on(account, &before, &format!("a kill at event {moment}, {last:?}"));
        });
    });
}

/// Rule 4: whoever finishes a dead run's work waits out what resolvers may still have.
#[test]
fn killed_right_after_the_swap_the_old_record_is_waited_out_by_the_next_run() {
    let account = quick().production().config("ttl: 0s", "ttl: 2s").config("lease: 2s", "lease: 1s");
    account.devdb(&["rotate"]).code(0);
    let old = account.live().unwrap();
    let mut run = start(&account, &["rotate"]);
    run.until("verify the record");
    run.signal(Signal::KILL);
    run.end();
    let new = account.live().unwrap();
    assert_ne!(new, old);
    let done = account.devdb(&["rotate"]).code(0).says(&format!("finish {new}"));
    let waited = done.err.find("wait for the old TTL").expect("a wait");
    assert!(waited < done.err.find("remove old generations").unwrap(), "{}", done.err);
    assert_eq!(account.generations(), [new]);
}

/// At random instants, up to three times in a row: the second victim was cleaning up after the first.
#[test]
fn killed_at_random_instants_the_next_run_ends_well() {
    // Seeds, so that a failure can be looked at again. A rotation takes about 2000 ms here.
    let seeds: Vec<u64> = (1..=12).collect();
    in_parallel(3, &seeds, rotated, |account, seed| {
        let before = before(account);
        watched(account, || {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut waits = Vec::new();
            for _ in 0..=(seed % 3) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let wait = random % 2500;
                waits.push(wait);
                let run = start(account, &["rotate"]);
                std::thread::sleep(Duration::from_millis(wait));
                run.signal(Signal::KILL);
                run.end();
            }
            goes_on(account, &before, &format!("seed {seed}, kills after {waits:?} ms"));
        });
    });
}

/// A clone that is half scrubbed by other scripts than today's is of no use: it is removed, not gone on with.
#[test]
fn a_dead_runs_clone_is_resumed_only_if_it_is_scrubbed_by_the_same_scripts() {
    for changed in [false, true] {
        let account = rotated();
        let mut run = start(&account, &["rotate"]);
        run.until("10-scrub/10_users.sql");
        run.signal(Signal::KILL);
        run.end();
        let [_, left] = account.generations().try_into().unwrap();
        if changed {
            account.script("10-scrub/20_new.sql", "UPDATE app.users SET name = 'Somebody';\n");
        }
        let done = account.devdb(&["rotate"]).code(0).says(if changed { "remove " } else { "resume " }).says(&left);
        assert_eq!(account.live() == Some(left), !changed, "{}", done.err);
        assert_eq!(account.generations(), [account.live().unwrap()]);
    }
}
