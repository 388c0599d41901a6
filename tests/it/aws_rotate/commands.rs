use serde_json::{Value, json};

use crate::support::account::{Account, ORIGINALS, RECORD};
use crate::support::simulator::action;

#[test]
fn rollback_returns_to_a_kept_generation_and_the_next_rotation_goes_on() {
    let account = Account::new().production().config("keep: 0", "keep: 1");
    account.devdb(&["rollback"]).code(3).says("does not exist, so there is nothing to roll back");
    account.devdb(&["rotate"]).code(0);
    let first = account.live().unwrap();
    account.devdb(&["rollback"]).code(3).says("no generation is kept");
    account.devdb(&["rotate"]).code(0);
    let second = account.live().unwrap();
    assert_eq!(account.generations(), [first.clone(), second.clone()]);
    assert_eq!(account.tag(&first, "devdb:phase").as_deref(), Some("retired"));
    account.devdb(&["status"]).code(0).says(&format!("<- {RECORD}"));

    account.devdb(&["rollback"]).code(0).says("is live");
    assert_eq!(account.live(), Some(first.clone()));
    assert_eq!(account.tag(&first, "devdb:phase").as_deref(), Some("live"));
    assert_eq!(account.tag(&second, "devdb:phase").as_deref(), Some("retired"));
    account.devdb(&["rollback", &second]).code(0);
    assert_eq!(account.live(), Some(second.clone()));
    account.devdb(&["rollback", "app-dev-nonsense"]).code(3);

    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [second, account.live().unwrap()]);
}

/// Rule 7: a kept generation whose own marker does not say that it was scrubbed stays where it is.
#[test]
fn rollback_refuses_a_generation_that_was_never_scrubbed() {
    let account = Account::new().production().config("keep: 0", "keep: 1");
    account.devdb(&["rotate"]).code(0);
    account.devdb(&["rotate"]).code(0);
    let [first, second] = account.generations().try_into().unwrap();
    account.sql(&first, "UPDATE devdb_meta.generation SET phase = 'secured' RETURNING phase");
    let done = account.devdb(&["rollback"]);
    assert_ne!(done.code, 0, "{}", done.err);
    assert_eq!(account.live(), Some(second));
}

#[test]
fn status_tells_generations_apart_and_how_old_the_live_one_is() {
    let account = Account::new().production();
    account.devdb(&["status"]).code(3).says("does not exist yet");
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    account.bench("instance", json!({ "id": "app-dev-mine", "tags": { "owner": "kim" } }));
    account.devdb(&["status"]).code(0).says(&live).says("app-dev-mine").says("has no tag devdb:managed-by");
    let done = account.devdb(&["status", "--format", "json"]).code(0);
    let rows: Value = serde_json::from_str(&done.out).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["live"] == true).unwrap();
    assert_eq!((row["generation"].as_str(), row["phase"].as_str()), (Some(live.as_str()), Some("live")));
    let account = account.config("keep: 0,", "keep: 0, max_age: 1s,");
    std::thread::sleep(std::time::Duration::from_secs(2));
    account.devdb(&["status"]).code(3).says("max_age is 1 s");
}

/// Rule 2 with it: what does not begin with the prefix, or is not ours, is neither removed nor named.
#[test]
fn cleanup_removes_abandoned_clones_only() {
    let account = Account::new().production();
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    let ours = |more: Value| {
        let mut tags = json!({ "devdb:managed-by": "devdb", "devdb:target": "app-dev" });
        tags.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        tags
    };
    let planted = [
        ("app-dev-20200101-000000", ours(json!({ "devdb:phase": "restored" }))),
        ("app-dev-20200102-000000", ours(json!({ "devdb:phase": "secured", "devdb:lease": "1970-01-01T00:00:00Z" }))),
        ("app-dev-20200103-000000", ours(json!({ "devdb:phase": "restored", "devdb:lease": "2999-01-01T00:00:00Z" }))),
        ("app-dev-20200104-000000", ours(json!({ "devdb:phase": "retired" }))),
        ("app-dev-20200105-000000", json!({ "devdb:managed-by": "devdb", "devdb:target": "other" })),
        ("app-dev-20200106-000000", json!({})),
        ("app-development-1", ours(json!({ "devdb:phase": "restored" }))),
        ("xapp-dev-20200101-000000", ours(json!({ "devdb:phase": "restored" }))),
        ("app-devel-20200101-000000", ours(json!({ "devdb:phase": "restored" }))),
    ];
    for (id, tags) in &planted {
        account.bench("instance", json!({ "id": id, "tags": tags, "created_at": "2020-01-01T00:00:00Z" }));
    }
    let before = account.writes().len();
    let done = account.devdb(&["cleanup", "--older-than", "1h", "--dry-run"]).code(0);
    assert_eq!(done.err.matches("would be removed").count(), 2, "{}", done.err);
    assert_eq!(account.writes().len(), before);
    account.devdb(&["cleanup", "--older-than", "1h"]).code(0);
    account.devdb(&["cleanup"]).code(0).says("no abandoned clone");
    let gone: Vec<Value> = account.writes().split_off(before);
    let mut names: Vec<_> = gone.iter().map(|call| (action(call), &call["params"]["DBInstanceIdentifier"])).collect();
    names.sort_by_key(|(_, name)| name.to_string());
    let deleted = |name: &'static str| ("DeleteDBInstance", json!(name));
    let expected = [deleted("app-dev-20200101-000000"), deleted("app-dev-20200102-000000")];
    assert_eq!(names, expected.iter().map(|(action, name)| (*action, name)).collect::<Vec<_>>());
    assert_eq!(account.live(), Some(live));
}

#[test]
fn a_dry_run_prints_the_plan_and_only_reads() {
    let account = Account::new().production();
    let done = account.devdb(&["rotate", "--dry-run"]).code(0);
    for words in ["nothing was changed", "rds:app-prod", "publicly accessible", "sg-1111aaaa", "10-scrub/10_users.sql"]
    {
        assert!(format!("{}{}", done.out, done.err).contains(words), "{words}: {}{}", done.out, done.err);
    }
    assert_eq!(account.writes(), [] as [Value; 0]);
    assert!(account.generations().is_empty());
    account.devdb(&["rotate"]).code(0);
    let before = account.writes().len();
    let live = account.live().unwrap();
    account.devdb(&["rotate", "--dry-run"]).code(0).says("retired at the end").says(&live);
    assert_eq!(account.writes().len(), before);
    assert_eq!(account.sql(&live, ORIGINALS), "0");
}

#[test]
fn doctor_checks_everything_and_changes_nothing() {
    let account = Account::new().production();
    let good = account.devdb(&["doctor"]).code(0);
    let all = format!("{}{}", good.out, good.err);
    for check in ["configuration", "scripts", "secrets", "parameter group", "subnet group", "quota", "snapshot"] {
        assert!(all.contains(check), "{check}: {all}");
    }
    let account = account
        .config("class: db.t4g.medium", "class: db.x99.huge")
        .settings(json!({ "quotas": { "DBInstances": 1 } }));
    account.bench("remove", json!({ "snapshot": account.state()["snapshots"].as_object().unwrap().keys().next() }));
    let bad = account.devdb(&["doctor"]).code(3);
    let all = format!("{}{}", bad.out, bad.err);
    for failed in ["fail instance class", "fail instance quota", "fail snapshot"] {
        assert!(all.contains(failed), "{failed}: {all}");
    }
    assert_eq!(account.writes(), [] as [Value; 0]);
}
