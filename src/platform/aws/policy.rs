//! The least-privilege IAM policy of one target: the operations that devdb calls, on exactly the names that it uses. The
//! guard checks before every call; the policy holds even if the guard has a bug.

use serde_json::{Value, json};

use crate::config::{self, Connect, PlatformConfig, SampleLogin, SampleSource, Target};
use crate::platform::tag;

use super::dns_name::normalize;
use super::region;

/// Returns the policy of a target's role, including the login to the source of samples; `null` for a target that is
/// not on AWS.
pub fn policy(target: &Target, source: Option<&SampleSource>) -> Value {
    let PlatformConfig::Aws(settings) = &target.platform else { return Value::Null };
    let arns = Arns { target, settings, partition: region::partition(&settings.region) };
    let mut statements = vec![
        describe(),
        restore(&arns),
        restore_from(&arns),
        grant_key(&arns),
        describe_key(&arns),
        tag_instance(&arns),
    ];
    statements.extend([change_instance(&arns), never_public(&arns), never_production(&arns)]);
    statements.extend([read_zone(&arns), swap_record(&arns), read_change(&arns)]);
    if let Connect::Ssm { instance } = &target.connect {
        statements.extend([open_tunnel(&arns, instance), own_sessions(&arns)]);
    }
    if let Some(source) = source.filter(|source| source.login == SampleLogin::Iam) {
        statements.push(login_by_token(&arns, source));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The resource id of the instance is not part of the name: it changes with each rotation, and is unknown for a
/// replica. The database role restricts the statement.
fn login_by_token(arns: &Arns<'_>, source: &SampleSource) -> Value {
    let config::Aws { region, account, .. } = arns.settings;
    let region = source.host.as_deref().and_then(region::of_endpoint).unwrap_or(region);
    json!({
        "Sid": "SamplesLogInByToken",
        "Effect": "Allow",
        "Action": "rds-db:connect",
        "Resource": format!("arn:{}:rds-db:{region}:{account}:dbuser:*/{}", arns.partition, source.user),
    })
}

/// ARNs of resources in the target's account.
struct Arns<'a> {
    target: &'a Target,
    settings: &'a config::Aws,
    partition: &'static str,
}

impl Arns<'_> {
    fn rds(&self, resource: &str) -> String {
        self.regional("rds", resource)
    }

    fn regional(&self, service: &str, resource: &str) -> String {
        let config::Aws { region, account, .. } = self.settings;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition)
    }

    /// `?*`: a generation's name is the prefix and at least one character.
    fn generations(&self) -> String {
        self.rds(&format!("db:{}?*", self.target.generation.prefix))
    }

    fn route53(&self, resource: &str) -> String {
        format!("arn:{}:route53:::{resource}", self.partition)
    }

    /// The snapshots of the configured kinds, as narrow as their naming allows.
    fn snapshots(&self) -> Vec<String> {
        let source = &self.target.source.instance;
        let kind = |kind: &String| match kind.as_str() {
            // `rds:` instance `-2026-11-21-02-17`; a plain `*` would also match the snapshots of `app-prod-replica`.
            "automated" => self.rds(&format!("snapshot:rds:{source}-????-??-??-??-??")),
            "awsbackup" => self.rds("snapshot:awsbackup:*"),
            "shared" => format!("arn:{}:rds:{}:*:snapshot:*", self.partition, self.settings.region),
            // Manual snapshots have arbitrary names.
            _ => self.rds("snapshot:*"),
        };
        self.target.source.snapshots.iter().map(kind).collect()
    }
}

/// Listings accept no resource, or only the pattern of all resources.
fn describe() -> Value {
    json!({
        "Sid": "Describe",
        "Effect": "Allow",
        "Action": [
            "rds:DescribeAccountAttributes",
            "rds:DescribeDBInstances",
            "rds:DescribeDBParameterGroups",
            "rds:DescribeDBParameters",
            "rds:DescribeDBSnapshots",
            "rds:DescribeDBSubnetGroups",
            "rds:DescribeEvents",
            "rds:DescribeOrderableDBInstanceOptions",
            "sts:GetCallerIdentity",
        ],
        "Resource": "*",
    })
}

