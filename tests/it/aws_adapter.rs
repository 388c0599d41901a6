//! The AWS platform against the simulated account of `tests/aws`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod account;
/// Roles.
mod roles;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use account::{scenario, scenario_with};
use devdb::config::{PlatformConfig, Target};
use devdb::docker::RegistryLogin;
use devdb::event::Verdict;
use devdb::platform::aws::{Aws, Ecr};
use devdb::platform::dry_run::DryRun;
use devdb::platform::guard::{self, Evidence, Rules, Scrubbed};
use devdb::platform::retry::while_transient;
use devdb::platform::{Error, Instance, Platform, Record, RecordState, RestoreOrder, Snapshot, Status, tag};
use secrecy::ExposeSecret;
use serde_json::json;

fn rules(target: &Target) -> Rules {
    let PlatformConfig::Aws(aws) = &target.platform else { unreachable!() };
    Rules {
        account: aws.account.clone(),
        region: aws.region.clone(),
        prefix: target.generation.prefix.clone(),
        target: target.name.clone(),
        source: target.source.instance.clone(),
        source_resource_id: None,
    }
}

fn order(snapshot: &Snapshot, name: &str, run: &str) -> RestoreOrder {
    let tags = [(tag::MANAGED_BY, tag::MANAGED_BY_VALUE), (tag::TARGET, "app"), (tag::RUN, run)];
    let tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    RestoreOrder { name: name.into(), snapshot: snapshot.clone(), tags }
}

