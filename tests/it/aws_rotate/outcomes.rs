use rustix::process::Signal;
use serde_json::{Value, json};

use super::world::start;
use crate::support::account::Account;
use crate::support::scene::Done;
use crate::support::simulator::action;

/// A production behind a record that already leads to a generation.
fn rotated() -> (Account, String) {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    (account, live)
}

/// Rule 14: the next rotation fails before the swap; its clone is gone, everything else as before.
#[track_caller]
fn fails(account: &Account, live: &str, words: &[&str]) -> Done {
    let record = account.record();
    let done = account.devdb(&["rotate"]).code(4).says("was removed").says("the live generation are unchanged");
    let done = words.iter().fold(done, |done, words| done.says(words));
    assert_eq!(account.record(), record);
    assert_eq!(account.generations(), [live.to_owned()]);
    assert_eq!(account.tag(live, "devdb:phase").as_deref(), Some("live"));
    let last = account.writes().into_iter().rev().find(|call| action(call) == "DeleteDBInstance").unwrap();
    assert_ne!(last["params"]["DBInstanceIdentifier"], json!(live));
    done
}

fn next(account: &Account, action: &str, more: Value) {
    let mut given = json!({ "action": action });
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    account.bench("next", given);
}

/// Rule 16.
#[test]
fn a_restore_that_ends_in_a_dead_status() {
    let (account, live) = rotated();
    let dead = [
        ("incompatible-parameters", "The parameter group's max_connections is too large"),
        ("restore-error", "The snapshot's storage could not be read"),
        ("a-status-of-2031", ""),
    ];
    for (status, message) in &dead[..2] {
        next(&account, "restore", json!({ "status": status, "message": message }));
        fails(&account, &live, &[status, message]);
    }
    // An unknown status is shown and waited on, as long as the deadline allows.
    next(&account, "restore", json!({ "status": dead[2].0 }));
    let account = account.config("restore: 60s", "restore: 2s");
    fails(&account, &live, &["a-status-of-2031", "did not happen within 2 s"]);
}

#[test]
fn a_restore_that_takes_longer_than_its_deadline() {
    let (account, live) = rotated();
    let account = account.settings(json!({ "delay": 4.0 })).config("restore: 60s", "restore: 2s");
    fails(&account, &live, &["becoming available did not happen within 2 s", "the last state was: creating"]);
}

/// Rule 6: without a login by the new password nothing is written.
#[test]
fn a_password_that_never_comes_into_force() {
    let (account, live) = rotated();
    let account = account.config("password: 30s", "password: 3s");
    next(&account, "password", json!({ "stuck": true }));
    fails(&account, &live, &["MasterUserPassword pending", "becoming available did not happen"]);
    next(&account, "password", json!({ "lost": true }));
    let done = fails(&account, &live, &["password authentication failed", "rds_iam"]);
    assert!(!done.err.contains("defuse hazards"), "{}", done.err);
}

/// Rule 5: what came back is compared with what was asked for.
#[test]
fn an_instance_that_differs_from_the_request() {
    let (account, live) = rotated();
    let different = [
        (json!({ "facts": { "PubliclyAccessible": true } }), r#"publicly accessible is "yes""#),
        (json!({ "security_groups": ["sg-9999ffff"] }), r#"security groups is "sg-9999ffff""#),
        (json!({ "facts": { "BackupRetentionPeriod": 7 } }), r#"backup retention is "7 days""#),
        (json!({ "facts": { "IAMDatabaseAuthenticationEnabled": true } }), r#"IAM authentication is "on""#),
        (json!({ "facts": { "EnabledCloudwatchLogsExports": ["postgresql"] } }), "log exports"),
        (json!({ "facts": { "PerformanceInsightsEnabled": true } }), "performance insights"),
    ];
    for (outcome, words) in different {
        next(&account, "restore", outcome);
        let done = fails(&account, &live, &["differs from the request", words]);
        assert!(!done.err.contains("reset the master password"), "{}", done.err);
    }
}

/// Rule 5 for a clone that a dead run ordered: whoever goes on with it compares too. Open to developers it
/// may be only once it was scrubbed.
#[test]
fn a_dead_runs_instance_that_differs_from_the_request() {
    let different = [
        (json!({ "facts": { "PubliclyAccessible": true } }), r#"publicly accessible is "yes""#),
        (json!({ "security_groups": ["sg-2222bbbb"] }), r#"security groups is "sg-2222bbbb""#),
    ];
    for (outcome, words) in different {
        let account = Account::new().production().settings(json!({ "delay": 1.0 })).config("lease: 2s", "lease: 1s");
        next(&account, "restore", outcome);
        let mut run = start(&account, &["rotate"]);
        run.until("creating");
        run.signal(Signal::KILL);
        run.end();
        let [clone] = account.generations().try_into().unwrap();
        let done = account.devdb(&["rotate"]).code(4).says(&format!("resume {clone}")).says(words);
        assert!(!done.err.contains("reset the master password"), "{}", done.err);
        assert!(account.generations().is_empty());
    }
}

/// Rule 1: the clone becomes another instance under its name while it is scrubbed. That one is left alone.
#[test]
fn a_clone_that_became_another_instance() {
    let account = Account::new().production();
    account.script("20-seed/20_slow.sql", "SELECT pg_sleep(2);\n");
    let mut run = start(&account, &["rotate"]);
    run.until("20-seed/10_developer.sql");
    let [clone] = account.generations().try_into().unwrap();
    account.bench("resource-id", json!({ "db": clone, "value": "db-ANOTHERONE" }));
    let before = account.writes().len();
    let (done, _) = run.end();
    let done = done.code(5).says("was deleted and created again").says("could not be removed");
    assert!(done.err.contains(&clone), "{}", done.err);
    assert_eq!(account.writes().split_off(before), [] as [Value; 0]);
    assert_eq!(account.generations(), [clone]);
}

/// Rule 1: with production's tags instead of ours nothing proves that it is ours, so it is left and named.
#[test]
fn an_instance_that_came_back_without_our_tags() {
    let (account, live) = rotated();
    next(&account, "restore", json!({ "tags": { "env": "prod" } }));
    let record = account.record();
    let done = account.devdb(&["rotate"]).code(5).says("could not be removed").says("has no tag devdb:managed-by");
    assert_eq!(account.record(), record);
    let [left, stranger] = account.generations().try_into().unwrap();
    assert_eq!(left, live);
    assert!(done.err.contains(&stranger), "{}", done.err);
    assert!(!account.writes().iter().any(|call| {
        action(call) != "RestoreDBInstanceFromDBSnapshot" && call["params"].to_string().contains(&stranger)
    }));
    account.devdb(&["rotate"]).code(0).says(&format!("{stranger} is left alone"));
}