/// The instance that a restore creates: only with the prefix, only with devdb's tags. Separate from the resources that
/// it reads, because the condition would have to hold for those too.
fn restore(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "RestoreUnderThePrefix",
        "Effect": "Allow",
        "Action": "rds:RestoreDBInstanceFromDBSnapshot",
        "Resource": arns.generations(),
        "Condition": { "StringEquals": {
            (format!("aws:RequestTag/{}", tag::MANAGED_BY)): tag::MANAGED_BY_VALUE,
            (format!("aws:RequestTag/{}", tag::TARGET)): arns.target.name,
        } },
    })
}

/// The resources that a restore reads. RDS for PostgreSQL has no options, so the option group is the default one.
fn restore_from(arns: &Arns<'_>) -> Value {
    let mut resources = arns.snapshots();
    resources.push(arns.rds(&format!("pg:{}", arns.settings.parameter_group.to_lowercase())));
    resources.push(arns.rds(&format!("subgrp:{}", arns.settings.subnet_group.to_lowercase())));
    resources.push(arns.rds("og:default:postgres-*"));
    json!({
        "Sid": "RestoreFrom",
        "Effect": "Allow",
        "Action": "rds:RestoreDBInstanceFromDBSnapshot",
        "Resource": resources,
    })
}

/// An encrypted snapshot is restored with its own key, which RDS uses on behalf of the caller.
fn grant_key(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "GrantRdsTheSnapshotKey",
        "Effect": "Allow",
        "Action": "kms:CreateGrant",
        "Resource": arns.regional("kms", "key/*"),
        "Condition": {
            "Bool": { "kms:GrantIsForAWSResource": "true" },
            "StringEquals": { "kms:ViaService": via_rds(arns) },
        },
    })
}

fn describe_key(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "DescribeTheSnapshotKey",
        "Effect": "Allow",
        "Action": "kms:DescribeKey",
        "Resource": arns.regional("kms", "key/*"),
        "Condition": { "StringEquals": { "kms:ViaService": via_rds(arns) } },
    })
}

fn via_rds(arns: &Arns<'_>) -> String {
    format!("rds.{}.amazonaws.com{}", arns.settings.region, if arns.partition == "aws-cn" { ".cn" } else { "" })
}

/// Tagging cannot require devdb's tag: a restore tags an instance that does not exist yet, and IAM sees an instance's
/// tags only some minutes later. It is restricted by the name and by the tag keys.
fn tag_instance(arns: &Arns<'_>) -> Value {
    let keys: Vec<&str> = ["devdb:*"].into_iter().chain(arns.settings.tags.keys().map(String::as_str)).collect();
    json!({
        "Sid": "TagUnderThePrefix",
        "Effect": "Allow",
        "Action": "rds:AddTagsToResource",
        "Resource": arns.generations(),
        // ForAllValues alone is true for a request without any tag.
        "Condition": { "ForAllValues:StringLike": { "aws:TagKeys": keys }, "Null": { "aws:TagKeys": "false" } },
    })
}

/// Changes of a generation. Each tag has one value, hence StringEquals: it fails if the tag is missing.
fn change_instance(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "ChangeOwnGenerations",
        "Effect": "Allow",
        "Action": ["rds:DeleteDBInstance", "rds:ModifyDBInstance"],
        "Resource": arns.generations(),
        "Condition": { "StringEquals": {
            (format!("aws:ResourceTag/{}", tag::MANAGED_BY)): tag::MANAGED_BY_VALUE,
            (format!("aws:ResourceTag/{}", tag::TARGET)): arns.target.name,
        } },
    })
}