async fn wait(aws: &Aws, name: &str) -> Instance {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let found = aws.instance(name).await.unwrap().unwrap();
        if found.status == Status::Available && found.pending.is_empty() {
            return found;
        }
        assert!(Instant::now() < end, "{found:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn made(aws: &Aws, name: &str) -> Instance {
    let snapshots = aws.snapshots().await.unwrap();
    aws.restore(&order(&snapshots[0], name, "run-1")).await.unwrap();
    wait(aws, name).await
}

async fn scrubbed(aws: &Aws, target: &Target, name: &str) -> Scrubbed {
    let all = Evidence {
        hazards_defused: true,
        logins_closed: true,
        covered: true,
        accounted: true,
        masked: true,
        scripts_run: true,
        residue_cleared: true,
        verified: true,
    };
    Scrubbed::prove(guard::admit(aws, &rules(target), name, None).await.unwrap(), all).unwrap()
}

#[test]
fn a_token_for_the_registry_is_got() {
    scenario("a_token_for_the_registry_is_got", 120, |account| async move {
        let ecr = Ecr::connect(Some(&account.target())).await.unwrap();
        let login = ecr.login("000000000120.dkr.ecr.eu-west-1.amazonaws.com").await.unwrap().unwrap();
        assert_eq!(login.user.as_deref(), Some("AWS"));
        assert!(!login.password.expose_secret().is_empty());
        assert!(ecr.login("docker.io").await.unwrap().is_none());
    });
}

#[test]
fn a_token_stands_for_a_password() {
    scenario("a_token_stands_for_a_password", 121, |account| async move {
        let host = "app-prod.c0ffee.eu-west-1.rds.amazonaws.com".to_owned();
        let route = devdb::pg::Route { server_name: Some(host.clone()), host: host.clone(), port: 5432 };
        let token = devdb::platform::aws::auth_token(&account.target(), &route, "devdb_sample").await.unwrap();
        let token = token.expose_secret();
        // No scheme, the endpoint first, and a signature for the region in its name.
        assert!(token.starts_with(&format!("{host}:5432/?Action=connect&DBUser=devdb_sample&")), "{token}");
        assert!(
            token.contains("%2Feu-west-1%2Frds-db%2Faws4_request") && token.contains("X-Amz-Expires=900"),
            "{token}"
        );
    });
}

#[test]
fn everything_is_listed_to_the_last_page() {
    scenario("everything_is_listed_to_the_last_page", 101, |account| async move {
        account.production();
        for age in [90_000, 180_000, 270_000] {
            account.bench("snapshot", json!({ "db": "app-prod", "empty": true, "age_seconds": age }));
        }
        account
            .bench("snapshot", json!({ "db": "app-prod", "empty": true, "type": "awsbackup", "status": "creating" }));
        account.bench("snapshot", json!({ "db": "app-prod", "empty": true, "type": "manual", "id": "by-hand" }));
        account.bench(
            "snapshot",
            json!({ "db": "app-prod", "empty": true, "type": "shared", "id": "theirs",
            "facts": { "Encrypted": true } }),
        );
        for name in ["app-dev-1", "app-dev-2", "app-dev-3", "app-device", "xapp-dev-1", "app-developer"] {
            account.bench("instance", json!({ "id": name, "tags": { "a": "b" } }));
        }
        account.bench("instance", json!({ "id": "app-dev-graph", "engine": "neptune", "cluster": "c" }));
        let mut target = account.target();
        target.source.snapshots.push("shared".into());
        let aws = Aws::connect(&target).await.unwrap();

        let snapshots = aws.snapshots().await.unwrap();
        let kinds: Vec<_> = snapshots.iter().map(|each| (each.kind.as_str(), each.status.as_str())).collect();
        assert_eq!(snapshots.len(), 6, "{snapshots:?}");
        let shared = snapshots.iter().find(|each| each.kind == "shared").unwrap();
        assert!(shared.location.starts_with("arn:") && shared.unusable.is_some(), "{shared:?}");
        assert!(snapshots.iter().all(|each| each.unusable.is_none() || each.kind == "shared"));
        assert_eq!(kinds.iter().filter(|kind| **kind == ("awsbackup", "creating")).count(), 1);
        let making = snapshots.iter().find(|each| each.status == "creating").unwrap();
        assert_eq!(making.taken_at, None);

        let mut names: Vec<_> = aws.generations().await.unwrap().into_iter().map(|each| each.name).collect();
        names.sort();
        assert_eq!(names, ["app-dev-1", "app-dev-2", "app-dev-3", "app-dev-graph"]);
        assert!(aws.instance("app-dev-9").await.unwrap().is_none());
        let source = aws.source().await.unwrap().unwrap();
        assert_eq!((source.name.as_str(), source.engine.as_str(), source.cluster), ("app-prod", "postgres", None));
        assert_eq!(aws.identity().await.unwrap().account, account.number);
    });
}

#[test]
fn a_restore_comes_out_as_ordered_and_is_changed_step_by_step() {
    scenario("a_restore_comes_out_as_ordered_and_is_changed_step_by_step", 102, |account| async move {
        account.production();
        let target = account.target();
        let aws = Aws::connect(&target).await.unwrap();
        let made = made(&aws, "app-dev-1").await;
        assert_eq!(made.settings, aws.quarantine_settings());
        assert_eq!(made.settings["security groups"], "sg-a, sg-b");
        assert_eq!(made.tag("team"), Some("data"));
        assert_eq!(made.tag("env"), None);
        assert_eq!(made.master_user, "postgres");

        let rules = rules(&target);
        let id = Some(made.resource_id.as_str());
        let limit = Duration::from_secs(30);
        let admit = || guard::admit(&aws, &rules, "app-dev-1", id);
        aws.set_password(admit().await.unwrap(), &"New-pass-22".to_owned().into()).await.unwrap();
        assert_eq!(aws.instance("app-dev-1").await.unwrap().unwrap().pending, ["MasterUserPassword"]);
        let tags = [(tag::PHASE.to_owned(), "secured".to_owned())].into();
        aws.set_tags(admit().await.unwrap(), &tags).await.unwrap();
        let mut heard = 0;
        while aws.instance("app-dev-1").await.unwrap().unwrap().status == Status::Available {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while_transient(limit, |_| heard += 1, || async { aws.open(admit().await?).await }).await.unwrap();
        assert!(heard > 0, "the instance was never busy");
        // Until the change is in force, an instance may read `available` with its old groups.
        let open = loop {
            let found = wait(&aws, "app-dev-1").await;
            if found.settings["security groups"] != aws.quarantine_settings()["security groups"] {
                break found;
            }
        };
        assert_eq!(open.settings["security groups"], "sg-dev");
        assert_eq!(open.tag(tag::PHASE), Some("secured"));
        assert_eq!(open.tag(tag::RUN), Some("run-1"));

        let events = aws.events("app-dev-1").await.unwrap();
        assert!(events.len() > 2 && events[0].contains("Restoring from snapshot"), "{events:?}");
        let doomed = guard::admit_deletion(&aws, &rules, "app-dev-1", id).await.unwrap();
        let twice = guard::admit_deletion(&aws, &rules, "app-dev-1", id).await.unwrap();
        let thrice = guard::admit_deletion(&aws, &rules, "app-dev-1", id).await.unwrap();
        aws.delete(doomed).await.unwrap();
        aws.delete(twice).await.unwrap();
        while aws.instance("app-dev-1").await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        aws.delete(thrice).await.unwrap();

        let writes = account.journal().into_iter().filter(|call| {
            let action = call["action"].as_str().unwrap();
            !action.starts_with("Describe") && !action.starts_with("Get") && !action.starts_with("List")
        });
        for call in writes {
            assert!(!call["params"].to_string().contains(r#"DBInstanceIdentifier":"app-prod"#), "{call}");
        }
    });
}

#[test]
fn the_record_is_compared_and_swapped() {
    scenario("the_record_is_compared_and_swapped", 103, |account| async move {
        account.production();
        let target = account.target();
        let aws = Aws::connect(&target).await.unwrap();
        assert_eq!(aws.record().await.unwrap(), RecordState::Absent);
        let (one, two) = (made(&aws, "app-dev-1").await, made(&aws, "app-dev-2").await);
        let holds =
            |instance: &Instance| RecordState::Present(Record { value: aws.record_value(instance).unwrap(), ttl: 30 });
        let first = scrubbed(&aws, &target, "app-dev-1").await;
        let second = scrubbed(&aws, &target, "app-dev-2").await;

        // The first answer is lost: the repetition has to find its own work.
        account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "reset", "after": true, "times": 1 }));
        let change = aws.swap(&RecordState::Absent, &first).await.unwrap();
        assert_eq!(aws.record().await.unwrap(), holds(&one));
        while !aws.in_sync(&change).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let route = aws.route_by_record(&one).await.unwrap();
        assert_eq!(route.host, "db.example.com");
        assert_eq!(route.server_name, one.route.as_ref().unwrap().server_name);

        let stale = aws.swap(&RecordState::Absent, &second).await;
        assert!(matches!(stale, Err(Error::RecordChanged { .. })), "{stale:?}");
        account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "record-changed-by-somebody",
            "name": "db.example.com", "value": "elsewhere.example.org", "ttl": 30, "times": 1 }));
        let beaten = aws.swap(&holds(&one), &second).await;
        assert!(matches!(beaten, Err(Error::RecordChanged { .. })), "{beaten:?}");
        let theirs = aws.record().await.unwrap();
        assert_eq!(theirs, RecordState::Present(Record { value: "elsewhere.example.org".into(), ttl: 30 }));

        // A record as people write them: with a dot, in capitals.
        account.bench("record", json!({ "name": "db.example.com", "value": "Old.Example.ORG.", "ttl": 300 }));
        let by_hand = aws.record().await.unwrap();
        assert_eq!(by_hand, RecordState::Present(Record { value: "old.example.org".into(), ttl: 300 }));
        account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "close", "after": true, "times": 1 }));
        aws.swap(&by_hand, &second).await.unwrap();
        assert_eq!(aws.record().await.unwrap(), holds(&two));
        let live = guard::admit_deletion(&aws, &rules(&target), "app-dev-2", None).await;
        assert!(matches!(live, Err(Error::Refused(_))), "{live:?}");

        account.bench("record", json!({ "name": "db.example.com", "value": "10.0.0.1", "type": "A" }));
        assert!(matches!(aws.record().await.unwrap(), RecordState::Foreign(_)));
        let unknown = guard::admit_deletion(&aws, &rules(&target), "app-dev-1", None).await;
        assert!(matches!(unknown, Err(Error::Refused(guard::Refusal::UnusableRecord { .. }))), "{unknown:?}");
    });
}

