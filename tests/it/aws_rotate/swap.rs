use serde_json::json;

use super::world::start;
use crate::support::account::{Account, ORIGINALS, RECORD};

fn rotated() -> (Account, String) {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    (account, live)
}

/// Rule 13: compare and swap. Whoever changes the record while we work keeps the change.
#[test]
fn a_record_that_somebody_else_changes_in_between() {
    let theirs = json!({ "name": RECORD, "value": "elsewhere.example.org", "ttl": 2 });
    let moments = [
        // Between the look right before the swap and the swap itself.
        json!({ "action": "ChangeResourceRecordSets", "kind": "record-changed-by-somebody", "times": 1,
            "name": RECORD, "value": "elsewhere.example.org", "ttl": 2 }),
        // Long before, while the clone was scrubbed.
        json!({ "action": "ModifyDBInstance", "kind": "control", "path": "/bench/record", "body": theirs, "times": 1 }),
    ];
    for moment in moments {
        let (account, live) = rotated();
        account.fault(moment);
        account.devdb(&["rotate"]).code(4).says("was changed concurrently").says("was removed");
        assert_eq!(account.record().as_deref(), Some("elsewhere.example.org"));
        assert_eq!(account.generations(), [live]);
        // The next run does not take the record back by itself.
        account.devdb(&["rotate"]).code(3).says("elsewhere.example.org");
        account.devdb(&["rotate", "--adopt"]).code(0);
        assert_eq!(account.generations(), [account.live().unwrap()]);
    }
}

/// The value stays, its time to live changes: that is a change too, and it is not overwritten.
#[test]
fn a_record_whose_ttl_somebody_else_changes() {
    let (account, live) = rotated();
    let value = account.record().unwrap();
    account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "record-changed-by-somebody", "times": 1,
        "name": RECORD, "value": value, "ttl": 3 }));
    account.devdb(&["rotate"]).code(4).says("was changed concurrently");
    assert_eq!(account.generations(), [live]);
    account.devdb(&["rotate"]).code(0);
}

/// Rules 4 and 14: after the swap the new one stays live, and the old one stays until the name is proven.
#[test]
fn a_change_that_never_reaches_the_name_servers() {
    let (account, old) = rotated();
    let account = account.config("publish: 30s", "publish: 2s");
    account.bench("next", json!({ "action": "insync", "never": true }));
    account.devdb(&["rotate"]).code(6).says("did not reach all name servers").says("is live");
    let new = account.live().unwrap();
    assert_ne!(new, old);
    assert_eq!(account.generations(), [old, new.clone()]);
    assert_eq!(account.sql(&new, ORIGINALS), "0");
    account.bench("record", json!({ "name": RECORD, "value": account.record(), "ttl": 1 }));
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

/// Rule 14: nobody ever said that the swap was done, but it was: what the record says counts.
#[test]
fn a_swap_of_which_every_answer_is_lost() {
    let (account, old) = rotated();
    account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "reset", "after": true }));
    account.devdb(&["rotate"]).code(6).says("is live").says("older generations that are left");
    let new = account.live().unwrap();
    assert_eq!(account.generations(), [old, new.clone()]);
    account.faults(json!([]));
    account.devdb(&["rotate"]).code(0).says(&format!("finish {new}"));
    assert_eq!(account.generations(), [new]);
}

/// Rule 14: from the swap on the new one is live, even when nobody can be asked any more.
#[test]
fn credentials_that_end_right_after_the_swap() {
    let (account, old) = rotated();
    let account = account.settings(json!({ "dns_delay": 3.0 }));
    let mut run = start(&account, &["rotate"]);
    run.until("not on all name servers yet");
    account.fault(json!({ "kind": "expired-token" }));
    let (done, _) = run.end();
    assert_eq!(done.code, 6, "{}", done.err);
    let done = done.says("expired").says("is live");
    account.faults(json!([]));
    let new = account.live().unwrap();
    assert!(done.err.contains(&format!("{new} is live")), "{}", done.err);
    assert_eq!(account.generations(), [old, new]);
}

/// Rule 16: a deletion that does not end is not waited for longer than its deadline.
#[test]
fn an_old_generation_that_takes_too_long_to_go() {
    let (account, old) = rotated();
    let account = account.config("retire: 30s", "retire: 2s");
    account.fault(json!({ "action": "DeleteDBInstance", "kind": "control", "path": "/bench/settings", "times": 1,
        "body": { "delay": 600 } }));
    account.devdb(&["rotate"]).code(6).says(&format!("removal of {old} did not happen within 2 s")).says("is live");
}

