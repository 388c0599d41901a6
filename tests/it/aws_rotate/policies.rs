use serde_json::{Value, json};

use super::policy::{Question, all_allowed, all_denied, judge, policy_of, requested_tags, tagged_for};
use crate::support::account::Account;

/// A configuration, and what its names are in ARNs.
struct Case {
    changes: &'static [(&'static str, &'static str)],
    region: &'static str,
    partition: &'static str,
    /// Names that the restore reads.
    groups: (&'static str, &'static str),
    snapshots: &'static [&'static str],
    /// Resources that the tunnel or the samples use, with the action.
    used: &'static [(&'static str, &'static str)],
    /// Resources that nothing may use.
    unused: &'static [(&'static str, &'static str)],
}

const PLAIN: Case = Case {
    changes: &[],
    region: "us-east-1",
    partition: "aws",
    groups: ("app-dev", "app-dev"),
    snapshots: &["rds:app-prod-2026-11-21-02-17", "awsbackup:job-1", "by-hand"],
    used: &[],
    unused: &[("ssm:StartSession", "ec2:<region>:<account>:instance/i-0123456789abcdef0")],
};

/// Configurations that differ in everything that lands in an ARN.
const CASES: [Case; 7] = [
    PLAIN,
    // RDS knows no case in identifiers; ARNs do.
    Case { changes: &[("instance: app-prod,", "instance: App-Prod,")], ..PLAIN },
    Case {
        changes: &[
            ("subnet_group: app-dev", "subnet_group: App-Dev.Sub_1"),
            ("group: app-dev\n        q", "group: App-16\n        q"),
        ],
        groups: ("app-16", "app-dev.sub_1"),
        ..PLAIN
    },
    Case {
        changes: &[("connect: direct", "connect: { ssm: { instance: mi-0123456789abcdef0 } }")],
        used: &[("ssm:StartSession", "ssm:<region>:<account>:managed-instance/mi-0123456789abcdef0")],
        unused: &[
            ("ssm:StartSession", "ssm:<region>:<account>:managed-instance/mi-0fedcba9876543210"),
            ("ssm:StartSession", "ec2:<region>:<account>:instance/i-0123456789abcdef0"),
        ],
        ..PLAIN
    },
    Case {
        changes: &[("connect: direct", "connect: { ssm: { instance: i-0123456789abcdef0 } }")],
        used: &[("ssm:StartSession", "ec2:<region>:<account>:instance/i-0123456789abcdef0")],
        unused: &[("ssm:StartSession", "ssm:<region>:<account>:managed-instance/mi-0123456789abcdef0")],
        ..PLAIN
    },
    Case {
        changes: &[
            ("snapshots: [automated, awsbackup, manual]", "snapshots: [automated]"),
            (
                "\nmask:",
                "\nsample: { root: app.users, source: { host: r.c0ffee.eu-west-1.rds.amazonaws.com, user: reader, iam: true } }\nmask:",
            ),
        ],
        snapshots: &["rds:app-prod-2026-11-21-02-17"],
        used: &[("rds-db:connect", "rds-db:eu-west-1:<account>:dbuser:db-REPLICA/reader")],
        unused: &[
            ("rds-db:connect", "rds-db:eu-west-1:<account>:dbuser:db-REPLICA/app_admin"),
            ("rds-db:connect", "rds-db:us-east-1:<account>:dbuser:db-REPLICA/reader"),
            ("rds:RestoreDBInstanceFromDBSnapshot", "rds:<region>:<account>:snapshot:by-hand"),
            (
                "rds:RestoreDBInstanceFromDBSnapshot",
                "rds:<region>:<account>:snapshot:rds:app-prod-replica-2026-11-21-02-17",
            ),
        ],
        ..PLAIN
    },
    Case {
        changes: &[("region: us-east-1", "region: us-gov-west-1")],
        region: "us-gov-west-1",
        partition: "aws-us-gov",
        ..PLAIN
    },
];

impl Case {
    fn account(&self) -> Account {
        self.changes.iter().fold(Account::new(), |account, (from, to)| account.config(from, to))
    }

    fn arn(&self, account: &Account, resource: &str) -> String {
        let resource = resource.replace("<region>", self.region).replace("<account>", &account.number);
        format!("arn:{}:{resource}", self.partition)
    }

