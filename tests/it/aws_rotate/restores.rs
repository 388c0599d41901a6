use serde_json::{Value, json};

use super::world::quick;
use crate::support::account::{Account, RECORD};
use crate::support::simulator::action;

#[track_caller]
fn refused(account: &Account, words: &str) {
    account.devdb(&["rotate"]).code(3).says(words).says("nothing was changed");
    assert_eq!(account.writes(), [] as [Value; 0]);
}

/// The source was upgraded after the snapshot: the clone has the snapshot's version.
#[test]
fn the_parameter_group_is_judged_by_the_snapshots_version() {
    let account = quick().production();
    account.bench("facts", json!({ "db": "app-prod", "facts": { "EngineVersion": "16.3" } }));
    account.devdb(&["rotate"]).code(0);

    let account = quick().production();
    let snapshot = account.state()["snapshots"].as_object().unwrap().keys().next().unwrap().clone();
    account.bench("facts", json!({ "snapshot": snapshot, "facts": { "EngineVersion": "14.17" } }));
    refused(&account, "app-dev is for postgres15, but the snapshot is postgres14");
}

/// A record that points at a generation which somebody deleted is this target's own; any other value is not.
#[test]
fn a_record_that_points_at_a_deleted_generation_needs_no_adoption() {
    let account = quick().production();
    account.devdb(&["rotate"]).code(0);
    let (live, endpoint) = (account.live().unwrap(), account.record().unwrap());
    account.bench("remove", json!({ "db": live }));
    account.devdb(&["rotate"]).code(0).says("a generation that does not exist any more");
    assert_eq!(account.generations(), [account.live().unwrap()]);

    account.forget_journal();
    let domain = endpoint.split_once('.').unwrap().1;
    for foreign in [
        format!("app-dev-mine.{domain}"),
        format!("other-dev-20200101-000000.{domain}"),
        "app-dev-20200101-000000.0ther00000.us-east-1.rds.amazonaws.com".to_owned(),
        "app-dev-20200101-000000.example.com".to_owned(),
    ] {
        account.bench("record", json!({ "name": RECORD, "value": foreign, "ttl": 0 }));
        refused(&account, "which is not a generation of this target");
    }
}

/// Right after a restore the security groups are still being added.
#[test]
fn security_groups_that_are_being_added_are_waited_for() {
    let account = Account::new().production().settings(json!({ "group_lag": 2.0 }));
    account.devdb(&["rotate"]).code(0).says("security group sg-1111aaaa (adding) pending");
    // One that is never added is not relied on.
    let account = account.settings(json!({ "group_lag": 600.0 })).config("restore: 60s", "restore: 2s");
    account.devdb(&["rotate"]).code(4).says("security group sg-1111aaaa (adding)").says("did not happen within 2 s");
}

/// A login that can copy the whole server and cannot be closed ends the run before hours of masking.
#[test]
fn a_replication_login_that_cannot_be_closed_ends_the_run_early() {
    let roles = "SET ROLE app_admin; CREATE ROLE app_service LOGIN PASSWORD 'prod-service-password'; RESET ROLE; \
                 CREATE ROLE copier LOGIN REPLICATION PASSWORD 'prod-copier-password';";
    let account = quick().production_with(json!({ "snapshot": {}, "roles_sql": roles }));
    let done =
        account.devdb(&["rotate"]).code(4).says("failed to close unlisted logins").says("copier can still log in");
    let done = done.says("ALTER ROLE \"copier\" NOREPLICATION").says("roles.allow");
    for later in ["capture fingerprints", "mask tables"] {
        assert!(!done.err.contains(later), "{}", done.err);
    }
    assert!(account.generations().is_empty());
}

