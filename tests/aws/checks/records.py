"""Checks of Route 53 and of what resolvers see."""

import time

from checks.harness import OLD, check, cname, code, error


@check
def records_change_as_a_whole(server):
    account = server.account(dns_delay=2, delay=0)
    snapshot = account.production()["snapshot"]
    targets = []
    for name in ("dev-1", "dev-2"):
        account.restore(name, snapshot)
        targets.append(account.describe(name)["Endpoint"]["Address"])
    zone = account.bench("zone", name="dev.internal", private=True)["id"]
    assert account.route53.get_hosted_zone(Id=zone)["HostedZone"]["Config"]["PrivateZone"] is True
    change = account.change(zone, ("CREATE", cname(targets[0])))
    assert change["Status"] == "PENDING" and "db.dev.internal" not in open(account.hosts).read()
    account.wait_insync(change)
    assert account.psql("SELECT current_database()", "db.dev.internal", OLD) == "app"
    refusal = account.psql(
        "SELECT 1", "db.dev.internal", OLD, sslmode="verify-full", sslrootcert=server.ready["ca"]
    )
    assert "does not match host name" in refusal, refusal
    swap = ("DELETE", cname("wrong." + targets[0])), ("CREATE", cname(targets[1]))
    failure = error(account.change, zone, *swap)
    assert failure[:2] == ("InvalidChangeBatch", 400), failure
    assert (
        failure[2]
        == "[Tried to delete resource record set [name='db.dev.internal.', type='CNAME'] but the values provided do not match the current values, Tried to create resource record set [name='db.dev.internal.', type='CNAME'] but it already exists]"
    ), failure[2]
    assert (
        "it was not found"
        in error(account.change, zone, ("DELETE", cname("x", name="no.dev.internal")))[2]
    )
    half = ("CREATE", cname("x.y", name="new.dev.internal")), ("CREATE", cname("x.y"))
    assert code(account.change, zone, *half) == "InvalidChangeBatch"
    names = [
        r["Name"]
        for r in account.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    ]
    assert names == ["dev.internal.", "dev.internal.", "db.dev.internal."], names
    for bad in (
        cname("x.y", name="dev.internal"),
        cname("x.y", name="db.other.internal"),
        {**cname("1.2.3.4"), "Type": "A"},
    ):
        assert code(account.change, zone, ("UPSERT", bad)) == "InvalidChangeBatch"
    assert error(account.route53.get_change, Id="CNOPE")[:2] == ("NoSuchChange", 404)
    account.bench("settings", dns_lag=3)
    swapped = account.change(
        zone, ("DELETE", cname(targets[0])), ("CREATE", cname(targets[1], ttl=30))
    )
    account.wait_insync(swapped)
    state = account.bench("state", "GET")
    assert state["dns"]["db.dev.internal"] == state["instances"]["dev-1"]["address"]  # stale
    time.sleep(3.5)
    state = account.bench("state", "GET")
    assert state["dns"]["db.dev.internal"] == state["instances"]["dev-2"]["address"]
    account.bench("settings", insync=False)
    never = account.change(zone, ("UPSERT", cname(targets[0])))
    time.sleep(2.5)
    assert account.route53.get_change(Id=never["Id"])["ChangeInfo"]["Status"] == "PENDING"


@check
def zones_are_listed_like_the_service_does(server):
    account = server.account(page_size=2)
    zones = [
        account.bench("zone", name=name, linked_service=service)["id"]
        for name, service in (
            ("b.example", None),
            ("a.example", "servicediscovery.amazonaws.com"),
            ("example", None),
        )
    ]
    listed = account.route53.list_hosted_zones_by_name(DNSName="a.example")
    assert [each["Name"] for each in listed["HostedZones"]] == ["a.example.", "b.example."]
    shown = account.route53.get_hosted_zone(Id=zones[1])["HostedZone"]
    assert shown["LinkedService"]["ServicePrincipal"] == "servicediscovery.amazonaws.com"
    assert (
        code(account.change, zones[1], ("UPSERT", cname("x.y", name="q.a.example")))
        == "AccessDenied"
    )
    pages = list(account.route53.get_paginator("list_hosted_zones").paginate())
    assert sum(len(page["HostedZones"]) for page in pages) == 3 and len(pages) == 2
    record = {"zone": zones[0], "name": "w.b.example", "type": "CNAME"}
    account.bench("record", **record, set_identifier="one", weight=10, values=["one.example"])
    account.bench("record", **record, set_identifier="two", weight=20, values=["two.example"])
    account.bench(
        "record", zone=zones[0], name="many.b.example", type="A", values=["1.1.1.1", "2.2.2.2"]
    )
    account.bench(
        "record", zone=zones[0], name="alias.b.example", type="A", alias="x.elb.amazonaws.com"
    )
    pages = account.route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zones[0]
    )
    listed = [each for page in pages for each in page["ResourceRecordSets"]]
    assert [(r["Name"], r.get("SetIdentifier")) for r in listed[2:]] == [
        ("alias.b.example.", None),
        ("many.b.example.", None),
        ("w.b.example.", "one"),
        ("w.b.example.", "two"),
    ], listed
    assert (
        code(account.change, zones[0], ("CREATE", cname("x.y", name="w.b.example")))
        == "InvalidChangeBatch"
    )
    create = account.route53.create_hosted_zone
    made = create(Name="New.Example", CallerReference="once")
    assert made["HostedZone"]["Name"] == "new.example."
    assert error(create, Name="new.example", CallerReference="once")[:2] == (
        "HostedZoneAlreadyExists",
        409,
    )
