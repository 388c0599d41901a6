use std::time::Duration;

use serde_json::{Value, json};

use crate::support::account::{Account, ORIGINALS};
use crate::support::block_on;
use crate::support::server::{MASTER, MASTER_PASSWORD};
use crate::support::simulator::action;

/// Everything about production that a write could change, without the rows' order.
pub const PRODUCTION: &str = "SELECT pg_catalog.concat_ws('/',
    (SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM app.users u),
    (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM app.notification_outbox o),
    (SELECT md5(string_agg(rolname || rolcanlogin || coalesce(rolpassword, ''), ',' ORDER BY rolname))
       FROM pg_catalog.pg_authid),
    (SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_catalog.pg_database))";

/// The next transaction id: it grows with every transaction that writes.
const NEXT_TRANSACTION: &str = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())";

/// Rules 4, 6, 9, 14 at their best: the whole story, twice.
#[test]
fn two_rotations_publish_replace_and_leave_production_alone() {
    let account = Account::new().production();
    let production = (account.sql("app-prod", PRODUCTION), account.sql("app-prod", NEXT_TRANSACTION));
    account.devdb(&["rotate"]).code(0).says("is live");
    let first = account.live().unwrap();
    is_scrubbed_and_open_to_developers(&account, &first);

    account.devdb(&["rotate"]).code(0).says("is live");
    let second = account.live().unwrap();
    assert!(second > first);
    assert_eq!(account.generations(), std::slice::from_ref(&second));
    assert_eq!(account.tag(&second, "devdb:phase").as_deref(), Some("live"));
    is_scrubbed_and_open_to_developers(&account, &second);
    let now = (account.sql("app-prod", PRODUCTION), account.sql("app-prod", NEXT_TRANSACTION));
    assert_eq!(production, now);
}

fn is_scrubbed_and_open_to_developers(account: &Account, live: &str) {
    assert_eq!(account.sql(live, ORIGINALS), "0");
    let open = "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_catalog.pg_authid
        WHERE rolcanlogin AND rolpassword IS NOT NULL AND coalesce(rolvaliduntil > now(), true)";
    assert_eq!(account.sql(live, open), "app_admin,app_service");
    block_on(async {
        let developer = account.developer().await;
        let sql = "SELECT count(*) FROM app.users WHERE email LIKE '%@dev.example'";
        assert_eq!(developer.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 501);
        let productions =
            [(MASTER, MASTER_PASSWORD), ("app_service", "prod-service-password"), ("kim.minsu", "prod-minsu-password")];
        for (user, password) in productions {
            let refused = account.login(user, password).await.map(drop).unwrap_err();
            assert!(refused.sqlstate().is_some_and(|code| code.starts_with("28")), "{user}: {refused:?}");
        }
    });
}

/// Rule 5: what a restore carries; rule 3: what a deletion carries. The very parameters on the wire.
#[test]
fn calls_carry_everything_that_production_could_bring_along() {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    let first = account.live().unwrap();
    account.devdb(&["rotate"]).code(0);
    let of = |wanted: &str| -> Vec<Value> {
        let calls = account.writes().into_iter().filter(|call| action(call) == wanted);
        calls.map(|call| call["params"].clone()).collect()
    };

    let [restore, _] = of("RestoreDBInstanceFromDBSnapshot").try_into().unwrap();
    let snapshot = account.state()["snapshots"].as_object().unwrap().keys().next().unwrap().clone();
    let tags = restore["Tags"].as_array().unwrap();
    let tag = |key: &str| tags.iter().find(|tag| tag["Key"] == key).map(|tag| tag["Value"].clone());
    for (key, value) in
        [("devdb:managed-by", "devdb"), ("devdb:target", "app-dev"), ("devdb:phase", "restored"), ("team", "data")]
    {
        assert_eq!(tag(key), Some(json!(value)), "{key}");
    }
    assert_eq!(tag("devdb:snapshot"), Some(json!(format!("snapshot:{snapshot}"))));
    assert!(["devdb:run", "devdb:lease", "devdb:recipe"].iter().all(|key| tag(key).is_some()), "{tags:?}");
    assert!(["env", "backup"].iter().all(|key| tag(key).is_none()), "tags of production: {tags:?}");
    let expected = json!({
        "DBInstanceIdentifier": first,
        "DBSnapshotIdentifier": snapshot,
        "DBInstanceClass": "db.t4g.medium",
        "StorageType": "gp3",
        "DBSubnetGroupName": "app-dev",
        "DBParameterGroupName": "app-dev",
        "VpcSecurityGroupIds": ["sg-1111aaaa"],
        "PubliclyAccessible": false,
        "MultiAZ": false,
        "BackupRetentionPeriod": 0,
        "EnableIAMDatabaseAuthentication": false,
        "DeletionProtection": false,
        "CopyTagsToSnapshot": false,
        "AutoMinorVersionUpgrade": false,
        "Tags": restore["Tags"],
    });
    assert_eq!(restore, expected);

    // Rule 7: nobody is let in before the clone is marked as scrubbed.
    let writes = account.writes();
    let at = |words: &str| writes.iter().position(|call| call["params"].to_string().contains(words)).unwrap();
    assert!(at("sg-2222bbbb") > at(r#""scrubbed""#), "{writes:#?}");

    let deletions = of("DeleteDBInstance");
    let expected = json!({ "DBInstanceIdentifier": first, "SkipFinalSnapshot": true, "DeleteAutomatedBackups": true });
    assert_eq!(deletions, [expected]);
    for modified in of("ModifyDBInstance") {
        assert!(modified.get("DeletionProtection").is_none(), "{modified}");
    }
    // The record: delete exactly, create, in one batch.
    let [_, swap] = of("ChangeResourceRecordSets").try_into().unwrap();
    let kinds: Vec<_> = swap["ChangeBatch"]["Changes"].as_array().unwrap().iter().map(|one| &one["Action"]).collect();
    assert_eq!(kinds, ["DELETE", "CREATE"]);
}

/// Waits are waited out, one after the other, in a slow account.
#[test]
fn a_slow_account_and_stale_resolvers_are_waited_out() {
    let slow = json!({ "delay": 0.4, "lag": 0.5, "dns_delay": 0.5, "dns_lag": 2.0, "tags_lag": 0.5,
        "not_found_after_create_seconds": 1.0 });
    // A password that stays the same: only the marker tells the generations apart.
    let account =
        Account::new().production().settings(slow).config("master_password: generate", "master_password: env:MASTER");
    let account = account.with_env("MASTER", "always-the-same-22");
    account
        .devdb(&["rotate"])
        .code(0)
        .says("not visible yet")
        .says("resetting-master-credentials")
        .says("security groups not in force yet");
    let first = account.live().unwrap();
    std::thread::sleep(Duration::from_millis(600)); // until its tags are shown
    let done = account.devdb(&["rotate"]).code(0);
    // The resolver's old answer led to the old generation, and that was noticed.
    let done = done.says(&format!("the name still leads to {first}"));
    let proven = done.err.find("verify the record").unwrap();
    assert!(proven < done.err.find("remove old generations").unwrap(), "{}", done.err);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}