/// Each error with which RDS is known to reject a restore has a remedy.
#[test]
fn an_error_of_a_restore_has_a_remedy() {
    let account = quick().production();
    let errors = [
        ("InstanceQuotaExceeded", "higher quota of DB instances"),
        ("StorageQuotaExceeded", "higher quota of storage"),
        ("InsufficientDBInstanceCapacity", "choose another `class`"),
        ("KMSKeyNotAccessibleFault", "kms:CreateGrant"),
        ("DBSnapshotNotFound", "pass another --snapshot"),
        ("InvalidDBSnapshotState", "wait until the snapshot is available"),
        ("StorageTypeNotSupported", "another `storage_type`"),
        ("DBSubnetGroupDoesNotCoverEnoughAZs", "another availability zone"),
        ("InvalidVPCNetworkStateFault", "free addresses"),
    ];
    for (code, remedy) in errors {
        account.fault(json!({ "action": "RestoreDB.*", "code": code, "status": 400 }));
        account.devdb(&["rotate"]).code(4).says(code).says("hint: ").says(remedy).says("no clone is left");
    }
    account.faults(json!([]));
    for (status, remedy) in [
        ("insufficient-capacity", "choose another `class`"),
        ("inaccessible-encryption-credentials", "KMS key"),
        ("incompatible-parameters", "compare the parameter group"),
        ("incompatible-network", "subnets exist"),
        ("storage-full", "a larger `storage`"),
        ("restore-error", "another --snapshot"),
    ] {
        account.bench("next", json!({ "action": "restore", "status": status }));
        account.devdb(&["rotate"]).code(4).says(status).says(remedy);
    }
}

#[test]
fn a_storage_type_that_cannot_be_restored_is_refused_by_the_configuration() {
    for (kind, words) in [
        ("io1", "`io1` needs provisioned IOPS"),
        ("io2", "`io2` needs provisioned IOPS"),
        ("gp9", "`gp9` is not a storage type"),
    ] {
        let account = quick().config("storage_type: gp3", &format!("storage_type: {kind}"));
        account.devdb(&["rotate"]).code(2).says(words);
    }
}

/// Storage: smaller than the snapshot is refused, larger is restored, and the quota counts it.
#[test]
fn storage_is_at_least_that_of_the_snapshot() {
    let production = || quick().production_with(json!({ "snapshot": {}, "facts": { "AllocatedStorage": 100 } }));
    let with = |storage: &str| {
        production().config("storage_type: gp3\n", &format!("storage_type: gp3\n        storage: {storage}\n"))
    };
    refused(&with("99"), "`storage` is 99 GiB, but");
    refused(&with("105"), "by at least 10 %");
    for (storage, restored) in [("100", 100), ("110", 110), ("500", 500)] {
        let account = with(storage);
        account.devdb(&["rotate"]).code(0);
        let writes = account.writes();
        let restore = writes.iter().find(|call| action(call) == "RestoreDBInstanceFromDBSnapshot").unwrap();
        assert_eq!(restore["params"]["AllocatedStorage"], json!(restored));
    }
    let account = with("500").settings(json!({ "quotas": { "AllocatedStorage": 599 } }));
    refused(&account, "storage quota: 100 of 599 GiB used, 500 more needed");
    with("500").settings(json!({ "quotas": { "AllocatedStorage": 600 } })).devdb(&["rotate"]).code(0);
}

/// Each storage type has sizes of its own, and the size is the snapshot's if none is configured.
#[test]
fn a_snapshot_fits_into_the_storage_type() {
    let production =
        |gib: u32| quick().production_with(json!({ "snapshot": {}, "facts": { "AllocatedStorage": gib } }));
    let standard = |account: Account| account.config("storage_type: gp3", "storage_type: standard");
    let by_default = |account: Account| account.config("        storage_type: gp3\n", "");
    refused(&standard(production(3073)), "standard storage cannot have 3073 GiB");
    refused(&production(10), "gp3 storage cannot have 10 GiB");
    refused(&by_default(production(10)), "gp3 storage cannot have 10 GiB");
    by_default(production(20)).devdb(&["rotate"]).code(0);
    production(10).config("storage_type: gp3", "storage_type: gp3\n        storage: 20").devdb(&["rotate"]).code(0);
}
