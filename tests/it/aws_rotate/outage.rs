use serde_json::{Value, json};

use super::world::{Started, in_parallel, start};
use crate::support::account::Account;
use crate::support::simulator::action;

/// A production whose restore takes long enough for something to happen meanwhile. The lease is renewed rarely, so
/// that its requests do not meet the faults of others.
fn slow() -> Account {
    Account::new()
        .production()
        .settings(json!({ "delay": 1.0, "page_size": 100 }))
        .config("lease: 2s", "lease: 20s")
        .config("restore: 60s", "restore: 10m")
}

fn merged(mut fault: Value, more: Value) -> Value {
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fault
}

/// The name of the only clone.
#[track_caller]
fn clone_of(account: &Account) -> String {
    let [clone] = account.generations().try_into().unwrap();
    clone
}

#[track_caller]
fn nothing_was_deleted(account: &Account) {
    let deletions = account.writes().into_iter().filter(|call| action(call) == "DeleteDBInstance");
    assert_eq!(deletions.count(), 0);
}

/// The run ends with the clone's name and without a deletion; the next one works on or removes what is left.
#[track_caller]
fn keeps_its_clone(account: &Account, run: Started, words: &str) {
    let (done, _) = run.end();
    let clone = clone_of(account);
    assert_eq!(done.code, 5, "{words}: {}", done.err);
    assert!(done.err.contains(&clone) && done.err.contains(words), "{words}: {}", done.err);
    nothing_was_deleted(account);
    account.faults(json!([]));
    account.devdb(&["rotate", "--take-over"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}

/// What an outage looks like: no connection, an error of the service, a proxy's page, throttling.
fn outages() -> [Value; 4] {
    [
        json!({ "kind": "reset" }),
        json!({ "code": "InternalFailure", "status": 500 }),
        json!({ "kind": "html" }),
        json!({ "code": "Throttling", "status": 400 }),
    ]
}

/// An outage that outlasts all attempts of the SDK, while the clone is created: it is waited for.
#[test]
fn an_outage_during_a_restore_is_waited_for() {
    in_parallel(4, &outages(), slow, |account, fault| {
        let mut run = start(account, &["rotate"]);
        run.until("creating");
        account.fault(fault.clone());
        run.until("does not answer");
        account.faults(json!([]));
        let (done, _) = run.end();
        assert_eq!(done.code, 0, "{fault}: {}", done.err);
        nothing_was_deleted(account);
    });
}

/// The same while the password is reset, a phase is recorded, the generation is opened, and the record is swapped.
#[test]
fn an_outage_of_any_other_step_is_waited_for() {
    let steps = [
        ("reset the master password", json!({ "action": "ModifyDBInstance", "kind": "reset" })),
        ("capture fingerprints", json!({ "action": "AddTagsToResource", "code": "Throttling" })),
        ("verify", json!({ "match": "app-dev-2", "code": "InternalFailure", "status": 500 })),
        ("move the record", json!({ "service": "route53", "kind": "html" })),
    ];
    let deadlines = || slow().config("password: 30s", "password: 10m").config("publish: 30s", "publish: 10m");
    in_parallel(4, &steps, deadlines, |account, (step, fault)| {
        let mut run = start(account, &["rotate"]);
        run.until(step);
        account.fault(fault.clone());
        run.until("does not answer");
        account.faults(json!([]));
        let (done, _) = run.end();
        assert_eq!(done.code, 0, "{step}: {}", done.err);
        nothing_was_deleted(account);
    });
}

/// An outage that outlasts the deadline proves nothing about the clone: it is named and left.
#[test]
fn an_outage_that_outlasts_the_deadline_deletes_nothing() {
    let short = || slow().config("restore: 10m", "restore: 3s");
    in_parallel(2, &outages()[..2], short, |account, fault| {
        let mut run = start(account, &["rotate"]);
        run.until("creating");
        account.fault(merged(fault.clone(), json!({ "action": "DescribeDBInstances" })));
        keeps_its_clone(account, run, "DescribeDBInstances of app-dev-");
    });
}

/// A look that is refused says nothing about the clone either, even if only one is.
#[test]
fn a_look_that_is_refused_deletes_nothing() {
    let refusals = [
        json!({ "code": "AccessDenied", "status": 403 }),
        json!({ "code": "ExpiredToken", "status": 403 }),
        json!({ "code": "InvalidParameterValue", "status": 400 }),
    ];
    in_parallel(3, &refusals, slow, |account, fault| {
        let mut run = start(account, &["rotate"]);
        run.until("creating");
        let words = fault["code"].as_str().unwrap().to_owned();
        account.fault(merged(fault.clone(), json!({ "action": "DescribeDBInstances", "times": 1 })));
        keeps_its_clone(account, run, &words);
    });
}

/// A run that failed for another reason looks at its clone before it deletes it, and a failed look ends that.
#[test]
fn a_failed_look_of_the_cleanup_deletes_nothing() {
    let looks = [0, 1];
    in_parallel(
        3,
        &looks,
        || slow().config("lease: 20s", "lease: 5m"),
        |account, skip| {
            account.script("10-scrub/20_fails.sql", "SELECT pg_sleep(2);\nSELECT 1 / 0;\n");
            let mut run = start(account, &["rotate"]);
            run.until("10-scrub/10_users.sql");
            let fault = json!({ "action": "DescribeDBInstances", "code": "AccessDenied", "status": 403 });
            let fault = merged(fault, json!({ "skip": skip, "times": 1 }));
            account.fault(fault);
            let (done, _) = run.end();
            assert_eq!(done.code, 5, "{}", done.err);
            assert!(done.err.contains(&clone_of(account)), "{}", done.err);
            nothing_was_deleted(account);
        },
    );
}
