use serde_json::{Value, json};

use super::world::start;
use crate::support::account::{Account, ORIGINALS};
use crate::support::simulator::action;

/// Rule 12: the restore happened, its answer did not arrive: asked again, there is still one clone.
#[test]
fn a_restore_whose_answer_is_lost() {
    for kind in ["reset", "close"] {
        let account = Account::new().production();
        account.fault(json!({ "action": "RestoreDB.*", "kind": kind, "after": true, "times": 1 }));
        account.devdb(&["rotate"]).code(0);
        let restores = account.writes().into_iter().filter(|call| action(call).starts_with("Restore"));
        assert_eq!(restores.count(), 2, "asked again");
        assert_eq!(account.generations(), [account.live().unwrap()]);
    }
}

/// Every answer of a whole run is lost once, in this or that way.
#[test]
fn a_network_that_loses_one_call_in_four() {
    let account = Account::new().production();
    let rule = |more: serde_json::Value| {
        let mut rule = json!({ "prob": 0.08 });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    account.faults(json!([
        rule(json!({ "kind": "reset", "after": true })),
        rule(json!({ "kind": "close" })),
        rule(json!({ "kind": "html" })),
    ]));
    account.devdb(&["rotate"]).code(0);
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
    assert_eq!(account.sql(&account.live().unwrap(), ORIGINALS), "0");
}

/// Nothing is allowed any more after the first call of that action with those words in it.
fn expired_from(action: &str, words: &str) -> Value {
    json!({ "action": action, "match": words, "kind": "control", "path": "/bench/faults",
        "body": { "rules": [{ "kind": "expired-token" }] } })
}

/// Credentials end while the clone is being made. It cannot be removed, so it is named, with the remedy.
#[test]
fn credentials_that_expire_in_the_middle() {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    // Right after the restore, in the middle of the scrub, right before the swap: from the call that
    // says so on, nothing is allowed any more.
    for (action, words) in
        [("RestoreDBInstanceFromDBSnapshot", ""), ("AddTagsToResource", "secured"), ("AddTagsToResource", "scrubbed")]
    {
        account.fault(expired_from(action, words));
        let done = account.devdb(&["rotate"]).code(5).says("expired").says("is left, because");
        let done = done.says("hint: compare the role's permissions").says("set `role:`");
        account.faults(json!([]));
        let left = account.generations().pop().unwrap();
        assert_ne!(left, live);
        assert!(done.err.contains(&left), "{}", done.err);
        assert_eq!(account.live().as_ref(), Some(&live));
        // What is left is removed by hand here, so that the next round begins like this one.
        account.bench("remove", json!({ "db": left }));
    }
    account.fault(expired_from("AddTagsToResource", "secured"));
    account.devdb(&["rotate"]).code(5);
    account.faults(json!([]));
    // The next run goes on with what is left, or removes it.
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
    assert_ne!(account.live(), Some(live));
}

/// Somebody removes the clone while it is scrubbed: that it is gone is noticed, not waited for.
#[test]
fn a_clone_that_vanishes() {
    let account = Account::new().production();
    account.script("20-seed/20_slow.sql", "SELECT pg_sleep(60);\n");
    let mut run = start(&account, &["rotate"]);
    run.until("20-seed/10_developer.sql");
    let [clone] = account.generations().try_into().unwrap();
    account.bench("remove", json!({ "db": clone }));
    let (done, took) = run.end();
    assert!(took < std::time::Duration::from_secs(60), "{took:?}");
    assert_eq!(done.code, 4, "{}", done.err);
    done.says("no clone is left");
}

/// Rule 14: the rights to delete are missing, so what failed is left in quarantine and named.
#[test]
fn a_clone_that_may_not_be_deleted() {
    let account = Account::new().production();
    account.script("90-verify/20_never.sql", "SELECT 1;\n");
    account.fault(json!({ "action": "DeleteDBInstance", "code": "AccessDenied", "status": 403 }));
    let done = account.devdb(&["rotate"]);
    let [left] = account.generations().try_into().unwrap();
    let done = done.says("could not be removed").says(&left).says("devdb cleanup");
    // A leak was found, and that is what the code says; the name is in the message.
    assert_eq!(done.code, 7, "{}", done.err);
    assert_eq!(account.record(), None);
    account.faults(json!([]));
    account.script("90-verify/20_never.sql", "SELECT 1 WHERE false;\n");
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}
