"""Checks of instances and snapshots."""

import time

from checks.harness import NEW, OLD, check, cname, code, error


@check
def restore_shows_every_status(server):
    account = server.account(delay=2)
    production = account.production(tags={"env": "prod"})
    assert account.describe("app-prod")["DeletionProtection"] is True
    assert account.bench("sql", db="app-prod", sql="SELECT count(*), NULL, '' FROM customers")[
        "rows"
    ] == [["100", None, ""]]
    account.bench("sql", db="app-prod", sql="INSERT INTO customers(name) VALUES ('later')")
    shown = account.restore("dev-1", production["snapshot"])
    assert shown["DBInstanceStatus"] == "creating" and "Endpoint" not in shown
    assert shown["DeletionProtection"] is False and shown["BackupRetentionPeriod"] == 0
    assert shown["TagList"] == [{"Key": "a", "Value": "b"}]
    assert shown["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == "sg-default"
    assert shown["DbiResourceId"] != production["resource_id"]
    assert (
        code(account.rds.modify_db_instance, DBInstanceIdentifier="dev-1", MasterUserPassword=NEW)
        == "InvalidDBInstanceState"
    )
    assert code(account.restore, "DEV-1", production["snapshot"]) == "DBInstanceAlreadyExists"
    assert account.trace("dev-1") == [("creating", False), ("modifying", True), ("available", True)]
    account.restore("dev-2", production["snapshot"], BackupRetentionPeriod=3)
    statuses = [status for status, _ in account.trace("dev-2")]
    assert statuses == ["creating", "backing-up", "modifying", "available"], statuses
    endpoint = account.describe("dev-1")["Endpoint"]["Address"]
    ca = f"sslmode=verify-full sslrootcert={server.ready['ca']}".split()
    verified = dict(each.split("=") for each in ca)
    assert account.psql("SELECT count(*) FROM customers", endpoint, OLD, **verified) == "100"
    assert account.psql("SELECT rolsuper FROM pg_roles WHERE rolname = user", endpoint, OLD) == "f"
    assert account.psql("SET session_replication_role = replica; SELECT 1", endpoint, OLD).endswith(
        "1"
    )
    assert "reject" in account.psql("SELECT 1", endpoint, OLD, user="rdsadmin")
    assert "reject" in account.psql("SELECT 1", endpoint, OLD, dbname="rdsadmin")
    account.restore("dev-3", production["snapshot"], Tags=[])
    assert account.describe("dev-3")["TagList"] == [{"Key": "env", "Value": "prod"}]
    account.bench("settings", force_ssl=True)
    account.trace("dev-3")
    account.restore("dev-4", production["snapshot"])
    account.trace("dev-4")
    endpoint = account.describe("dev-4")["Endpoint"]["Address"]
    assert "no encryption" in account.psql("SELECT 1", endpoint, OLD, sslmode="disable")


@check
def a_restore_inherits_and_forgets(server):
    account = server.account(delay=0, lag=0)
    production = account.production(
        engine_version="15.12",
        retention=9,
        tags={"env": "prod"},
        security_groups=["sg-prod"],
        facts={
            "IAMDatabaseAuthenticationEnabled": True,
            "DbInstancePort": 5432,
            "MultiAZ": True,
            "EnabledCloudwatchLogsExports": ["postgresql"],
            "MonitoringInterval": 60,
            "PerformanceInsightsEnabled": True,
            "OptionGroupMemberships": [{"OptionGroupName": "prod", "Status": "in-sync"}],
            "AssociatedRoles": [{"RoleArn": "arn:aws:iam::1:role/s3", "Status": "ACTIVE"}],
        },
    )
    account.rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="dev-1", DBSnapshotIdentifier=production["snapshot"]
    )
    shown = account.describe("dev-1")
    inherited = {
        "DBInstanceClass": "db.m5.large",
        "EngineVersion": "15.12",
        "AllocatedStorage": 20,
        "MasterUsername": "postgres",
        "BackupRetentionPeriod": 9,
        "IAMDatabaseAuthenticationEnabled": True,
        "TagList": [{"Key": "env", "Value": "prod"}],
    }
    forgotten = {
        "DeletionProtection": False,
        "MultiAZ": False,
        "MonitoringInterval": 0,
        "PerformanceInsightsEnabled": False,
        "EnabledCloudwatchLogsExports": [],
        "AssociatedRoles": [],
        "StorageType": "gp3",
    }
    for name, value in {**inherited, **forgotten}.items():
        assert shown.get(name, []) == value, (name, shown.get(name))
    assert shown["Endpoint"]["Port"] == 5432
    groups = [each["VpcSecurityGroupId"] for each in shown["VpcSecurityGroups"]]
    assert groups == ["sg-default"]
    assert shown["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres15"
    assert shown["OptionGroupMemberships"][0]["OptionGroupName"] == "default:postgres-15"
    assert shown["DBSubnetGroup"]["DBSubnetGroupName"] == "default"
    modify = account.rds.modify_db_instance
    modify(DBInstanceIdentifier="dev-1", BackupRetentionPeriod=0)
    assert account.describe("dev-1")["PendingModifiedValues"] == {"BackupRetentionPeriod": 0}
    modify(DBInstanceIdentifier="dev-1", AllocatedStorage=30)
    modify(DBInstanceIdentifier="dev-1", BackupRetentionPeriod=0, ApplyImmediately=True)
    shown = account.describe("dev-1")
    assert shown["PendingModifiedValues"] == {}
    assert (shown["BackupRetentionPeriod"], shown["AllocatedStorage"]) == (0, 30)
    backups = lambda: account.rds.describe_db_snapshots(DBInstanceIdentifier="dev-1")["DBSnapshots"]
    assert backups() == []
    modify(DBInstanceIdentifier="dev-1", BackupRetentionPeriod=3, ApplyImmediately=True)
    assert [each["Status"] for each in backups()] == ["available"]


@check
def password_changes_late(server):
    account = server.account(lag=3, delay=1)
    account.restore("dev-1", account.production()["snapshot"])
    account.trace("dev-1")
    host = account.describe("dev-1")["Endpoint"]["Address"]
    modify = account.rds.modify_db_instance
    assert (
        code(modify, DBInstanceIdentifier="dev-1", MasterUserPassword="a/b")
        == "InvalidParameterValue"
    )
    shown = modify(DBInstanceIdentifier="dev-1", MasterUserPassword=NEW)["DBInstance"]
    assert shown["DBInstanceStatus"] == "available"
    assert shown["PendingModifiedValues"] == {"MasterUserPassword": "****"}
    assert account.psql("SELECT 1", host, OLD) == "1"
    statuses = [status for status, _ in account.trace("dev-1", "resetting-master-credentials")]
    assert statuses[-1] == "resetting-master-credentials"
    account.trace("dev-1")
    assert account.describe("dev-1")["PendingModifiedValues"] == {}
    assert "authentication failed" in account.psql("SELECT 1", host, OLD)
    assert account.psql("SELECT 1", host, NEW) == "1"
    modify(DBInstanceIdentifier="dev-1", VpcSecurityGroupIds=["sg-9"], ApplyImmediately=True)
    assert "modifying" in [status for status, _ in account.trace("dev-1", "modifying")]
    account.trace("dev-1")
    assert account.describe("dev-1")["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == "sg-9"
    account.bench("next", action="password", stuck=True)
    modify(DBInstanceIdentifier="dev-1", MasterUserPassword="Never-1234")
    time.sleep(1.5)
    shown = account.describe("dev-1")
    assert shown["DBInstanceStatus"] == "available" and shown["PendingModifiedValues"]
    assert account.psql("SELECT 1", host, NEW) == "1"


@check
def delete_follows_the_rules(server):
    account = server.account(delay=1)
    account.restore("dev-1", account.production()["snapshot"])
    account.trace("dev-1")
    host = account.describe("dev-1")["Endpoint"]["Address"]
    delete = account.rds.delete_db_instance
    refused = "InvalidParameterCombination"
    assert code(delete, DBInstanceIdentifier="app-prod", SkipFinalSnapshot=True) == refused
    assert code(delete, DBInstanceIdentifier="dev-1") == refused
    assert (
        code(
            delete,
            DBInstanceIdentifier="dev-1",
            SkipFinalSnapshot=True,
            FinalDBSnapshotIdentifier="f",
        )
        == refused
    )
    shown = delete(DBInstanceIdentifier="dev-1", FinalDBSnapshotIdentifier="last")["DBInstance"]
    assert shown["DBInstanceStatus"] == "deleting"
    assert (
        code(delete, DBInstanceIdentifier="dev-1", SkipFinalSnapshot=True)
        == "InvalidDBInstanceState"
    )
    end = time.time() + 20
    while code(account.describe, "dev-1") != "DBInstanceNotFound":
        assert time.time() < end
        time.sleep(0.02)
    assert error(account.describe, "dev-1")[1] == 404
    assert host not in open(account.hosts).read()
    assert account.bench("state", "GET")["snapshots"]["last"]["status"] == "available"
    account.restore("dev-2", "last")
    account.trace("dev-2")


@check
def snapshots_have_chosen_times(server):
    account = server.account(delay=0.3, page_size=2)
    newest = account.production()["snapshot"]
    old = account.bench(
        "snapshot",
        db="app-prod",
        created_at="2026-01-02T03:04:05Z",
        database_time="2026-01-02T03:04:00Z",
        original_created_at="2026-01-01T00:00:00Z",
    )["id"]
    assert old == "rds:app-prod-2026-01-02-03-04"
    account.bench(
        "snapshot", db="app-prod", type="awsbackup", status="creating", empty=True, age_seconds=60
    )
    account.bench("snapshot", db="app-prod", id="by-hand", type="manual", age_seconds=3600)
    pages = account.rds.get_paginator("describe_db_snapshots").paginate(
        DBInstanceIdentifier="app-prod"
    )
    pages = [page["DBSnapshots"] for page in pages]
    assert [len(page) for page in pages] == [2, 1], pages
    found = {each["DBSnapshotIdentifier"]: each for page in pages for each in page}
    assert found[old]["SnapshotDatabaseTime"] < found[old]["SnapshotCreateTime"]
    assert found[old]["OriginalSnapshotCreateTime"].isoformat() == "2026-01-01T00:00:00+00:00"
    being_made = account.rds.describe_db_snapshots(SnapshotType="awsbackup")["DBSnapshots"]
    assert len(being_made) == 1 and "SnapshotCreateTime" not in being_made[0]
    automated = account.rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    assert {each["DBSnapshotIdentifier"] for each in automated} == {old, newest}
    describe = account.rds.describe_db_snapshots
    assert error(describe, DBSnapshotIdentifier="nope")[:2] == ("DBSnapshotNotFound", 404)
    assert code(describe, MaxRecords=5) == "InvalidParameterValue"
    taken = account.rds.create_db_snapshot(
        DBInstanceIdentifier="app-prod", DBSnapshotIdentifier="now"
    )["DBSnapshot"]
    assert taken["Status"] == "creating" and "SnapshotCreateTime" not in taken
    assert account.describe("app-prod")["DBInstanceStatus"] == "backing-up"
    account.trace("app-prod")
    assert (
        account.rds.describe_db_snapshots(DBSnapshotIdentifier="now")["DBSnapshots"][0]["Status"]
        == "available"
    )
    assert (
        code(account.rds.delete_db_snapshot, DBSnapshotIdentifier=old) == "InvalidDBSnapshotState"
    )
    assert code(account.restore, "dev-1", "awsbackup:nothing") == "DBSnapshotNotFound"
    account.bench("status", snapshot=old, status="creating")
    assert code(account.restore, "dev-1", old) == "InvalidDBSnapshotState"


@check
def forced_outcomes_and_events(server):
    account = server.account(delay=0.1)
    snapshot = account.production()["snapshot"]
    account.bench(
        "next",
        action="restore",
        status="incompatible-parameters",
        message="bad shared_preload_libraries",
    )
    account.restore("dev-1", snapshot)
    account.trace("dev-1", "incompatible-parameters")
    events = account.rds.describe_events(SourceIdentifier="dev-1", SourceType="db-instance")[
        "Events"
    ]
    assert "bad shared_preload_libraries" in [each["Message"] for each in events]
    account.rds.delete_db_instance(DBInstanceIdentifier="dev-1", SkipFinalSnapshot=True)
    account.bench(
        "next",
        action="restore",
        facts={"PubliclyAccessible": True, "BackupRetentionPeriod": 7},
        security_groups=["sg-open"],
    )
    account.restore("dev-2", snapshot, PubliclyAccessible=False)
    shown = account.describe("dev-2")
    assert shown["PubliclyAccessible"] and shown["BackupRetentionPeriod"] == 7
    assert shown["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == "sg-open"
    account.bench("settings", not_found_after_create_seconds=3, tags_lag=6)
    arn = account.restore("dev-3", snapshot)["DBInstanceArn"]
    assert code(account.describe, "dev-3") == "DBInstanceNotFound"
    account.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "late", "Value": "1"}])
    end = time.time() + 10
    while code(account.describe, "dev-3"):
        assert time.time() < end
        time.sleep(0.05)
    listed = account.rds.list_tags_for_resource(ResourceName=arn)["TagList"]
    assert listed == [{"Key": "a", "Value": "b"}], listed
    time.sleep(6)
    assert {"Key": "late", "Value": "1"} in account.describe("dev-3")["TagList"]
    account.trace("dev-3")
    account.bench("settings", quotas={"DBInstances": 3})
    assert code(account.restore, "dev-4", snapshot) == "InstanceQuotaExceeded"
    quotas = account.rds.describe_account_attributes()["AccountQuotas"]
    assert {"AccountQuotaName": "DBInstances", "Used": 3, "Max": 3} in quotas
    account.bench("status", db="dev-3", status="storage-full", message="no space left")
    assert account.describe("dev-3")["DBInstanceStatus"] == "storage-full"


