"""Checks of parameter groups, security groups, storage, and of stopping and starting."""

import time

from checks.harness import OLD, check, code, error

COMBINATION, VALUE = "InvalidParameterCombination", "InvalidParameterValue"
STATIC = "max_logical_replication_workers"


def shown_group(account, name):
    return account.describe(name)["DBParameterGroups"][0]["ParameterApplyStatus"]


def show(account, name, parameter):
    return account.bench("sql", db=name, sql=f"SHOW {parameter}")["rows"][0][0]


@check
def a_parameter_group_may_wait_for_a_reboot(server):
    account = server.account(delay=1.5, pending_reboot=1)
    snapshot = account.production()["snapshot"]
    parameters = {STATIC: "0", "work_mem": "2048", "max_connections": "{DBInstanceClassMemory/1}"}
    account.bench("group", kind="parameter", name="dev", parameters=parameters)
    account.restore("dev-1", snapshot, DBParameterGroupName="Dev")
    account.trace("dev-1")
    assert shown_group(account, "dev-1") == "pending-reboot"
    assert show(account, "dev-1", STATIC) == "4" and show(account, "dev-1", "work_mem") == "4MB"
    assert account.rds.reboot_db_instance(DBInstanceIdentifier="dev-1")["DBInstance"][
        "DBInstanceStatus"
    ] == "rebooting"
    assert code(account.rds.reboot_db_instance, DBInstanceIdentifier="dev-1") == (
        "InvalidDBInstanceState"
    )
    assert [status for status, _ in account.trace("dev-1")] == ["rebooting", "available"]
    assert shown_group(account, "dev-1") == "in-sync"
    assert show(account, "dev-1", STATIC) == "0" and show(account, "dev-1", "work_mem") == "2MB"
    account.restore("dev-2", snapshot)
    account.trace("dev-2")
    assert shown_group(account, "dev-2") == "in-sync", "a default group has nothing to apply"


@check
def a_changed_parameter_group_is_pending(server):
    account = server.account(delay=0, lag=0)
    snapshot = account.production()["snapshot"]
    for name in ("one", "two"):
        account.bench("group", kind="parameter", name=name, parameters={STATIC: "0"})
    account.restore("dev-1", snapshot, DBParameterGroupName="one")
    assert (shown_group(account, "dev-1"), show(account, "dev-1", STATIC)) == ("in-sync", "0")
    change = account.rds.modify_db_parameter_group
    wanted = {"ParameterName": STATIC, "ParameterValue": "2"}
    immediate = {**wanted, "ApplyMethod": "immediate"}
    assert code(change, DBParameterGroupName="one", Parameters=[immediate]) == COMBINATION
    many = [{**wanted, "ApplyMethod": "pending-reboot"}] * 21
    assert code(change, DBParameterGroupName="one", Parameters=many) == VALUE
    assert code(change, DBParameterGroupName="default.postgres15", Parameters=many[:1]) == (
        "InvalidDBParameterGroupState"
    )
    change(
        DBParameterGroupName="one",
        Parameters=[
            {**wanted, "ApplyMethod": "pending-reboot"},
            {"ParameterName": "work_mem", "ParameterValue": "3072", "ApplyMethod": "immediate"},
        ],
    )
    assert shown_group(account, "dev-1") == "pending-reboot"
    assert show(account, "dev-1", STATIC) == "0"
    end = time.time() + 5
    while show(account, "dev-1", "work_mem") != "3MB":
        assert time.time() < end
    account.rds.modify_db_instance(DBInstanceIdentifier="dev-1", DBParameterGroupName="two")
    assert shown_group(account, "dev-1") == "pending-reboot"
    account.rds.reboot_db_instance(DBInstanceIdentifier="dev-1")
    assert (shown_group(account, "dev-1"), show(account, "dev-1", STATIC)) == ("in-sync", "0")


@check
def a_parameter_group_has_to_be_of_the_family(server):
    account = server.account(delay=0)
    snapshot = account.production()["snapshot"]
    account.bench("group", kind="parameter", name="dev-16", family="postgres16")
    failure = error(account.restore, "dev-1", snapshot, DBParameterGroupName="dev-16")
    assert failure[:2] == (COMBINATION, 400) and "postgres15" in failure[2], failure
    assert code(account.restore, "dev-1", snapshot, DBParameterGroupName="nope") == (
        "DBParameterGroupNotFound"
    )
    default = "default.postgres14"
    assert code(account.restore, "dev-1", snapshot, DBParameterGroupName=default) == COMBINATION
    account.restore("dev-1", snapshot)
    modify = account.rds.modify_db_instance
    wrong = dict(DBInstanceIdentifier="dev-1", DBParameterGroupName="dev-16")
    assert code(modify, **wrong) == COMBINATION
    create = account.rds.create_db_parameter_group
    family = dict(DBParameterGroupName="x", DBParameterGroupFamily="postgres99", Description="x")
    assert code(create, **family) == VALUE


