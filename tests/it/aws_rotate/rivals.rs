use serde_json::json;

use super::world::{is_harmless, start, watched};
use crate::support::account::Account;

/// Rule 12: started at the same moment, in the same second or not, one of two goes on at a time.
#[test]
fn of_two_runs_at_once_one_goes_on() {
    let account = Account::new().production().settings(json!({ "delay": 0.2 }));
    account.devdb(&["rotate"]).code(0);
    watched(&account, || {
        for round in 0..6 {
            let first = start(&account, &["rotate"]);
            std::thread::sleep(std::time::Duration::from_millis(round * 120));
            let second = start(&account, &["rotate"]);
            let (first, second) = (first.end().0, second.end().0);
            let said = format!("round {round}\n--- first\n{}\n--- second\n{}", first.err, second.err);
            let mut codes = [first.code, second.code];
            codes.sort();
            assert!(codes == [0, 75] || codes == [0, 0], "{codes:?}, {said}");
            let live = account.live().unwrap();
            assert_eq!(account.generations(), std::slice::from_ref(&live), "{said}");
            is_harmless(&account, &live, &said);
        }
    });
}

/// Both have looked before either has restored, and both have a clone: the older one goes on.
#[test]
fn of_two_runs_that_saw_nothing_of_each_other_the_later_one_gives_way() {
    let account = Account::new().production().config("lease: 2s", "lease: 9s");
    account.fault(json!({ "action": "RestoreDB.*", "kind": "delay", "delay": 4.0 }));
    for _ in 0..2 {
        let first = start(&account, &["rotate"]);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let second = start(&account, &["rotate"]);
        let (first, second) = (first.end().0, second.end().0);
        let said = format!("--- first\n{}\n--- second\n{}", first.err, second.err);
        assert_eq!((first.code, second.code), (0, 75), "{said}");
        assert!(second.err.contains("another run works on"), "{said}");
        assert_eq!(account.generations(), [account.live().unwrap()], "{said}");
    }
}

/// Both have looked before either has restored, so both take the name of the same second. The one that
/// comes too late must not take the other's clone for its own, least of all to remove it.
#[test]
fn of_two_runs_with_the_same_name_in_mind_the_later_one_leaves_the_clone_alone() {
    let account = Account::new().production();
    account.fault(json!({ "action": "RestoreDB.*", "kind": "delay", "delay": 0.7 }));
    for _ in 0..3 {
        let (first, second) = (start(&account, &["rotate"]), start(&account, &["rotate"]));
        let (first, second) = (first.end().0, second.end().0);
        let said = format!("--- first\n{}\n--- second\n{}", first.err, second.err);
        let mut codes = [first.code, second.code];
        codes.sort();
        assert_eq!(codes, [0, 75], "{said}");
        assert_eq!(account.generations(), [account.live().unwrap()], "{said}");
    }
}

/// A run whose clone was taken over fails before it has noticed: what it would remove is not its own any more.
#[test]
fn a_run_that_fails_after_its_clone_was_taken_over_leaves_it_alone() {
    let account = Account::new().production().config("lease: 2s", "lease: 90s");
    account.script("20-seed/20_slow.sql", "SELECT pg_sleep(5);\n");
    let mut first = start(&account, &["rotate"]);
    first.until("20-seed/10_developer.sql");
    let mut second = start(&account, &["rotate", "--take-over"]);
    second.until("resume ");
    let (first, _) = first.end();
    assert_eq!(first.code, 75, "{}", first.err);
    // Found by its next statement, or by the renewal of its lease.
    let words = ["belongs to another run now", "took the clone over"];
    assert!(words.iter().any(|words| first.err.contains(words)), "{}", first.err);
    let (second, _) = second.end();
    assert_eq!(second.code, 0, "{}", second.err);
    let live = account.live().unwrap();
    assert_eq!(account.generations(), std::slice::from_ref(&live));
    is_harmless(&account, &live, "taken over");
}

/// A restore takes longer than a lease: whoever waits for one is alive all the same.
#[test]
fn a_run_that_waits_for_its_restore_is_not_disturbed() {
    let account = Account::new().production().settings(json!({ "delay": 7.0 }));
    let mut first = start(&account, &["rotate"]);
    first.until("creating");
    // Longer than the lease of 2 s.
    std::thread::sleep(std::time::Duration::from_millis(2500));
    account.devdb(&["cleanup", "--older-than", "0s"]).code(0).says("no abandoned clone");
    account.devdb(&["rotate"]).code(75).says("another run");
    let (first, _) = first.end();
    assert_eq!(first.code, 0, "{}", first.err);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

/// A lease that some other clock made is not waited for until that clock is right.
#[test]
fn a_lease_far_in_the_future_is_not_waited_for() {
    let account = Account::new().production();
    let tags = json!({ "devdb:managed-by": "devdb", "devdb:target": "app-dev", "devdb:phase": "restored",
        "devdb:run": "somebody", "devdb:lease": "2999-01-01T00:00:00Z" });
    account.bench("instance", json!({ "id": "app-dev-20200101-000000", "tags": tags }));
    account.devdb(&["rotate"]).code(75).says("another run (somebody)").says("--take-over");
    assert!(account.writes().is_empty());
    account.devdb(&["rotate", "--take-over"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

/// A run that works on its clone is not disturbed; one whose clone is taken over notices and stops.
#[test]
fn a_clone_is_taken_over_on_request_only() {
    let account = Account::new().production().config("lease: 2s", "lease: 6s");
    account.script("20-seed/20_slow.sql", "SELECT pg_sleep(15);\n");
    let mut first = start(&account, &["rotate"]);
    first.until("20-seed/10_developer.sql");
    account.devdb(&["rotate"]).code(75).says("another run").says("--take-over");
    account.devdb(&["rotate", "--take-over"]).code(0);
    let (first, _) = first.end();
    assert_eq!(first.code, 75, "{}", first.err);
    assert!(first.err.contains("took the clone over"), "{}", first.err);
    let live = account.live().unwrap();
    assert_eq!(account.generations(), std::slice::from_ref(&live));
    is_harmless(&account, &live, "taken over");
}

/// A restore takes longer than a lease: the clone counts as a living run's all the while.
#[test]
fn a_clone_that_is_still_being_made_is_not_taken_for_abandoned() {
    let account = Account::new().production().config("lease: 2s", "lease: 4s").settings(json!({ "delay": 6 }));
    let mut first = start(&account, &["rotate"]);
    first.until("creating");
    std::thread::sleep(std::time::Duration::from_millis(4500));
    account.devdb(&["cleanup", "--older-than", "0s"]).code(0).says("no abandoned clone");
    account.devdb(&["rotate"]).code(75).says("another run");
    let (first, _) = first.end();
    assert_eq!(first.code, 0, "{}", first.err);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}