    fn rds(&self, account: &Account, resource: &str) -> String {
        self.arn(account, &format!("rds:<region>:<account>:{resource}"))
    }
}

fn asked(action: &str, resource: String, context: Value) -> Question {
    Question { action: action.into(), resource, context }
}

/// The tags of a request, with the keys that IAM derives from them.
fn tags(of: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> = of.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    requested_tags(&json!({ "Tags": tags }))
}

/// The context of a request with tags on an instance that has tags of its own.
fn on(resource: Value, requested: Value) -> Value {
    let mut context = resource;
    context.as_object_mut().unwrap().extend(requested.as_object().unwrap().clone());
    context
}

/// Five questions of each configuration: the restore, a phase, a lease, foreign values, production.
#[test]
#[expect(clippy::too_many_lines, reason = "a list of questions")]
fn the_policy_of_every_configuration_is_exact() {
    const RESTORE: &str = "rds:RestoreDBInstanceFromDBSnapshot";
    const TAG: &str = "rds:AddTagsToResource";
    const CHANGES: [&str; 4] =
        ["rds:ModifyDBInstance", "rds:RebootDBInstance", "rds:StartDBInstance", "rds:DeleteDBInstance"];
    const OURS: [(&str, &str); 2] = [("devdb:managed-by", "devdb"), ("devdb:target", "app-dev")];
    for case in &CASES {
        let account = case.account();
        let policy = policy_of(&account);
        let rds = |resource: &str| case.rds(&account, resource);
        let generation = rds("db:app-dev-20261121-021700");
        let ours = tags(&OURS);
        let mut allowed = vec![
            asked(RESTORE, generation.clone(), ours.clone()),
            asked(RESTORE, rds(&format!("pg:{}", case.groups.0)), ours.clone()),
            asked(RESTORE, rds(&format!("subgrp:{}", case.groups.1)), ours.clone()),
            asked(RESTORE, rds("og:default:postgres-16"), ours.clone()),
            asked(TAG, generation.clone(), ours.clone()),
            // The lease of a restore in progress: IAM does not see the new instance's tags yet.
            asked(TAG, generation.clone(), tags(&[OURS[0], OURS[1], ("devdb:lease", "2026-11-21T02:17:00Z")])),
        ];
        let updates = [
            tags(&[("devdb:phase", "secured")]),
            tags(&[("devdb:phase", "live"), ("devdb:live-since", "2026-11-21T02:17:00Z")]),
            tags(&[("devdb:lease", "2026-11-21T02:17:00Z")]),
        ];
        allowed
            .extend(updates.iter().map(|tags| asked(TAG, generation.clone(), on(tagged_for("app-dev"), tags.clone()))));
        for action in CHANGES {
            allowed.push(asked(action, generation.clone(), tagged_for("app-dev")));
        }
        allowed
            .extend(case.snapshots.iter().map(|name| asked(RESTORE, rds(&format!("snapshot:{name}")), ours.clone())));
        let checked = json!({ "ssm:SessionDocumentAccessCheck": "true" });
        allowed.extend(
            case.used.iter().map(|(action, resource)| asked(action, case.arn(&account, resource), checked.clone())),
        );
        all_allowed(&account, &policy, &allowed);

        let mut denied: Vec<Question> = vec![
            asked(TAG, generation.clone(), tags(&[("devdb:target", "other")])),
            asked(TAG, generation.clone(), tags(&[("devdb:managed-by", "somebody")])),
            asked(TAG, generation.clone(), tags(&[OURS[0], ("devdb:target", "other")])),
            asked(TAG, generation.clone(), tags(&[("Environment", "prod")])),
            asked(TAG, generation.clone(), on(tagged_for("app-dev"), tags(&[("devdb:target", "other")]))),
            asked(TAG, generation.clone(), on(tagged_for("app-dev"), tags(&[("Environment", "prod")]))),
            asked(TAG, rds("db:app-prod"), on(tagged_for("app-dev"), tags(&[("devdb:phase", "live")]))),
            asked(TAG, rds("db:app-dev-by-hand"), ours.clone()),
            asked(RESTORE, rds("db:app-dev-by-hand"), ours.clone()),
            asked(RESTORE, generation.clone(), tags(&[OURS[0], ("devdb:target", "other")])),
            asked(RESTORE, generation.clone(), tags(&[])),
            asked(RESTORE, rds("pg:other"), ours.clone()),
            asked(RESTORE, rds("subgrp:other"), ours.clone()),
        ];
        // Neither another target's generation, nor what somebody made under the prefix, becomes this target's or gets a tag.
        let half = json!({ "aws:ResourceTag/devdb:managed-by": "devdb" });
        for resource in [tagged_for("other"), half, json!({ "aws:ResourceTag/devdb:target": "app-dev" })] {
            let adoption = asked(TAG, generation.clone(), on(resource.clone(), ours.clone()));
            denied.push(adoption);
            denied
                .extend(updates.iter().map(|tags| asked(TAG, generation.clone(), on(resource.clone(), tags.clone()))));
        }
        denied.extend(updates.iter().map(|tags| asked(TAG, generation.clone(), tags.clone())));
        for action in CHANGES {
            denied.push(asked(action, generation.clone(), json!({})));
            denied.push(asked(action, generation.clone(), tagged_for("other")));
            denied.push(asked(action, rds("db:app-prod"), tagged_for("app-dev")));
        }
        denied.extend(
            case.unused.iter().map(|(action, resource)| asked(action, case.arn(&account, resource), checked.clone())),
        );
        all_denied(&account, &policy, &denied);
        is_explicit(&account, &policy, asked("rds:DeleteDBInstance", rds("db:app-prod"), tagged_for("app-dev")));
    }
}

