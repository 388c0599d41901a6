"""Checks of what surrounds both: accounts, faults, policies, the catalogue, many tests at once."""

import json
import os
import threading
import time
import traceback

from checks.harness import NEW, check, cname, code, error


@check
def accounts_are_told_apart(server):
    one, two = server.account(), server.account()
    assert one.client("sts").get_caller_identity()["Account"] == one.number
    one.bench("instance", id="only-here", engine="mysql")
    assert len(one.rds.describe_db_instances()["DBInstances"]) == 1
    assert two.rds.describe_db_instances()["DBInstances"] == []
    role = f"arn:aws:iam::{two.number}:role/ci"
    keys = one.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    session = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert one.client("sts", *session).get_caller_identity()["Account"] == two.number
    assert one.client("rds", *session).describe_db_instances()["DBInstances"] == []
    unsigned = one.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="session", WebIdentityToken="t" * 20
    )
    assert unsigned["Credentials"]["AccessKeyId"]
    assert two.bench("journal", "GET")["journal"][-1]["action"] == "AssumeRoleWithWebIdentity"


@check
def the_catalogue_answers(server):
    account = server.account(page_size=2)
    rds = account.rds
    account.bench("group", kind="parameter", name="dev-pg15", parameters={"rds.force_ssl": "0"})
    account.bench("group", kind="subnet", name="dev-subnets", vpc="vpc-9")
    assert rds.describe_db_parameter_groups(DBParameterGroupName="dev-pg15")["DBParameterGroups"]
    assert (
        code(rds.describe_db_parameter_groups, DBParameterGroupName="nope")
        == "DBParameterGroupNotFound"
    )
    parameters = rds.describe_db_parameters(DBParameterGroupName="dev-pg15", Source="user")[
        "Parameters"
    ]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in parameters] == [
        ("rds.force_ssl", "0")
    ]
    assert (
        rds.describe_db_subnet_groups(DBSubnetGroupName="dev-subnets")["DBSubnetGroups"][0]["VpcId"]
        == "vpc-9"
    )
    assert (
        code(rds.describe_db_subnet_groups, DBSubnetGroupName="no") == "DBSubnetGroupNotFoundFault"
    )
    options = rds.describe_orderable_db_instance_options(
        Engine="postgres", EngineVersion="15.4", DBInstanceClass="db.t3.micro"
    )
    assert options["OrderableDBInstanceOptions"]
    assert rds.describe_db_engine_versions(Engine="postgres", EngineVersion="15.4")[
        "DBEngineVersions"
    ]
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert code(rds.create_db_instance_read_replica, DBInstanceIdentifier="x") == "InvalidAction"
    account.bench(
        "instance",
        id="decoy",
        engine="aurora-postgresql",
        cluster="c1",
        protected=True,
        replicas=["r1"],
        tags={"x": "y"},
        retention=5,
    )
    account.bench("instance", id="docs", engine="docdb")
    account.bench("instance", id="graph", engine="neptune", created_at="2026-01-01T00:00:00Z")
    first = rds.describe_db_instances()
    assert len(first["DBInstances"]) == 2 and first["Marker"]
    shown = account.describe("decoy")
    assert shown["DBClusterIdentifier"] == "c1" and shown["ReadReplicaDBInstanceIdentifiers"] == [
        "r1"
    ]
    assert rds.describe_db_instance_automated_backups(DBInstanceIdentifier="decoy")[
        "DBInstanceAutomatedBackups"
    ]
    named = rds.describe_db_instances(Filters=[{"Name": "engine", "Values": ["docdb"]}])[
        "DBInstances"
    ]
    assert [each["DBInstanceIdentifier"] for each in named] == ["docs"]
    account.bench("tags", db="decoy", tags={"new": "1"}, remove=["x"])
    assert account.describe("decoy")["TagList"] == [{"Key": "new", "Value": "1"}]
    account.bench("resource-id", db="decoy", value="db-OTHER")
    assert account.describe("decoy")["DbiResourceId"] == "db-OTHER"


