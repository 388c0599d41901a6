"""Checks of what the services refuse: identifiers, tags, pages, states, batches."""

import datetime

from checks.harness import check, cname, code, error

VALUE, STATE = "InvalidParameterValue", "InvalidDBInstanceState"


@check
def identifiers_have_no_case(server):
    account = server.account(delay=0)
    snapshot = account.production()["snapshot"]
    shown = account.restore("Dev-One", snapshot)
    assert shown["DBInstanceIdentifier"] == "dev-one" and shown["DBInstanceArn"].endswith("dev-one")
    assert account.describe("DEV-ONE")["DBInstanceIdentifier"] == "dev-one"
    assert code(account.restore, "DEV-one", snapshot) == "DBInstanceAlreadyExists"
    found = account.rds.describe_db_snapshots(DBInstanceIdentifier="APP-PROD")["DBSnapshots"]
    assert [each["DBSnapshotIdentifier"] for each in found] == [snapshot]
    account.restore("dev-two", snapshot.upper())
    account.rds.modify_db_instance(
        DBInstanceIdentifier="dev-two", NewDBInstanceIdentifier="DEV-Three", ApplyImmediately=True
    )
    for name in ("1abc", "a--b", "a-", "a_b", "a" * 64, "dév"):
        assert code(account.restore, name, snapshot) == VALUE, name
    assert code(account.restore, "a" * 63, snapshot) is None
    create = account.rds.create_db_snapshot
    assert code(create, DBInstanceIdentifier="dev-one", DBSnapshotIdentifier="s" * 255) is None
    assert code(create, DBInstanceIdentifier="dev-one", DBSnapshotIdentifier="rds:x") == VALUE


@check
def classes_have_to_be_orderable(server):
    account = server.account(delay=0)
    snapshot = account.production()["snapshot"]
    options = account.rds.describe_orderable_db_instance_options
    listed = lambda name: options(Engine="postgres", DBInstanceClass=name)["OrderableDBInstanceOptions"]
    assert listed("db.t4g.medium") and not listed("db.t1.micro")
    combination = "InvalidParameterCombination"
    assert code(account.restore, "dev-1", snapshot, DBInstanceClass="db.t1.micro") == combination
    assert code(account.restore, "dev-1", snapshot, DBInstanceClass="t4g.medium") == VALUE
    account.restore("dev-1", snapshot, DBInstanceClass="db.t4g.medium")
    modify = account.rds.modify_db_instance
    assert code(modify, DBInstanceIdentifier="dev-1", DBInstanceClass="db.t1.micro") == combination


@check
def tags_have_limits(server):
    account = server.account(delay=0)
    arn = account.restore("dev-1", account.production()["snapshot"])["DBInstanceArn"]
    add = lambda *tags: account.rds.add_tags_to_resource(
        ResourceName=arn, Tags=[{"Key": key, "Value": value} for key, value in tags]
    )
    assert code(add, ("k" * 128, "v" * 256)) is None
    for bad in (("k" * 129, ""), ("k", "v" * 257), ("aws:x", ""), ("rds:x", ""), ("k", "a,b"), ("", "x")):
        assert code(add, bad) == VALUE, bad
    assert code(add, *((f"k{number}", "") for number in range(48))) is None
    assert code(add, ("one-more", "")) == VALUE
    assert code(add, ("k1", "changed")) is None
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    assert code(account.restore, "dev-2", "rds:x", Tags=many) == "DBSnapshotNotFound"
    snapshot = account.rds.describe_db_snapshots()["DBSnapshots"][0]["DBSnapshotIdentifier"]
    assert code(account.restore, "dev-2", snapshot, Tags=many) == VALUE


@check
def pages_have_limits(server):
    account = server.account()
    for number in range(105):
        account.bench("instance", id=f"x{number:03}")
    describe = account.rds.describe_db_instances
    first = describe()
    assert len(first["DBInstances"]) == 100
    second = describe(Marker=first["Marker"])
    assert len(second["DBInstances"]) == 5 and "Marker" not in second
    assert len(describe(MaxRecords=20)["DBInstances"]) == 20
    for size in (1, 19, 101):
        assert code(describe, MaxRecords=size) == VALUE
        assert code(account.rds.describe_db_snapshots, MaxRecords=size) == VALUE
        assert code(account.rds.describe_events, MaxRecords=size) == VALUE
    assert code(describe, Marker="nonsense") == VALUE
    alone = {"SourceIdentifier": "x000"}
    assert code(account.rds.describe_events, **alone) == "InvalidParameterCombination"
    orderable = account.rds.describe_orderable_db_instance_options
    assert code(orderable, Engine="postgres", MaxRecords=1000) is None
    assert code(orderable, Engine="postgres", MaxRecords=1001) == VALUE
    zone = account.bench("zone", name="dev.internal")["id"]
    listed = account.route53.list_resource_record_sets
    assert code(listed, HostedZoneId=zone, MaxItems="0") == "InvalidInput"
    assert code(listed, HostedZoneId=zone, StartRecordType="CNAME") == "InvalidInput"
    for number in range(110):
        account.bench("record", zone=zone, name=f"r{number:03}.dev.internal", value="x.example")
    account.bench("settings", page_size=1000)
    assert listed(HostedZoneId=zone)["IsTruncated"] is False
    for number in range(200):
        account.bench("record", zone=zone, name=f"s{number:03}.dev.internal", value="x.example")
    page = listed(HostedZoneId=zone, MaxItems="1000")
    assert len(page["ResourceRecordSets"]) == 300 and page["NextRecordName"].startswith("s188.")


