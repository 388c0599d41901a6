use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::world::{Started, start};
use crate::support::account::Account;
use crate::support::scene::Done;

/// GitHub ends a cancelled job 10 s after its first signal, sometimes 7.5.
const LIMIT: Duration = Duration::from_secs(7);

#[track_caller]
fn cancelled(run: Started, signal: Signal) -> Done {
    run.signal(signal);
    let (done, took) = run.end();
    assert_eq!(done.code, 130, "{}", done.err);
    assert!(took < LIMIT, "{took:?}");
    done
}

/// Rule 15.
#[test]
fn while_the_clone_is_being_made_it_is_removed_as_soon_as_it_can_be() {
    let account = Account::new().production().settings(json!({ "delay": 1.5 }));
    let mut run = start(&account, &["rotate"]);
    run.until("creating");
    cancelled(run, Signal::TERM).says("was removed");
    assert!(account.generations().is_empty());
    assert_eq!(account.record(), None);
}

#[test]
fn a_clone_that_takes_too_long_is_named_and_the_next_run_deals_with_it() {
    let account = Account::new().production().settings(json!({ "delay": 9.0 }));
    let mut run = start(&account, &["rotate"]);
    run.until("creating");
    let done = cancelled(run, Signal::INT).says("could not be removed").says("devdb cleanup");
    let [left] = account.generations().try_into().unwrap();
    assert!(done.err.contains(&left));
    assert_eq!(account.record(), None);
    let account = account.settings(json!({ "delay": 0.05 }));
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

#[test]
fn in_the_middle_of_a_long_script_the_clone_is_removed() {
    let account = Account::new().production();
    account.script("10-scrub/20_long.sql", "SELECT pg_sleep(60);\n");
    let mut run = start(&account, &["rotate"]);
    run.until("10-scrub/10_users.sql");
    std::thread::sleep(Duration::from_millis(300));
    cancelled(run, Signal::TERM).says("was removed");
    assert!(account.generations().is_empty());
}

/// Rule 14: after the swap nothing is taken back.
#[test]
fn after_the_swap_the_new_one_stays_live() {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    let old = account.live().unwrap();
    account.bench("record", json!({ "name": "db.example.com", "value": account.record(), "ttl": 30 }));
    let mut run = start(&account, &["rotate"]);
    run.until("wait for the old TTL");
    cancelled(run, Signal::TERM).says("is live").says("older generations that are left");
    let new = account.live().unwrap();
    assert_eq!(account.generations(), [old, new.clone()]);
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

/// Rules 4 and 14: a change of the record that was sent cannot be called back. What it points at then must
/// not be removed, so its outcome is waited for.
#[test]
fn in_the_middle_of_the_swap_its_outcome_decides() {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "delay", "delay": 1.5, "times": 1 }));
    let mut run = start(&account, &["rotate"]);
    run.until("move the record");
    std::thread::sleep(Duration::from_millis(700));
    let done = cancelled(run, Signal::INT).says("is live");
    let live = account.live().expect("the record leads to a generation");
    assert!(done.err.contains(&format!("{live} is live")), "{}", done.err);
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

/// A run that has failed and waits until its clone can be removed ends as quickly as any other.
#[test]
fn while_it_cleans_up_after_a_failure() {
    let account = Account::new().production().settings(json!({ "delay": 30.0 })).config("restore: 60s", "restore: 2s");
    let mut run = start(&account, &["rotate"]);
    run.until("creating");
    std::thread::sleep(Duration::from_millis(4000));
    run.signal(Signal::TERM);
    let (done, took) = run.end();
    assert!(took < LIMIT, "{took:?}");
    assert_eq!(done.code, 5, "{}", done.err);
    let [left] = account.generations().try_into().unwrap();
    done.says("did not happen within 2 s").says("could not be removed").says(&left);
}

#[test]
fn while_it_waits_for_another_run_nothing_is_changed() {
    let account = Account::new().production();
    let tags = json!({ "devdb:managed-by": "devdb", "devdb:target": "app-dev", "devdb:phase": "restored",
        "devdb:run": "somebody", "devdb:lease": "2999-01-01T00:00:00Z" });
    account.bench("instance", json!({ "id": "app-dev-20200101-000000", "tags": tags }));
    let mut run = start(&account, &["rotate"]);
    run.until("belongs to run somebody");
    cancelled(run, Signal::INT).says("nothing was changed");
    assert!(account.writes().is_empty());
}