@check
def faults_and_the_journal(server):
    account, other = server.account(delay=0), server.account()

    def with_rules(*rules, retries=0, **config):
        account.bench("faults", rules=list(rules))
        client = account.client("rds", retries=retries, **config)
        return code(client.describe_db_instances)

    throttle = {"service": "rds", "action": "Describe.*", "code": "Throttling"}
    assert with_rules(throttle) == "Throttling"
    assert code(other.rds.describe_db_instances) is None
    assert with_rules({**throttle, "times": 2}, retries=3) is None
    assert account.bench("faults", "GET")["rules"][0]["seen"] == 3
    assert (
        with_rules({**throttle, "skip": 1}) is None
        and code(account.rds.describe_db_instances) == "Throttling"
    )
    assert with_rules({"kind": "html", "times": 1}, retries=1) is None
    assert with_rules({"kind": "reset"}) in ("ConnectionClosedError", "EndpointConnectionError")
    assert with_rules({"kind": "close"}) == "ConnectionClosedError"
    assert with_rules({"kind": "delay", "delay": 3}, read_timeout=1) == "ReadTimeoutError"
    assert with_rules({"kind": "expired-token"}) == "ExpiredToken"
    snapshot = account.production()["snapshot"]
    account.bench(
        "faults", rules=[{"action": "Restore.*", "kind": "reset", "after": True, "times": 1}]
    )
    again = account.client("rds", retries=2)
    lost = dict(DBInstanceIdentifier="dev-lost", DBSnapshotIdentifier=snapshot)
    assert code(again.restore_db_instance_from_db_snapshot, **lost) == "DBInstanceAlreadyExists"
    zone = account.bench("zone", name="dev.internal")["id"]
    account.bench("record", zone=zone, name="db.dev.internal", values=["one.example"])
    account.bench(
        "faults",
        rules=[
            {
                "action": "ChangeResourceRecordSets",
                "kind": "record-changed-by-somebody",
                "name": "db.dev.internal",
                "value": "theirs.example",
                "times": 1,
            }
        ],
    )
    swap = ("DELETE", cname("one.example")), ("CREATE", cname("two.example"))
    assert code(account.change, zone, *swap) == "InvalidChangeBatch"
    account.bench(
        "faults",
        rules=[
            {
                "action": "DeleteDBInstance",
                "kind": "control",
                "path": "/bench/facts",
                "body": {"db": "dev-lost", "facts": {"DeletionProtection": True}},
            }
        ],
    )
    assert (
        code(
            account.rds.delete_db_instance, DBInstanceIdentifier="dev-lost", SkipFinalSnapshot=True
        )
        == "InvalidParameterCombination"
    )
    account.bench("faults", rules=[])
    account.rds.modify_db_instance(DBInstanceIdentifier="dev-lost", MasterUserPassword=NEW)
    journal = account.bench("journal", "GET")["journal"]
    assert NEW not in json.dumps(journal)
    last = journal[-1]
    assert (last["action"], last["service"], last["status"]) == ("ModifyDBInstance", "rds", 200)
    assert last["params"] == {"DBInstanceIdentifier": "dev-lost", "MasterUserPassword": "****"}
    deleted = [each for each in journal if each["action"] == "DeleteDBInstance"]
    assert [each["code"] for each in deleted] == ["InvalidParameterCombination"]
    account.bench("journal", "DELETE")
    assert account.bench("journal", "GET")["journal"] == []


@check
def policies_see_real_arns(server):
    account = server.account(iam=True)
    for name in ("dev-1", "app-prd2"):
        account.bench("instance", id=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "rds:Describe*", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": "rds:DeleteDBInstance",
                "Resource": f"arn:aws:rds:*:{account.number}:db:dev-*",
            },
        ],
    }
    user = account.bench("user", name="ci", policy=policy)
    client = account.client("rds", user["access_key_id"], user["secret_access_key"])
    assert len(client.describe_db_instances()["DBInstances"]) == 2
    failure = error(
        client.delete_db_instance, DBInstanceIdentifier="app-prd2", SkipFinalSnapshot=True
    )
    assert failure[:2] == ("AccessDenied", 403) and "db:app-prd2" in failure[2], failure
    client.delete_db_instance(DBInstanceIdentifier="dev-1", SkipFinalSnapshot=True)
    wrong = account.client("rds", user["access_key_id"], "wrong")
    assert code(wrong.describe_db_instances) == "SignatureDoesNotMatch"
    zones = account.client("route53", user["access_key_id"], user["secret_access_key"])
    assert code(zones.list_hosted_zones) == "AccessDenied"


@check
def many_accounts_at_once(server):
    failures = []

    def one():
        try:
            account = server.account(delay=0.05, lag=2, dns_delay=0.05)
            account.restore("dev-1", account.production()["snapshot"])
            account.trace("dev-1")
            account.rds.modify_db_instance(DBInstanceIdentifier="dev-1", MasterUserPassword=NEW)
            account.rds.modify_db_instance(
                DBInstanceIdentifier="dev-1", BackupRetentionPeriod=1, ApplyImmediately=True
            )
            host = account.describe("dev-1")["Endpoint"]["Address"]
            end = time.time() + 30
            while account.psql("SELECT 1", host, NEW) != "1":
                assert time.time() < end, "the second modification lost the first"
            account.trace("dev-1")
            assert account.describe("dev-1")["BackupRetentionPeriod"] == 1
            zone = account.bench("zone", name="dev.internal")["id"]
            account.wait_insync(account.change(zone, ("CREATE", cname(host))))
            rows = account.psql("SELECT count(*) FROM customers", "db.dev.internal", NEW)
            assert rows == "100", rows
            account.rds.delete_db_instance(DBInstanceIdentifier="dev-1", SkipFinalSnapshot=True)
        except BaseException:
            failures.append(traceback.format_exc())

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


@check
def an_account_can_be_forgotten(server):
    account = server.account(delay=0)
    made = account.production()
    account.restore("dev-1", made["snapshot"])
    account.bench("account", "DELETE")
    assert account.rds.describe_db_instances()["DBInstances"] == []
    assert not os.path.exists(made["socket"])
    assert account.production()["address"] != made["address"]


@check
def a_role_of_ci_is_bound_to_its_policy(server):
    account = server.account(iam=True)
    for name in ("dev-1", "app-prod"):
        account.bench("instance", id=name)
    iam = account.client("iam")  # the root key may do anything
    trust = {"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": "sts:*"}
    deny = {"Effect": "Deny", "Action": "rds:Delete*", "Resource": "arn:aws:rds:*:*:db:app-prod"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = iam.create_role(RoleName="ci", AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName="ci", PolicyName="p", PolicyDocument=document(allow, deny))
    keys = account.client("sts").assume_role_with_web_identity(
        RoleArn=role["Arn"], RoleSessionName="session", WebIdentityToken="t" * 20
    )["Credentials"]
    session = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    delete = account.client("rds", *session).delete_db_instance
    assert code(delete, DBInstanceIdentifier="app-prod", SkipFinalSnapshot=True) == "AccessDenied"
    assert code(delete, DBInstanceIdentifier="dev-1", SkipFinalSnapshot=True) is None


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