@check
def snapshots_are_listed_by_type(server):
    account = server.account(delay=0)
    automated = account.production()["snapshot"]
    for kind in ("manual", "awsbackup", "shared", "public"):
        account.bench("snapshot", db="app-prod", id=f"a-{kind}", type=kind, empty=True)
    listed = lambda **given: {
        each["SnapshotType"] for each in account.rds.describe_db_snapshots(**given)["DBSnapshots"]
    }
    assert listed() == {"automated", "manual"}
    assert listed(SnapshotType="awsbackup") == {"awsbackup"}
    assert listed(IncludeShared=True) == {"automated", "manual", "shared"}
    assert listed(DBSnapshotIdentifier=automated, SnapshotType="automated") == {"automated"}
    assert code(listed, DBSnapshotIdentifier=automated) == "DBSnapshotNotFound"
    assert listed(DBSnapshotIdentifier="a-shared") == {"shared"}
    assert code(account.restore, "dev-1", "a-shared") == "DBSnapshotNotFound"
    arn = f"arn:aws:rds:us-east-1:{account.number}:snapshot:a-shared"
    assert code(account.restore, "dev-1", arn) is None


@check
def changes_need_the_right_status(server):
    account = server.account(delay=0)
    account.restore("dev-1", account.production()["snapshot"])
    rds, name = account.rds, {"DBInstanceIdentifier": "dev-1"}
    for status in ("creating", "modifying", "rebooting", "stopped", "backing-up", "failed", "upgrading"):
        account.bench("status", db="dev-1", status=status)
        assert code(rds.modify_db_instance, **name, BackupRetentionPeriod=1) == STATE, status
        assert code(rds.reboot_db_instance, **name) == STATE, status
        snapshot = dict(name, DBSnapshotIdentifier="s")
        assert code(rds.create_db_snapshot, **snapshot) == STATE, status
    for status in ("failed", "incompatible-restore", "incompatible-network"):
        account.bench("status", db="dev-1", status=status)
        assert code(rds.delete_db_instance, **name, FinalDBSnapshotIdentifier="f") == STATE
    assert code(rds.delete_db_instance, **name, SkipFinalSnapshot=True) is None


@check
def records_have_rules(server):
    account = server.account(dns_delay=0)
    zone = account.bench("zone", name="dev.internal")["id"]
    change = lambda *changes: account.change(zone, *changes)
    assert code(change, ("CREATE", cname("a.example"))) is None
    refused = "InvalidChangeBatch"
    assert code(change, ("CREATE", cname("b.example"))) == refused
    assert code(change, ("DELETE", cname("a.example", ttl=61))) == refused
    assert code(change, ("DELETE", cname("b.example"))) == refused
    both = ("DELETE", cname("a.example")), ("DELETE", cname("a.example"))
    assert code(change, *both) == refused, "the same record twice in one batch"
    account.route53 = account.client("route53", parameter_validation=False)
    assert code(change, ("UPSERT", cname("a.example", ttl=-1))) == "InvalidInput"
    assert code(change, ("UPSERT", cname("a..example"))) == refused
    assert code(change, ("UPSERT", cname("a" * 64 + ".example"))) == refused
    address = {**cname("1.2.3.300", name="a.dev.internal"), "Type": "A"}
    assert code(change, ("UPSERT", address)) == refused
    many = [("UPSERT", cname("x.example", name=f"r{n}.dev.internal")) for n in range(501)]
    assert code(change, *many) == refused
    assert code(change, *many[:500]) is None
    account.bench("faults", rules=[{"action": "ChangeR.*", "code": "PriorRequestNotComplete"}])
    assert error(change, ("UPSERT", cname("a.example")))[:2] == ("PriorRequestNotComplete", 400)
    account.bench("faults", rules=[])
    assert code(account.change, "ZNOPE", ("UPSERT", cname("a.example"))) == "NoSuchHostedZone"
    listed = account.route53.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName="DB.Dev.Internal", StartRecordType="CNAME"
    )["ResourceRecordSets"][0]
    assert listed["Name"] == "db.dev.internal." and listed["ResourceRecords"][0]["Value"] == "a.example"


@check
def a_registry_token_is_good_for_twelve_hours(server):
    account = server.account()
    data = account.client("ecr").get_authorization_token()["authorizationData"][0]
    left = data["expiresAt"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=11.9) < left < datetime.timedelta(hours=12.1), left
    host = f"https://{account.number}.dkr.ecr.us-east-1.amazonaws.com"
    assert data["proxyEndpoint"] == host
    assert error(account.client("ecr").describe_images, repositoryName="no")[0] == (
        "RepositoryNotFoundException"
    )
