use serde_json::{Value, json};

use super::world::{before, holds, in_parallel, quick};
use crate::support::account::Account;
use crate::support::simulator::action;

/// One thing that goes wrong once, at one call of a rotation.
struct Fault {
    what: String,
    rule: Value,
}

/// A rotation that replaces a generation, and every way in which one of its calls can go wrong.
fn faults() -> Vec<Fault> {
    let account = rotated();
    account.forget_journal();
    account.devdb(&["rotate"]).code(0);
    let journal = account.journal();
    let mut all = Vec::new();
    let mut put = |at: usize, name: &str, mut rule: Value| {
        rule["skip"] = json!(at);
        rule["times"] = json!(1);
        all.push(Fault { what: format!("{name} at call {at}, {}", action(&journal[at])), rule });
    };
    for at in 0..journal.len() {
        // The one that deceives most: the work was done and nobody said so.
        put(at, "answer lost", json!({ "kind": "reset", "after": true }));
        // The SDK repeats the others before anybody else sees them, so that every third call of each
        // kind, another third for each, says as much as all of them and takes a third of the time.
        match at % 3 {
            0 => put(at, "throttling", json!({ "code": "Throttling", "status": 400 })),
            1 => put(at, "server error", json!({ "code": "InternalFailure", "status": 500 })),
            _ => put(at, "connection reset", json!({ "kind": "reset" })),
        }
    }
    for (at, call) in journal.iter().enumerate() {
        let same = |other: &Value| action(other) == action(call);
        let first = journal.iter().position(same) == Some(at);
        let last = journal.iter().rposition(same) == Some(at);
        if first || last {
            put(at, "access denied", json!({ "code": "AccessDenied", "status": 403 }));
        }
    }
    all
}

fn rotated() -> Account {
    let account = quick().production().config("lease: 2s", "lease: 5m");
    account.devdb(&["rotate"]).code(0);
    account
}

/// Rules 12 and 14, at every call that a rotation makes.
#[test]
fn whatever_goes_wrong_at_any_call_the_world_is_in_order_and_the_next_run_ends_well() {
    let faults = faults();
    assert!(faults.len() > 100, "{}", faults.len());
    in_parallel(3, &faults, rotated, |account, fault| {
        let before = before(account);
        account.fault(fault.rule.clone());
        let done = account.devdb(&["rotate"]);
        account.faults(json!([]));
        holds(account, &before, &done, &fault.what);
        if done.code != 0 {
            account.devdb(&["rotate"]).code(0);
            assert_eq!(account.generations(), [account.live().unwrap()], "after {}", fault.what);
        }
    });
}