fn never_public(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "NeverPublic",
        "Effect": "Deny",
        "Action": "rds:RestoreDBInstanceFromDBSnapshot",
        "Resource": arns.rds("db:*"),
        "Condition": { "Bool": { "rds:PubliclyAccessible": "true" } },
    })
}

/// Production is only described, whatever other policies the role has.
fn never_production(arns: &Arns<'_>) -> Value {
    let source = &arns.target.source.instance;
    let names =
        [format!("db:{source}"), format!("db:{source}-*"), format!("cluster:{source}"), format!("cluster:{source}-*")];
    json!({
        "Sid": "NeverProduction",
        "Effect": "Deny",
        "NotAction": ["rds:Describe*", "rds:List*"],
        "Resource": names.iter().map(|name| arns.rds(name)).collect::<Vec<_>>(),
    })
}

fn read_zone(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "ReadTheZone",
        "Effect": "Allow",
        "Action": ["route53:GetHostedZone", "route53:ListResourceRecordSets"],
        "Resource": arns.route53(&format!("hostedzone/{}", arns.settings.zone)),
    })
}

/// One name, one type. These keys have many values, which requires ForAllValues; that is true without any value, hence
/// Null.
fn swap_record(arns: &Arns<'_>) -> Value {
    const NAMES: &str = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
    const TYPES: &str = "route53:ChangeResourceRecordSetsRecordTypes";
    const ACTIONS: &str = "route53:ChangeResourceRecordSetsActions";
    json!({
        "Sid": "SwapTheRecord",
        "Effect": "Allow",
        "Action": "route53:ChangeResourceRecordSets",
        "Resource": arns.route53(&format!("hostedzone/{}", arns.settings.zone)),
        "Condition": {
            "ForAllValues:StringEquals": {
                NAMES: [normalize(&arns.target.record.name)],
                TYPES: ["CNAME"],
                ACTIONS: ["CREATE", "DELETE"],
            },
            "Null": { NAMES: "false", TYPES: "false", ACTIONS: "false" },
        },
    })
}

fn read_change(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "ReadTheChange",
        "Effect": "Allow",
        "Action": "route53:GetChange",
        "Resource": arns.route53("change/*"),
    })
}

/// Port forwarding only. Without the document check the role could open a shell on the instance.
fn open_tunnel(arns: &Arns<'_>, instance: &str) -> Value {
    let document = "document/AWS-StartPortForwardingSessionToRemoteHost";
    json!({
        "Sid": "OpenTheTunnel",
        "Effect": "Allow",
        "Action": "ssm:StartSession",
        "Resource": [
            arns.regional("ec2", &format!("instance/{instance}")),
            format!("arn:{}:ssm:{}::{document}", arns.partition, arns.settings.region),
        ],
        "Condition": { "BoolIfExists": { "ssm:SessionDocumentAccessCheck": "true" } },
    })
}

/// Calls of the Session Manager plugin for its own session.
fn own_sessions(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "OwnSessions",
        "Effect": "Allow",
        "Action": ["ssm:ResumeSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"],
        "Resource": arns.regional("ssm", "session/${aws:userid}-*"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::config::{Deadlines, Generation, Masking, Password, Record, Source};

    fn target(snapshots: &[&str], connect: Connect) -> Target {
        let hour = Duration::from_secs(3600);
        let settings = config::Aws {
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            role: None,
            class: "db.t4g.medium".into(),
            storage_type: None,
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
        for sid in ["RestoreUnderThePrefix", "TagUnderThePrefix", "ChangeOwnGenerations"] {
            assert_eq!(statement(&policy, sid)["Resource"], generations, "{sid}");
        }
        let equals = &statement(&policy, "ChangeOwnGenerations")["Condition"]["StringEquals"];
        assert_eq!(equals["aws:ResourceTag/devdb:managed-by"], "devdb");
        assert_eq!(equals["aws:ResourceTag/devdb:target"], "app");
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
        assert_eq!(
            added,
            ["ssm:ResumeSession", "ssm:StartSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"]
        );
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
}