/// Production is denied whatever other policies the role has.
#[track_caller]
fn is_explicit(account: &Account, policy: &Value, question: Question) {
    assert_eq!(judge(account, policy, std::slice::from_ref(&question)), ["ExplicitlyDenied"], "{question:?}");
}

/// The key of a snapshot may belong to another account: then its own policy has to allow the role as well.
#[test]
fn the_policy_covers_a_key_of_another_account_for_rds_only() {
    let account = Account::new();
    let policy = policy_of(&account);
    let key = |account: &str, via: &str| {
        let context = json!({ "kms:ViaService": via, "kms:GrantIsForAWSResource": "true" });
        asked("kms:CreateGrant", format!("arn:aws:kms:us-east-1:{account}:key/0123"), context)
    };
    let rds = "rds.us-east-1.amazonaws.com";
    let describe =
        |via: &str| asked("kms:DescribeKey", key("999999999999", via).resource, json!({ "kms:ViaService": via }));
    all_allowed(&account, &policy, &[key(&account.number, rds), key("999999999999", rds), describe(rds)]);
    let other = "ec2.us-east-1.amazonaws.com";
    let elsewhere = Question { resource: "arn:aws:kms:eu-west-1:999999999999:key/0123".into(), ..key("1", rds) };
    let own_use = Question {
        context: json!({ "kms:ViaService": rds, "kms:GrantIsForAWSResource": "false" }),
        ..key("999999999999", rds)
    };
    all_denied(&account, &policy, &[key("999999999999", other), describe(other), elsewhere, own_use]);
}

/// A wildcard in a name would open every resource of that kind, so the configuration refuses it.
#[test]
fn a_wildcard_never_reaches_a_policy() {
    let sample = |user: &str| {
        format!(
            "\nsample: {{ root: app.users, source: {{ host: replica.example, user: \"{user}\", iam: true }} }}\nmask:"
        )
    };
    let cases = [
        ("subnet_group: app-dev", "subnet_group: \"*\"".to_owned()),
        ("subnet_group: app-dev", "subnet_group: app-?".to_owned()),
        ("parameter_group: app-dev", "parameter_group: \"app-*\"".to_owned()),
        ("parameter_group: app-dev", "parameter_group: \"${aws:username}\"".to_owned()),
        ("instance: app-prod", "instance: app-*".to_owned()),
        ("prefix: app-dev-", "prefix: \"app-*-\"".to_owned()),
        ("region: us-east-1", "region: \"*\"".to_owned()),
        ("\nmask:", sample("*")),
        ("\nmask:", sample("dev_?")),
        ("connect: direct", "connect: { ssm: { instance: i-* } }".to_owned()),
    ];
    for (from, to) in cases {
        Account::new().config(from, &to).devdb(&["policy"]).code(2);
    }
}