@check
def security_groups_take_their_time(server):
    account = server.account(delay=0, lag=0, group_lag=3)
    snapshot = account.production()["snapshot"]

    def groups():
        shown = account.describe("dev-1")["VpcSecurityGroups"]
        return sorted((each["VpcSecurityGroupId"], each["Status"]) for each in shown)

    account.restore("dev-1", snapshot, VpcSecurityGroupIds=["sg-1"])
    assert account.describe("dev-1")["DBInstanceStatus"] == "available"
    assert groups() == [("sg-1", "adding")]
    time.sleep(3.2)
    assert groups() == [("sg-1", "active")]
    modify = account.rds.modify_db_instance
    modify(DBInstanceIdentifier="dev-1", VpcSecurityGroupIds=["sg-2"])
    assert groups() == [("sg-1", "removing"), ("sg-2", "adding")]
    time.sleep(3.2)
    assert groups() == [("sg-2", "active")]


@check
def storage_follows_the_rules(server):
    account = server.account(delay=0)
    facts = {"AllocatedStorage": 200}
    snapshot = account.production(facts=facts)["snapshot"]
    for wrong, expected in (
        ({"StorageType": "gp9"}, VALUE),
        ({"StorageType": "io1"}, COMBINATION),
        ({"StorageType": "io2"}, COMBINATION),
        ({"StorageType": "io1", "Iops": 50}, COMBINATION),
        ({"StorageType": "io1", "Iops": 20000}, COMBINATION),
        ({"StorageType": "gp3", "Iops": 3000}, COMBINATION),
        ({"StorageType": "gp3", "StorageThroughput": 200}, COMBINATION),
        ({"AllocatedStorage": 100}, VALUE),
        ({"AllocatedStorage": 210}, VALUE),
        ({"AllocatedStorage": 70000}, VALUE),
        ({"StorageType": "standard", "AllocatedStorage": 3073}, VALUE),
    ):
        assert code(account.restore, "dev-x", snapshot, **wrong) == expected, wrong
    assert account.restore("dev-1", snapshot)["StorageType"] == "gp3"
    assert account.restore("dev-2", snapshot, AllocatedStorage=220)["AllocatedStorage"] == 220
    assert account.restore("dev-3", snapshot, StorageType="io2", Iops=2000)["Iops"] == 2000
    assert account.restore("dev-4", snapshot, Iops=2000)["StorageType"] == "io1"
    create = account.rds.create_db_instance
    new = dict(Engine="postgres", DBInstanceClass="db.t3.micro", MasterUsername="postgres")
    new.update(MasterUserPassword=OLD, DBInstanceIdentifier="new")
    assert code(create, **new, AllocatedStorage=19, StorageType="gp3") == VALUE
    assert code(create, **new, AllocatedStorage=99, StorageType="io1", Iops=1000) == VALUE
    account.bench("settings", quotas={"AllocatedStorage": 900})
    assert code(account.restore, "dev-5", snapshot) == "StorageQuotaExceeded"


@check
def a_restore_fails_in_the_services_words(server):
    account = server.account(delay=0)
    snapshot = account.production()["snapshot"]
    for name in (
        "InsufficientDBInstanceCapacity",
        "KMSKeyNotAccessibleFault",
        "InstanceQuotaExceeded",
        "StorageQuotaExceeded",
        "DBSnapshotNotFound",
        "InvalidDBSnapshotState",
    ):
        account.bench("faults", rules=[{"action": "RestoreDB.*", "code": name}])
        failure = error(account.restore, "dev-1", snapshot)
        assert failure[:2] == (name, 404 if name.endswith("NotFound") else 400), failure
        assert "injected" not in failure[2] and len(failure[2]) > 20, failure
    account.bench("faults", rules=[])
    assert error(account.restore, "dev-1", "rds:no-such")[:2] == ("DBSnapshotNotFound", 404)


@check
def an_instance_stops_and_starts(server):
    account = server.account(delay=1.5)
    account.restore("dev-1", account.production()["snapshot"])
    account.trace("dev-1")
    host = account.describe("dev-1")["Endpoint"]["Address"]
    rds, name = account.rds, dict(DBInstanceIdentifier="dev-1")
    state = "InvalidDBInstanceState"
    assert code(rds.start_db_instance, **name) == state
    assert rds.stop_db_instance(**name)["DBInstance"]["DBInstanceStatus"] == "stopping"
    assert account.trace("dev-1", "stopped")[-1] == ("stopped", True)
    assert "refused" in account.psql("SELECT 1", host, OLD)
    for call in (rds.stop_db_instance, rds.reboot_db_instance, rds.modify_db_instance):
        assert code(call, **name) == state, call
    rds.add_tags_to_resource(
        ResourceName=account.describe("dev-1")["DBInstanceArn"], Tags=[{"Key": "k", "Value": "v"}]
    )
    account.bench("facts", db="dev-1", facts={"DBParameterGroups": [
        {"DBParameterGroupName": "default.postgres15", "ParameterApplyStatus": "pending-reboot"}
    ]})
    rds.start_db_instance(**name)
    assert [status for status, _ in account.trace("dev-1")] == ["starting", "available"]
    assert account.psql("SELECT 1", host, OLD) == "1"
    assert shown_group(account, "dev-1") == "in-sync"
    account.bench("facts", db="dev-1", facts={"ReadReplicaDBInstanceIdentifiers": ["r"]})
    assert code(rds.stop_db_instance, **name) == state
    account.bench("facts", db="dev-1", facts={"ReadReplicaDBInstanceIdentifiers": []})
    rds.stop_db_instance(**name)
    account.trace("dev-1", "stopped")
    rds.delete_db_instance(**name, SkipFinalSnapshot=True)
    end = time.time() + 10
    while code(account.describe, "dev-1") != "DBInstanceNotFound":
        assert time.time() < end
