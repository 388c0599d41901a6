use serde_json::{Value, json};

use crate::support::account::{Account, RECORD};

/// A production that exists in descriptions only, with one empty snapshot: enough to be refused.
fn described(instance: Value, snapshot: Value) -> Account {
    let account = Account::new();
    let mut given = json!({ "id": "app-prod", "protected": true });
    given.as_object_mut().unwrap().extend(instance.as_object().unwrap().clone());
    account.bench("instance", given);
    let mut given = json!({ "db": "app-prod", "empty": true });
    given.as_object_mut().unwrap().extend(snapshot.as_object().unwrap().clone());
    account.bench("snapshot", given);
    account
}

fn usual() -> Account {
    described(json!({}), json!({}))
}

#[track_caller]
fn refused(account: &Account, words: &str) {
    refused_with(account, &["rotate"], words);
}

#[track_caller]
fn refused_with(account: &Account, arguments: &[&str], words: &str) {
    let record = account.record();
    account.devdb(arguments).code(3).says(words).says("nothing was changed");
    assert_eq!(account.writes(), [] as [Value; 0]);
    assert_eq!(account.record(), record);
}

#[test]
fn a_stale_snapshot() {
    let account = Account::new().production_with(json!({ "snapshot": { "age_seconds": 200_000 } }));
    refused(&account, "max_snapshot_age is 36 h");
    // A copy made today of old data is as old as the data.
    let copy = json!({ "db": "app-prod", "id": "copy", "type": "manual", "empty": true,
        "original_created_at": "2020-01-01T00:00:00Z", "database_time": "2020-01-01T00:00:00Z" });
    account.bench("snapshot", copy);
    refused(&account, "max_snapshot_age is 36 h");
    let old = account.state()["snapshots"].as_object().unwrap().keys().find(|id| *id != "copy").unwrap().clone();
    account.devdb(&["rotate", "--snapshot", &old]).code(0).says("restored because of --snapshot");
}

#[test]
fn a_snapshot_that_is_not_there_not_ready_or_not_known() {
    refused(&described(json!({}), json!({ "status": "creating", "percent": 40 })), "is creating");
    let account = usual();
    refused_with(&account, &["rotate", "--snapshot", "rds:app-prod-1999"], "is not a snapshot of app-prod");
    // The newest is being made: the one before is taken, as the plan shows.
    account.bench("snapshot", json!({ "db": "app-prod", "id": "rds:young", "empty": true, "status": "creating" }));
    account.devdb(&["rotate", "--dry-run"]).code(0).says("rds:app-prod-");
    refused_with(&account, &["rotate", "--snapshot", "rds:young"], "rds:young is creating");
    let account = usual().config("snapshots: [automated, awsbackup, manual]", "snapshots: [manual]");
    refused(&account, "none of the configured kinds");
}

#[test]
fn a_snapshot_of_another_instance_that_had_the_name() {
    let account = usual();
    account.bench("resource-id", json!({ "db": "app-prod", "value": "db-ANOTHERONE" }));
    refused(&account, "was taken of another instance that had the same name");
    let account = usual().config("instance: app-prod,", "instance: app-prod, resource_id: db-NEVERSEEN,");
    refused(&account, "was taken of another instance that had the same name");
}

/// Rule 13.
#[test]
fn a_record_that_is_not_one_plain_cname() {
    let one = json!({ "name": RECORD, "value": "a.example.org" });
    let with = |more: Value| {
        let mut record = one.clone();
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        record
    };
    let foreign = [
        (with(json!({ "set_identifier": "one", "weight": 10 })), "set identifier one"),
        (json!({ "name": RECORD, "alias": "a.example.org" }), "it is an alias"),
        (json!({ "name": RECORD, "type": "A", "value": "10.0.0.1" }), "its type is A"),
        (json!({ "name": RECORD, "values": ["a.example.org", "b.example.org"] }), "2 values"),
    ];
    for (record, words) in foreign {
        let account = usual();
        account.bench("record", record);
        refused(&account, words);
    }
    let account = usual();
    account.bench("record", with(json!({ "set_identifier": "one", "weight": 10 })));
    account.bench("record", with(json!({ "set_identifier": "two", "weight": 20, "value": "b.example.org" })));
    refused(&account, "2 records have its name");
}

/// Rules 1 and 3: production behind the record is adopted on request only, and survives it.
#[test]
fn a_record_that_points_at_production() {
    let account = Account::new().production();
    let endpoint = account.state()["instances"]["app-prod"]["endpoint"].as_str().unwrap().to_owned();
    account.bench("record", json!({ "name": RECORD, "value": endpoint, "ttl": 1 }));
    refused(&account, "which is not a generation of this target");
    account.devdb(&["rotate", "--adopt"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
    assert_eq!(account.state()["instances"]["app-prod"]["status"], "available");
}

#[test]
fn another_account_or_region() {
    let account = usual();
    let number = account.number.clone();
    refused(&account.config(&format!("account: \"{number}\""), "account: \"999999999999\""), "999999999999");
    refused(&usual().config("region: us-east-1", "region: eu-west-1"), "none of the configured kinds");
}

#[test]
fn a_source_that_is_not_rds_for_postgresql() {
    let cases = [
        (json!({ "engine": "aurora-postgresql", "cluster": "c" }), "member of cluster c"),
        (json!({ "engine": "neptune", "cluster": "graph" }), "graph"),
        (json!({ "engine": "neptune" }), "Neptune"),
        (json!({ "engine": "docdb" }), "DocumentDB"),
        (json!({ "engine": "mysql" }), "mysql"),
    ];
    for (instance, words) in cases {
        refused(&described(instance, json!({})), words);
    }
}

#[test]
fn a_zone_that_another_service_manages() {
    let account = usual();
    let linked = json!({ "name": "example.com", "linked_service": "servicediscovery.amazonaws.com" });
    let linked = account.bench("zone", linked)["id"].as_str().unwrap().to_owned();
    let zone = account.zone().to_owned();
    refused(&account.config(&zone, &linked), "managed by servicediscovery.amazonaws.com");
    refused(&usual().config("name: db.example.com", "name: db.example.org"), "is not in the zone example.com");
}

#[test]
fn an_account_without_room_or_groups() {
    refused(&usual().settings(json!({ "quotas": { "DBInstances": 1 } })), "instance quota");
    refused(&usual().settings(json!({ "quotas": { "AllocatedStorage": 30 } })), "storage");
    refused(&usual().config("parameter_group: app-dev", "parameter_group: nowhere"), "nowhere");
    refused(&usual().config("subnet_group: app-dev", "subnet_group: nowhere"), "nowhere");
    let two = usual().config("parameter_group: app-dev", "parameter_group: nowhere");
    two.bench("record", json!({ "name": RECORD, "type": "A", "value": "10.0.0.1" }));
    // All findings at once, not the first.
    two.devdb(&["rotate"]).code(3).says("parameter group").says("its type is A");
}

#[test]
fn credentials_that_are_not_allowed_to_look() {
    let account = usual();
    account.fault(json!({ "action": "DescribeDBSnapshots", "code": "AccessDenied", "status": 403 }));
    refused(&account, "DescribeDBSnapshots was not allowed");
    account.fault(json!({ "kind": "expired-token" }));
    refused(&account, "expired");
}