#[test]
fn resolvers_that_keep_the_old_value() {
    let (account, old) = rotated();
    let account = account.config("publish: 30s", "publish: 3s").settings(json!({ "dns_lag": 600 }));
    account.devdb(&["rotate"]).code(6).says("does not lead to").says("older generations that are left");
    let new = account.live().unwrap();
    // Not yet marked as live, so that the next run proves it instead of replacing it.
    assert_eq!(account.tag(&new, "devdb:phase").as_deref(), Some("scrubbed"));
    assert_eq!(account.generations(), [old, new]);
}

/// Rule 3: deletion protection stays on, replicas stay; the new generation is live all the same.
#[test]
fn an_old_generation_that_somebody_holds_on_to() {
    let held = [
        (json!({ "DeletionProtection": true }), "has deletion protection"),
        (json!({ "ReadReplicaDBInstanceIdentifiers": ["app-reader"] }), "replicates with app-reader"),
    ];
    for (facts, words) in held {
        let (account, old) = rotated();
        account.bench("facts", json!({ "db": old, "facts": facts }));
        account.devdb(&["rotate"]).code(6).says(words).says("is live");
        let new = account.live().unwrap();
        assert_eq!(account.generations(), [old.clone(), new.clone()]);
        assert!(!account.writes().iter().any(|call| {
            let params = call["params"].to_string();
            params.contains("DeletionProtection") && call["action"] == "ModifyDBInstance"
        }));
        // It is not the live one any more: the next run says that it is there, and works.
        account.devdb(&["rotate"]).code(0).says(&format!("{old} is left alone"));
        assert_eq!(account.generations(), [old, account.live().unwrap()]);
    }
}

/// A protection that appears after the plan was made, right before the deletion: the service itself refuses.
#[test]
fn an_old_generation_that_is_protected_at_the_last_moment() {
    let (account, old) = rotated();
    account.fault(json!({ "action": "DeleteDBInstance", "kind": "control", "path": "/bench/facts", "times": 1,
        "body": { "db": old, "facts": { "DeletionProtection": true } } }));
    account.devdb(&["rotate"]).code(6).says("protect").says("is live");
    assert_eq!(account.generations(), [old, account.live().unwrap()]);
}

/// Rule 1: replaced under the same name between the plan and the deletion: another instance, left alone.
#[test]
fn an_old_generation_that_became_another_instance() {
    let (account, old) = rotated();
    account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "control", "path": "/bench/resource-id",
        "times": 1, "body": { "db": old, "value": "db-ANOTHERONE" } }));
    account.devdb(&["rotate"]).code(6).says("was deleted and created again");
    assert_eq!(account.generations(), [old, account.live().unwrap()]);
}

/// Rules 1 and 2: neither somebody else's instance under the prefix nor a similar name is ever touched.
#[test]
fn instances_that_are_not_ours() {
    let (account, old) = rotated();
    let ours = json!({ "devdb:managed-by": "devdb", "devdb:target": "app-dev", "devdb:phase": "retired" });
    let other_target = json!({ "devdb:managed-by": "devdb", "devdb:target": "other", "devdb:phase": "retired" });
    let planted = [
        ("app-dev-mine", json!({ "owner": "kim" })),
        ("app-dev-other", other_target),
        ("app-development-1", ours.clone()),
        ("xapp-dev-1", ours.clone()),
        ("app-dev", ours.clone()),
        ("app-prod-app-dev-1", ours),
    ];
    for (id, tags) in &planted {
        account.bench("instance", json!({ "id": id, "tags": tags }));
    }
    let done = account.devdb(&["rotate"]).code(0);
    let done = done.says("app-dev-mine is left alone").says("app-dev-other is left alone");
    assert!(!done.err.contains("app-development-1") && !done.err.contains("xapp"), "{}", done.err);
    let state = account.state();
    for (id, _) in &planted {
        assert_eq!(state["instances"][id]["status"], "available", "{id}");
        let arn = format!("db:{id}");
        assert!(
            !account.writes().iter().any(|call| {
                let named = |key: &str| call["params"][key].as_str().unwrap_or_default();
                named("DBInstanceIdentifier") == *id || named("ResourceName").ends_with(&arn)
            }),
            "{id}"
        );
    }
    assert!(state["instances"][&old].is_null());
}