@check
def without_delays_everything_is_there_at_once(server):
    account = server.account(delay=0, lag=0, dns_delay=0)
    account.restore("dev-1", account.production()["snapshot"])
    shown = account.describe("dev-1")
    assert shown["DBInstanceStatus"] == "available"
    account.rds.modify_db_instance(DBInstanceIdentifier="dev-1", MasterUserPassword=NEW)
    shown = account.describe("dev-1")
    assert shown["PendingModifiedValues"] == {}
    assert account.psql("SELECT 1", shown["Endpoint"]["Address"], NEW) == "1"
    zone = account.bench("zone", name="dev.internal")["id"]
    change = account.change(zone, ("CREATE", cname(shown["Endpoint"]["Address"])))
    assert account.route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    account.rds.delete_db_instance(DBInstanceIdentifier="dev-1", SkipFinalSnapshot=True)
    assert code(account.describe, "dev-1") == "DBInstanceNotFound"


@check
def every_installed_version_works(server):
    account = server.account(delay=0)
    for major in server.majors:
        name = f"prod-{major}"
        made = account.production(id=name, engine_version=f"{major}.1")
        sql = "SELECT current_setting('server_version_num')::int / 10000"
        assert account.bench("sql", db=name, sql=sql)["rows"] == [[str(major)]]
        account.bench("snapshot", db=name, type="manual", id=f"by-hand-{major}")
        for number, snapshot in enumerate((made["snapshot"], f"by-hand-{major}")):
            copy = f"dev-{major}-{number}"
            account.restore(copy, snapshot)
            endpoint = account.describe(copy)["Endpoint"]["Address"]
            assert account.psql("SELECT count(*) FROM customers", endpoint, OLD) == "100"
            account.bench("remove", db=copy)