#[test]
fn faults_are_outlived_or_named() {
    scenario("faults_are_outlived_or_named", 104, |account| async move {
        account.production();
        let target = account.target();
        let aws = Aws::connect(&target).await.unwrap();
        let snapshot = aws.snapshots().await.unwrap().remove(0);
        for fault in [
            json!({ "code": "Throttling", "times": 3 }),
            json!({ "kind": "reset", "times": 2 }),
            json!({ "kind": "html", "times": 1 }),
            json!({ "code": "InternalFailure", "status": 500, "times": 1 }),
        ] {
            account.fault(fault);
            assert!(aws.instance("app-dev-9").await.unwrap().is_none());
        }

        // The work is done, its answer lost; the repetition meets its own instance.
        account.bench("settings", json!({ "not_found_after_create_seconds": 1.5 }));
        account.fault(json!({ "action": "RestoreDB.*", "kind": "reset", "after": true, "times": 1 }));
        aws.restore(&order(&snapshot, "app-dev-1", "run-1")).await.unwrap();
        let other = aws.restore(&order(&snapshot, "app-dev-1", "run-2")).await;
        assert!(matches!(other, Err(Error::NameTaken { .. })), "{other:?}");
        wait(&aws, "app-dev-1").await;
        let doomed = guard::admit_deletion(&aws, &rules(&target), "app-dev-1", None).await.unwrap();
        account.fault(json!({ "action": "DeleteDB.*", "kind": "close", "after": true, "times": 1 }));
        aws.delete(doomed).await.unwrap();

        account.fault(json!({ "kind": "expired-token" }));
        let expired = aws.generations().await;
        assert!(matches!(expired, Err(Error::Denied { .. })), "{expired:?}");
        account.fault(json!({ "action": "ModifyDBInstance", "code": "InvalidDBInstanceState" }));
        account
            .bench("instance", json!({ "id": "app-dev-2", "tags": { tag::MANAGED_BY: "devdb", tag::TARGET: "app" } }));
        tokio::time::sleep(Duration::from_secs(2)).await;
        let dev = guard::admit(&aws, &rules(&target), "app-dev-2", None).await.unwrap();
        let busy = aws.open(dev).await;
        assert!(matches!(busy, Err(Error::Busy { .. })), "{busy:?}");
    });
}

