use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::account::{Account, RECORD};
use crate::support::simulator::action;

/// One thing that IAM asks itself about a call: may this be done to that?
#[derive(Clone, Debug)]
pub struct Question {
    pub action: String,
    pub resource: String,
    pub context: Value,
}

/// What AWS's authorization data says to each question.
pub fn judge(account: &Account, policy: &Value, questions: &[Question]) -> Vec<String> {
    let asked: Vec<Value> = questions
        .iter()
        .map(|one| {
            json!({ "action": one.action, "resource": one.resource, "account": account.number, "context": one.context })
        })
        .collect();
    let mut node = Command::new(std::env::var_os("DEVDB_TEST_NODE").expect("run the tests with `make test`"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aws/judge.js"))
        .env("NODE_PATH", std::env::var_os("DEVDB_TEST_NODE_MODULES").unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let given = json!({ "policy": policy, "questions": asked }).to_string();
    node.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let done = node.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[track_caller]
pub fn all_allowed(account: &Account, policy: &Value, questions: &[Question]) {
    for (question, answer) in questions.iter().zip(judge(account, policy, questions)) {
        assert_eq!(answer, "Allowed", "{question:?}");
    }
}

#[track_caller]
pub fn all_denied(account: &Account, policy: &Value, questions: &[Question]) {
    assert!(!questions.is_empty());
    for (question, answer) in questions.iter().zip(judge(account, policy, questions)) {
        assert!(answer.ends_with("Denied"), "{answer}: {question:?}");
    }
}

/// The questions that a recorded call raises, on its real resources.
fn questions(account: &Account, call: &Value) -> Vec<Question> {
    let params = &call["params"];
    let rds = |kind: &str, name: &str| format!("arn:aws:rds:us-east-1:{}:{kind}:{name}", account.number);
    let named = |kind: &str, key: &str| rds(kind, params[key].as_str().unwrap_or("*"));
    let name = action(call);
    let service = if call["service"] == "route53" {
        "route53"
    } else if call["service"] == "sts" {
        "sts"
    } else {
        "rds"
    };
    let ask = |resource: String, context: Value| Question { action: format!("{service}:{name}"), resource, context };
    let plain = |resource: String| vec![ask(resource, json!({}))];
    let zone = || format!("arn:aws:route53:::hostedzone/{}", account.zone());
    match name {
        "GetCallerIdentity" | "DescribeAccountAttributes" | "DescribeOrderableDBInstanceOptions" => plain("*".into()),
        "DescribeEvents" => plain("*".into()),
        "DescribeDBInstances" => plain(named("db", "DBInstanceIdentifier")),
        "DescribeDBSnapshots" => vec![
            ask(named("db", "DBInstanceIdentifier"), json!({})),
            ask(named("snapshot", "DBSnapshotIdentifier"), json!({})),
        ],
        "DescribeDBParameterGroups" | "DescribeDBParameters" => plain(named("pg", "DBParameterGroupName")),
        "DescribeDBSubnetGroups" => plain(named("subgrp", "DBSubnetGroupName")),
        "RestoreDBInstanceFromDBSnapshot" => {
            let mut context = requested_tags(params);
            context["rds:PubliclyAccessible"] = json!(params["PubliclyAccessible"].to_string());
            let instance = named("db", "DBInstanceIdentifier");
            vec![
                ask(instance.clone(), context.clone()),
                ask(named("snapshot", "DBSnapshotIdentifier"), context.clone()),
                ask(named("subgrp", "DBSubnetGroupName"), context.clone()),
                ask(named("pg", "DBParameterGroupName"), context.clone()),
                ask(rds("og", "default:postgres-15"), context),
                // A restore that brings tags is also asked whether it may tag.
                Question {
                    action: "rds:AddTagsToResource".into(),
                    resource: instance,
                    context: requested_tags(params),
                },
            ]
        }
        "AddTagsToResource" => {
            let mut context = requested_tags(params);
            context.as_object_mut().unwrap().extend(tagged_for("app-dev").as_object().unwrap().clone());
            vec![ask(params["ResourceName"].as_str().unwrap().into(), context)]
        }
        "ModifyDBInstance" | "RebootDBInstance" | "DeleteDBInstance" => {
            vec![ask(named("db", "DBInstanceIdentifier"), tagged_for("app-dev"))]
        }
        "GetHostedZone" | "ListResourceRecordSets" => plain(zone()),
        "GetChange" => {
            let id = params["Id"].as_str().unwrap();
            plain(format!("arn:aws:route53:::change/{}", id.trim_start_matches("/change/")))
        }
        "ChangeResourceRecordSets" => vec![ask(zone(), changes(params))],
        other => panic!("a call that no policy was asked about: {other}"),
    }
}

pub fn requested_tags(params: &Value) -> Value {
    let tags = params["Tags"].as_array().unwrap();
    let mut context = json!({ "aws:TagKeys": tags.iter().map(|tag| &tag["Key"]).collect::<Vec<_>>() });
    for tag in tags {
        context[format!("aws:RequestTag/{}", tag["Key"].as_str().unwrap())] = tag["Value"].clone();
    }
    context
}

fn changes(params: &Value) -> Value {
    let changes = params["ChangeBatch"]["Changes"].as_array().unwrap();
    let all = |value: &dyn Fn(&Value) -> String| changes.iter().map(value).collect::<Vec<_>>();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    json!({
        "route53:ChangeResourceRecordSetsNormalizedRecordNames":
            all(&|one| text(&one["ResourceRecordSet"]["Name"]).trim_end_matches('.').to_lowercase()),
        "route53:ChangeResourceRecordSetsRecordTypes": all(&|one| text(&one["ResourceRecordSet"]["Type"])),
        "route53:ChangeResourceRecordSetsActions": all(&|one| text(&one["Action"])),
    })
}

pub fn policy_of(account: &Account) -> Value {
    serde_json::from_str(&account.devdb(&["policy"]).code(0).out).unwrap()
}

/// Every call that two rotations, a rollback and a failed run made is allowed; the same calls on
/// production, on a name that only looks like ours, or on another record are not.
#[test]
fn the_policy_allows_what_is_done_and_nothing_like_it_elsewhere() {
    let account = Account::new().production().config("keep: 0", "keep: 1");
    for command in ["rotate", "rotate", "rollback", "rotate", "doctor"] {
        account.devdb(&[command]).code(0);
    }
    let account = account.settings(json!({ "pending_reboot": 1.0 }));
    account.devdb(&["rotate"]).code(0);
    account.bench("next", json!({ "action": "restore", "status": "restore-error" }));
    account.devdb(&["rotate"]).code(4);
    let policy = policy_of(&account);
    let calls = account.journal();
    let done: Vec<Question> = calls.iter().flat_map(|call| questions(&account, call)).collect();
    assert!(done.len() > 100);
    all_allowed(&account, &policy, &done);

    // The worst case: production, or whatever it is, even has our tags.
    let own = |one: &&Question| one.resource.contains(":db:app-dev-") && !one.action.starts_with("rds:Describe");
    let own: Vec<&Question> = done.iter().filter(own).collect();
    for name in ["app-prod", "app-prod-app-dev-1", "app-development-1", "xapp-dev-1", "app-dev", "app-dev-", "other"] {
        let elsewhere: Vec<Question> = own
            .iter()
            .map(|one| {
                let (before, _) = one.resource.rsplit_once(':').unwrap();
                Question { resource: format!("{before}:{name}"), ..(*one).clone() }
            })
            .collect();
        all_denied(&account, &policy, &elsewhere);
    }
    for (from, to) in [("us-east-1", "eu-west-1"), (account.number.as_str(), "999999999999")] {
        let elsewhere = own.iter().map(|one| Question { resource: one.resource.replace(from, to), ..(*one).clone() });
        all_denied(&account, &policy, &elsewhere.collect::<Vec<_>>());
    }
    let generation = own.iter().find(|one| one.action == "rds:DeleteDBInstance").unwrap();
    let untagged = [json!({}), json!({ "aws:ResourceTag/devdb:managed-by": "devdb" }), tagged_for("other")];
    let untagged = untagged.map(|context| Question { context, ..(*generation).clone() });
    all_denied(&account, &policy, &untagged);
    for action in ["rds:CreateDBSnapshot", "rds:ModifyDBSnapshotAttribute", "rds:StopDBInstance"] {
        let kind = if action.contains("Attribute") { "snapshot:rds:app-prod-1" } else { "db:app-dev-1" };
        let resource = format!("arn:aws:rds:us-east-1:{}:{kind}", account.number);
        all_denied(&account, &policy, &[Question { action: action.into(), resource, context: tagged_for("app-dev") }]);
    }
}

pub fn tagged_for(target: &str) -> Value {
    json!({ "aws:ResourceTag/devdb:managed-by": "devdb", "aws:ResourceTag/devdb:target": target })
}

#[test]
fn the_policy_lets_the_record_be_swapped_and_no_other() {
    let account = Account::new();
    let policy = policy_of(&account);
    let swap = |names: &[&str], types: &[&str], actions: &[&str], zone: &str| Question {
        action: "route53:ChangeResourceRecordSets".into(),
        resource: format!("arn:aws:route53:::hostedzone/{zone}"),
        context: json!({
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
            "route53:ChangeResourceRecordSetsRecordTypes": types,
            "route53:ChangeResourceRecordSetsActions": actions,
        }),
    };
    let zone = account.zone();
    all_allowed(
        &account,
        &policy,
        &[
            swap(&[RECORD], &["CNAME"], &["CREATE"], zone),
            swap(&[RECORD, RECORD], &["CNAME", "CNAME"], &["DELETE", "CREATE"], zone),
        ],
    );
    all_denied(
        &account,
        &policy,
        &[
            swap(&["prod.example.com"], &["CNAME"], &["CREATE"], zone),
            swap(&[RECORD, "prod.example.com"], &["CNAME", "CNAME"], &["DELETE", "CREATE"], zone),
            swap(&["xdb.example.com"], &["CNAME"], &["CREATE"], zone),
            swap(&[RECORD], &["A"], &["CREATE"], zone),
            swap(&[RECORD], &["CNAME"], &["UPSERT"], zone),
            swap(&[RECORD], &["CNAME"], &["CREATE"], "ZOTHER"),
            Question { context: json!({}), ..swap(&[], &[], &[], zone) },
        ],
    );
}

/// A restore that would be public, or would not carry our tags, is refused by AWS itself.
#[test]
fn the_policy_refuses_a_restore_that_is_not_in_quarantine() {
    let account = Account::new();
    let policy = policy_of(&account);
    let restore = |context: Value| Question {
        action: "rds:RestoreDBInstanceFromDBSnapshot".into(),
        resource: format!("arn:aws:rds:us-east-1:{}:db:app-dev-20261121-021700", account.number),
        context,
    };
    let tags = |target: &str, public: &str| {
        json!({ "aws:RequestTag/devdb:managed-by": "devdb", "aws:RequestTag/devdb:target": target,
            "aws:TagKeys": ["devdb:managed-by", "devdb:target"], "rds:PubliclyAccessible": public })
    };
    all_allowed(&account, &policy, &[restore(tags("app-dev", "false"))]);
    all_denied(
        &account,
        &policy,
        &[
            restore(tags("app-dev", "true")),
            restore(tags("other", "false")),
            restore(json!({ "rds:PubliclyAccessible": "false" })),
        ],
    );
}

/// With a tunnel: this instance, by this document, and nothing else of Session Manager.
#[test]
fn the_policy_opens_the_tunnel_and_no_shell() {
    let account = Account::new().config("connect: direct", "connect: { ssm: { instance: i-0123456789abcdef0 } }");
    let policy = policy_of(&account);
    let open = |resource: String| Question {
        action: "ssm:StartSession".into(),
        resource,
        context: json!({ "ssm:SessionDocumentAccessCheck": "true" }),
    };
    let instance = |id: &str| format!("arn:aws:ec2:us-east-1:{}:instance/{id}", account.number);
    let document = |name: &str| format!("arn:aws:ssm:us-east-1:{}:document/{name}", account.number);
    let ours = open(instance("i-0123456789abcdef0"));
    // AWS's own documents have no account in their ARN, for which the judge's data has no form.
    let document_of_aws = "arn:aws:ssm:us-east-1::document/AWS-StartPortForwardingSessionToRemoteHost";
    assert_eq!(policy.to_string().matches(":document/").count(), 1);
    assert!(policy.to_string().contains(document_of_aws));
    all_allowed(&account, &policy, std::slice::from_ref(&ours));
    let unchecked = Question { context: json!({ "ssm:SessionDocumentAccessCheck": "false" }), ..ours };
    let other_ways = ["AWS-StartInteractiveCommand", "SSM-SessionManagerRunShell"].map(|name| open(document(name)));
    all_denied(&account, &policy, &[unchecked, open(instance("i-0fedcba9876543210"))]);
    all_denied(&account, &policy, &other_ways);
}
