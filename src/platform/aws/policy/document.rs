//! The least-privilege IAM policy of one target: the operations that devdb calls, on exactly the names that it uses. The
//! guard checks before every call; the policy holds even if the guard has a bug.

use serde_json::{Value, json};

use crate::config::{self, Connect, PlatformConfig, SampleLogin, SampleSource, Target};
use crate::platform::aws::dns_name::normalize;
use crate::platform::aws::region;
use crate::platform::tag;

/// Returns the policy of a target's role, including the login to the source of samples; `null` for a target that is
/// not on AWS.
pub fn policy(target: &Target, source: Option<&SampleSource>) -> Value {
    let PlatformConfig::Aws(settings) = &target.platform else { return Value::Null };
    let arns = Arns { target, settings, partition: config::partition(&settings.region) };
    let mut statements = vec![
        describe(),
        restore(&arns),
        restore_from(&arns),
        grant_key(&arns),
        describe_key(&arns),
        tag_new_instance(&arns),
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

    /// The form of the names that devdb makes: the prefix and a UTC timestamp. Nothing else is created, or gets the tags
    /// that make an instance this target's.
    fn new_generations(&self) -> String {
        self.rds(&format!("db:{}????????-??????", self.target.generation.prefix))
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
        "Resource": arns.new_generations(),
        "Condition": { "StringEquals": requested_tags(arns) },
    })
}

/// The tags that make an instance a target's.
const OWNERSHIP: [&str; 2] = [tag::MANAGED_BY, tag::TARGET];

/// The tags of a request that make an instance this target's.
fn requested_tags(arns: &Arns<'_>) -> Value {
    ownership(arns, "aws:RequestTag")
}

/// The same tags of an instance that is this target's.
fn own_tags(arns: &Arns<'_>) -> Value {
    ownership(arns, "aws:ResourceTag")
}

fn ownership(arns: &Arns<'_>, key: &str) -> Value {
    let [managed_by, target] = OWNERSHIP.map(|tag| format!("{key}/{tag}"));
    json!({ (managed_by): tag::MANAGED_BY_VALUE, (target): arns.target.name })
}

/// The resources that a restore reads. RDS for PostgreSQL has no options, so the option group is the default one.
fn restore_from(arns: &Arns<'_>) -> Value {
    let mut resources = arns.snapshots();
    resources.push(arns.rds(&format!("pg:{}", arns.settings.parameter_group)));
    resources.push(arns.rds(&format!("subgrp:{}", arns.settings.subnet_group)));
    resources.push(arns.rds("og:default:postgres-*"));
    json!({
        "Sid": "RestoreFrom",
        "Effect": "Allow",
        "Action": "rds:RestoreDBInstanceFromDBSnapshot",
        "Resource": resources,
    })
}

/// The keys of snapshots: of any account, because a company may keep its keys in one of their own. The policy of the key
/// has to allow the role too, and both statements hold only for requests that RDS makes on behalf of the caller.
fn snapshot_keys(arns: &Arns<'_>) -> String {
    format!("arn:{}:kms:{}:*:key/*", arns.partition, arns.settings.region)
}

/// An encrypted snapshot is restored with its own key, which RDS uses on behalf of the caller.
fn grant_key(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "GrantRdsTheSnapshotKey",
        "Effect": "Allow",
        "Action": "kms:CreateGrant",
        "Resource": snapshot_keys(arns),
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
        "Resource": snapshot_keys(arns),
        "Condition": { "StringEquals": { "kms:ViaService": via_rds(arns) } },
    })
}

fn via_rds(arns: &Arns<'_>) -> String {
    format!("rds.{}.amazonaws.com{}", arns.settings.region, if arns.partition == "aws-cn" { ".cn" } else { "" })
}

/// Tags of an instance that a restore creates: a restore with tags is authorized as AddTagsToResource too. It has no tags
/// yet, so one with devdb's tags, another target's generation among them, is never tagged by this statement. RDS has no
/// condition key that separates a restore from AddTagsToResource on an instance without these tags; the name does, except
/// for one that devdb could have made.
fn tag_new_instance(arns: &Arns<'_>) -> Value {
    let mut conditions = tag_keys(arns);
    conditions["StringEquals"] = requested_tags(arns);
    for tag in OWNERSHIP {
        conditions["Null"][format!("aws:ResourceTag/{tag}")] = "true".into();
    }
    json!({
        "Sid": "TagNewGenerations",
        "Effect": "Allow",
        "Action": "rds:AddTagsToResource",
        "Resource": arns.new_generations(),
        "Condition": conditions,
    })
}

/// Updates of the phase and the lease, which are tags. `IfExists`, because they send only their own tags.
fn tag_instance(arns: &Arns<'_>) -> Value {
    let mut conditions = tag_keys(arns);
    conditions["StringEquals"] = own_tags(arns);
    conditions["StringEqualsIfExists"] = requested_tags(arns);
    json!({
        "Sid": "TagOwnGenerations",
        "Effect": "Allow",
        "Action": "rds:AddTagsToResource",
        "Resource": arns.generations(),
        "Condition": conditions,
    })
}

/// The keys of tags in a request. ForAllValues alone is true for a request without any tag.
fn tag_keys(arns: &Arns<'_>) -> Value {
    let keys: Vec<&str> = ["devdb:*"].into_iter().chain(arns.settings.tags.keys().map(String::as_str)).collect();
    json!({
        "ForAllValues:StringLike": { "aws:TagKeys": keys },
        "Null": { "aws:TagKeys": "false" },
    })
}

/// Changes of a generation. Each tag has one value, hence StringEquals: it fails if the tag is missing.
fn change_instance(arns: &Arns<'_>) -> Value {
    json!({
        "Sid": "ChangeOwnGenerations",
        "Effect": "Allow",
        "Action": ["rds:DeleteDBInstance", "rds:ModifyDBInstance", "rds:RebootDBInstance", "rds:StartDBInstance"],
        "Resource": arns.generations(),
        "Condition": { "StringEquals": own_tags(arns) },
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
    // A node outside of EC2 that is managed by Systems Manager.
    let node = if instance.starts_with("mi-") {
        arns.regional("ssm", &format!("managed-instance/{instance}"))
    } else {
        arns.regional("ec2", &format!("instance/{instance}"))
    };
    json!({
        "Sid": "OpenTheTunnel",
        "Effect": "Allow",
        "Action": "ssm:StartSession",
        "Resource": [
            node,
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