#[test]
fn preflight_says_all_it_finds() {
    scenario("preflight_says_all_it_finds", 105, |account| async move {
        account.production();
        let mut target = account.target();
        let verdicts = |checks: &[devdb::platform::Check], verdict: Verdict| -> Vec<String> {
            checks.iter().filter(|check| check.verdict == verdict).map(|check| check.name.clone()).collect()
        };
        let good = Aws::connect(&target).await.unwrap().checks(None).await;
        assert!(verdicts(&good, Verdict::Fail).is_empty() && verdicts(&good, Verdict::Warn).is_empty(), "{good:?}");

        account.bench("settings", json!({ "quotas": { "DBInstances": 1 } }));
        let PlatformConfig::Aws(aws) = &mut target.platform else { unreachable!() };
        aws.class = "db.x99.huge".into();
        aws.subnet_group = "nowhere".into();
        aws.parameter_group = "default.postgres16".into();
        target.record.name = "example.com".into();
        let bad = Aws::connect(&target).await.unwrap().checks(None).await;
        let failed =
            ["parameter group", "parameters", "subnet group", "instance class", "instance quota", "hosted zone"];
        assert_eq!(verdicts(&bad, Verdict::Fail), failed, "{bad:?}");
        assert!(verdicts(&bad, Verdict::Warn).is_empty(), "{bad:?}");

        let PlatformConfig::Aws(aws) = &mut target.platform else { unreachable!() };
        aws.account = "999999999999".into();
        let elsewhere = Aws::connect(&target).await.unwrap();
        assert_eq!(verdicts(&elsewhere.checks(None).await, Verdict::Fail), ["account"]);
        account.bench("instance", json!({ "id": "app-dev-1" }));
        let refused = elsewhere.instance("app-dev-1").await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    });
}

#[test]
fn a_dry_run_cannot_write() {
    scenario("a_dry_run_cannot_write", 106, |account| async move {
        account.production();
        let target = account.target();
        let aws = Aws::connect(&target).await.unwrap();
        made(&aws, "app-dev-1").await;
        let snapshot = aws.snapshots().await.unwrap().remove(0);
        let dry = DryRun::over(Arc::new(aws));
        let before = account.journal().len();
        let rules = rules(&target);
        let admit = || guard::admit(&dry, &rules, "app-dev-1", None);
        let refused = [
            dry.restore(&order(&snapshot, "app-dev-2", "run-2")).await,
            dry.set_password(admit().await.unwrap(), &"New-pass-22".to_owned().into()).await.map(drop),
            dry.set_tags(admit().await.unwrap(), &Default::default()).await,
            dry.open(admit().await.unwrap()).await,
            dry.delete(guard::admit_deletion(&dry, &rules, "app-dev-1", None).await.unwrap()).await,
        ];
        for answer in refused {
            assert!(matches!(answer, Err(Error::ReadOnly { .. })), "{answer:?}");
        }
        let since = account.journal().split_off(before);
        let reads = ["Describe", "Get", "List"];
        assert!(since.iter().all(|call| reads.iter().any(|read| call["action"].as_str().unwrap().starts_with(read))));
    });
}
