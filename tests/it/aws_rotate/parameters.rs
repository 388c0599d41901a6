use rustix::process::Signal;
use serde_json::{Value, json};

use super::world::{quick, start};
use crate::support::account::Account;
use crate::support::simulator::action;

const WORKERS: &str = "SHOW max_logical_replication_workers";

fn reboots(account: &Account) -> Vec<Value> {
    account.writes().into_iter().filter(|call| action(call) == "RebootDBInstance").collect()
}

/// The clone is rebooted before it is secured, and its server has the values.
#[track_caller]
fn is_in_effect_after_a_reboot(account: &Account) {
    let live = account.live().unwrap();
    assert_eq!(account.sql(&live, WORKERS), "0");
    let [reboot] = reboots(account).try_into().unwrap();
    assert_eq!(reboot["params"], json!({ "DBInstanceIdentifier": live }));
    let writes = account.writes();
    let at = |words: &str| writes.iter().position(|call| call.to_string().contains(words)).unwrap();
    assert!(at("RebootDBInstance") < at(r#""secured""#), "{writes:#?}");
}

/// A restore that is available while its parameter group waits for a reboot.
#[test]
fn a_parameter_group_that_waits_for_a_reboot_is_brought_into_effect() {
    let account = Account::new().production().settings(json!({ "pending_reboot": 1.0 }));
    account.devdb(&["rotate"]).code(0).says("pending-reboot").says("in effect after a reboot");
    is_in_effect_after_a_reboot(&account);
}

/// The API says that all is in effect, and the server says otherwise: the server decides.
#[test]
fn the_server_is_asked_whatever_the_api_says() {
    let account = Account::new().production().settings(json!({ "pending_reboot": 1.0, "delay": 0.5 }));
    let mut run = start(&account, &["rotate"]);
    run.until("reset the master password");
    let [clone] = account.generations().try_into().unwrap();
    let in_sync = json!([{ "DBParameterGroupName": "app-dev", "ParameterApplyStatus": "in-sync" }]);
    account.bench("facts", json!({ "db": clone, "facts": { "DBParameterGroups": in_sync } }));
    run.until("rebooting: max_logical_replication_workers is 4 instead of 0");
    let (done, _) = run.end();
    assert_eq!(done.code, 0, "{}", done.err);
    is_in_effect_after_a_reboot(&account);
}

#[test]
fn parameters_in_effect_need_no_reboot() {
    let account = quick().production();
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.sql(&account.live().unwrap(), WORKERS), "0");
    assert!(reboots(&account).is_empty());
}

/// What a reboot does not change is refused by name, with both values, before anything else is done.
#[test]
fn a_value_that_a_reboot_does_not_change_is_refused() {
    for (setting, words) in [
        ("log_statement = 'all'", "log_statement is all instead of none"),
        ("log_min_duration_statement = 0", "log_min_duration_statement is 0 instead of -1"),
    ] {
        let sql = format!("ALTER SYSTEM SET {setting};");
        let account = quick().production_with(json!({ "snapshot": {}, "finish_sql": sql }));
        let done = account.devdb(&["rotate"]).code(4).says(words).says("even after a reboot");
        assert!(!done.err.contains("defuse hazards"), "{}", done.err);
        assert!(account.generations().is_empty());
    }
}

/// What the group itself says is known before anything is restored.
#[test]
fn a_group_with_other_values_is_refused_before_the_restore() {
    let wanted = [
        ("max_logical_replication_workers", "4", "0"),
        ("rds.force_ssl", "0", "1"),
        ("log_statement", "ddl", "none"),
        ("log_min_duration_statement", "250", "-1"),
        ("shared_preload_libraries", "pg_cron", "a list without pg_cron"),
    ];
    for (name, found, wanted) in wanted {
        let account = quick().production();
        let mut parameters = json!({ "max_logical_replication_workers": "0" });
        parameters[name] = json!(found);
        let group = json!({ "kind": "parameter", "name": "app-dev", "family": "postgres15", "parameters": parameters });
        account.bench("group", group);
        account.devdb(&["rotate"]).code(3).says(&format!("{name} is {found} instead of {wanted}"));
        assert_eq!(account.writes(), [] as [Value; 0]);
    }
}

/// Killed while the clone reboots: the next run starts from what is there.
#[test]
fn a_run_that_is_killed_during_the_reboot_is_resumed() {
    let slow = json!({ "pending_reboot": 1.0, "delay": 1.0 });
    let account = Account::new().production().settings(slow).config("lease: 2s", "lease: 1s");
    let mut run = start(&account, &["rotate"]);
    run.until("rebooting");
    run.signal(Signal::KILL);
    run.end();
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
    assert_eq!(account.sql(&account.live().unwrap(), WORKERS), "0");
}
