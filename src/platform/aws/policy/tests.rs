use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::policy;
use crate::config::{
    self, Connect, Deadlines, Generation, Masking, Password, PlatformConfig, Record, SampleLogin, SampleSource, Source,
    Target,
};

fn target(snapshots: &[&str], connect: Connect) -> Target {
    let hour = Duration::from_secs(3600);
    let settings = config::Aws {
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        role: None,
        class: "db.t4g.medium".into(),
        storage_type: None,
        storage: None,
        subnet_group: "app-dev".into(),
        parameter_group: "app-dev-15".into(),
        quarantine_security_groups: vec!["sg-quarantine".into()],
        developer_security_groups: vec!["sg-developers".into()],
        iam_authentication: false,
        tags: [("team".to_owned(), "data".to_owned())].into(),
        zone: "Z0123456789".into(),
    };
    Target {
        name: "app".into(),
        platform: PlatformConfig::Aws(Box::new(settings)),
        source: Source {
            instance: "app-prod".into(),
            resource_id: None,
            snapshots: snapshots.iter().map(|kind| (*kind).to_owned()).collect(),
            max_snapshot_age: hour,
        },
        generation: Generation { prefix: "app-dev-".into(), keep: 1, max_age: hour, lease: hour },
        record: Record { name: "DB.Dev.Example.com.".into(), ttl: Duration::from_secs(30) },
        connect,
        ssl_root_cert: None,
        databases: Vec::new(),
        master_password: Password::Generate { store: None },
        allowed_roles: Default::default(),
        ensured_roles: Default::default(),
        kept_hazards: Default::default(),
        masking: Masking::new(Password::Env("DEVDB_MASK_KEY".into())).into(),
        deadlines: Deadlines { restore: hour, password: hour, script: hour, publish: hour, retire: hour },
    }
}

fn statement(policy: &Value, sid: &str) -> Value {
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().find(|each| each["Sid"] == sid).unwrap_or_else(|| panic!("no {sid}")).clone()
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn writes_are_restricted_to_names_and_tags() {
    let policy = policy(&target(&["automated"], Connect::Direct), None);
    let generations = "arn:aws:rds:eu-central-1:123456789012:db:app-dev-?*";
    let new = "arn:aws:rds:eu-central-1:123456789012:db:app-dev-????????-??????";
    for (sid, resource) in [
        ("RestoreUnderThePrefix", new),
        ("TagNewGenerations", new),
        ("TagOwnGenerations", generations),
        ("ChangeOwnGenerations", generations),
    ] {
        assert_eq!(statement(&policy, sid)["Resource"], resource, "{sid}");
    }
    for sid in ["TagOwnGenerations", "ChangeOwnGenerations"] {
        let equals = &statement(&policy, sid)["Condition"]["StringEquals"];
        assert_eq!(equals["aws:ResourceTag/devdb:managed-by"], "devdb");
        assert_eq!(equals["aws:ResourceTag/devdb:target"], "app");
    }
    let absent = &statement(&policy, "TagNewGenerations")["Condition"]["Null"];
    assert_eq!(absent["aws:ResourceTag/devdb:managed-by"], "true");
    assert_eq!(absent["aws:ResourceTag/devdb:target"], "true");
    assert_eq!(
        strings(&statement(&policy, "RestoreFrom")["Resource"]),
        [
            "arn:aws:rds:eu-central-1:123456789012:snapshot:rds:app-prod-????-??-??-??-??",
            "arn:aws:rds:eu-central-1:123456789012:pg:app-dev-15",
            "arn:aws:rds:eu-central-1:123456789012:subgrp:app-dev",
            "arn:aws:rds:eu-central-1:123456789012:og:default:postgres-*",
        ]
    );
    let production = statement(&policy, "NeverProduction");
    assert_eq!((&production["Effect"], &production["NotAction"][0]), (&json!("Deny"), &json!("rds:Describe*")));
    assert_eq!(production["Resource"][0], "arn:aws:rds:eu-central-1:123456789012:db:app-prod");
}

#[test]
fn only_one_record_may_change() {
    let swap = statement(&policy(&target(&["automated"], Connect::Direct), None), "SwapTheRecord");
    assert_eq!(swap["Resource"], "arn:aws:route53:::hostedzone/Z0123456789");
    let all = &swap["Condition"]["ForAllValues:StringEquals"];
    assert_eq!(all["route53:ChangeResourceRecordSetsNormalizedRecordNames"], json!(["db.dev.example.com"]));
    assert_eq!(all["route53:ChangeResourceRecordSetsRecordTypes"], json!(["CNAME"]));
    assert_eq!(all["route53:ChangeResourceRecordSetsActions"], json!(["CREATE", "DELETE"]));
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&swap["Condition"]["Null"]), keys(all), "ForAllValues is true for a missing key");
}

#[test]
fn the_tunnel_adds_port_forwarding_only() {
    let actions = |connect| {
        let policy = policy(&target(&["automated"], connect), None);
        let statements = policy["Statement"].as_array().unwrap().clone();
        statements.iter().flat_map(|each| strings(&each["Action"])).collect::<BTreeSet<_>>()
    };
    let through_ssm = Connect::Ssm { instance: "i-0abc".into() };
    let added: Vec<_> = actions(through_ssm.clone()).difference(&actions(Connect::Direct)).cloned().collect();
    assert_eq!(added, ["ssm:ResumeSession", "ssm:StartSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"]);
    let open = statement(&policy(&target(&["automated"], through_ssm), None), "OpenTheTunnel");
    assert_eq!(
        strings(&open["Resource"]),
        [
            "arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc",
            "arn:aws:ssm:eu-central-1::document/AWS-StartPortForwardingSessionToRemoteHost",
        ]
    );
    assert_eq!(open["Condition"]["BoolIfExists"]["ssm:SessionDocumentAccessCheck"], "true");
}

#[test]
fn samples_may_log_in_as_their_role_only() {
    let source = |host: Option<&str>, login| SampleSource {
        host: host.map(str::to_owned),
        port: 5432,
        database: None,
        user: "devdb_sample".into(),
        login,
        connect: Connect::Direct,
        ssl_root_cert: None,
    };
    let of = |source: SampleSource| policy(&target(&["automated"], Connect::Direct), Some(&source));
    for (host, region) in [(None, "eu-central-1"), (Some("r.c0ffee.eu-west-1.rds.amazonaws.com"), "eu-west-1")] {
        let login = statement(&of(source(host, SampleLogin::Iam)), "SamplesLogInByToken");
        let expected = format!("arn:aws:rds-db:{region}:123456789012:dbuser:*/devdb_sample");
        assert_eq!(login["Resource"], expected);
    }
    let password = SampleLogin::Password(Password::Env("P".into()));
    assert!(!of(source(None, password)).to_string().contains("rds-db"));
}

#[test]
fn no_write_is_allowed_on_all_resources_and_the_policy_is_small_enough() {
    let kinds = ["automated", "manual", "awsbackup", "shared"];
    let policy = policy(&target(&kinds, Connect::Ssm { instance: "i-0123456789abcdef0".into() }), None);
    for each in policy["Statement"].as_array().unwrap().iter().filter(|each| each["Effect"] == "Allow") {
        let reads =
            strings(&each["Action"]).iter().all(|action| action.contains(":Describe") || action.contains(":Get"));
        assert!(reads || strings(&each["Resource"]).iter().all(|resource| resource != "*"), "{each}");
    }
    // A managed policy holds 6,144 characters; white space does not count.
    assert!(policy.to_string().len() < 6_144, "{}", policy.to_string().len());
}
