"""What surrounds instances: subnet groups, engine versions, instance classes, quotas, events, backups."""

import datetime

from errors import AwsError
from rds.facts import CLASSES, subnet_group
from rds.paging import page
from rds.parameters import VERSIONS
from rds.store import now, plain_name


def create_subnet_group(store, params):
    name = params["DBSubnetGroupName"].lower()
    with store.tenant.lock:
        if name in store.subnet_groups:
            raise AwsError("DBSubnetGroupAlreadyExists", f"Subnet group {name} already exists")
        store.subnet_groups[name] = {
            "VpcId": "vpc-default",
            "Description": params["DBSubnetGroupDescription"],
        }
        return {"DBSubnetGroup": subnet_group(store, name)}


def describe_subnet_groups(store, params):
    with store.tenant.lock:
        names = [params["DBSubnetGroupName"]] if params.get("DBSubnetGroupName") else None
        groups = [subnet_group(store, name) for name in names or store.subnet_groups]
    groups, marker = page(store, params, groups, key=lambda each: each["DBSubnetGroupName"])
    return {"DBSubnetGroups": groups, "Marker": marker}


def delete_subnet_group(store, params):
    with store.tenant.lock:
        subnet_group(store, params["DBSubnetGroupName"])
        del store.subnet_groups[params["DBSubnetGroupName"].lower()]
    return {}


def describe_engine_versions(store, params):
    if params.get("Engine", "postgres") != "postgres":
        return {"DBEngineVersions": []}
    shown, wanted = [], params.get("EngineVersion")
    for major, versions in VERSIONS.items():
        for version in versions:
            family = f"postgres{major}"
            if wanted not in (None, version, major):
                continue
            if params.get("DBParameterGroupFamily") not in (None, family):
                continue
            shown.append(
                {
                    "Engine": "postgres",
                    "EngineVersion": version,
                    "MajorEngineVersion": major,
                    "DBParameterGroupFamily": family,
                    "DBEngineDescription": "PostgreSQL",
                    "DBEngineVersionDescription": f"PostgreSQL {version}-R1",
                    "ValidUpgradeTarget": [],
                    "ExportableLogTypes": ["postgresql", "upgrade"],
                    "SupportsReadReplica": True,
                    "Status": "available",
                }
            )
    if params.get("DefaultOnly"):
        shown = shown[-1:]
    shown, marker = page(store, params, shown, key=lambda each: each["EngineVersion"])
    return {"DBEngineVersions": shown, "Marker": marker}


def describe_orderable_options(store, params):
    if params["Engine"] != "postgres":
        return {"OrderableDBInstanceOptions": []}
    wanted, only = params.get("EngineVersion"), params.get("DBInstanceClass")
    versions = [v for each in VERSIONS.values() for v in each if wanted in (None, v)]
    shown = [
        {
            "Engine": "postgres",
            "EngineVersion": version,
            "DBInstanceClass": "db." + name,
            "LicenseModel": "postgresql-license",
            "StorageType": storage,
            "AvailabilityZones": [{"Name": store.region + letter} for letter in "abc"],
            "MultiAZCapable": True,
            "ReadReplicaCapable": True,
            "Vpc": True,
            "SupportsStorageEncryption": True,
            "SupportsIAMDatabaseAuthentication": True,
        }
        for version in versions
        for name in CLASSES
        for storage in ("gp2", "gp3")
        if only in (None, "db." + name)
    ]
    key = lambda each: f"{each['EngineVersion']} {each['DBInstanceClass']} {each['StorageType']}"
    shown, marker = page(store, params, shown, key=key, largest=1000)
    return {"OrderableDBInstanceOptions": shown, "Marker": marker}


def describe_account_attributes(store, params):
    with store.tenant.lock:
        manual = [each for each in store.snapshots.values() if each.kind == "manual"]
        used = {
            "DBInstances": len(store.instances),
            "AllocatedStorage": sum(i.facts["AllocatedStorage"] for i in store.instances.values()),
            "ManualSnapshots": len(manual),
        }
        quotas = dict(store.tenant.settings.quotas)
    return {
        "AccountQuotas": [
            {"AccountQuotaName": name, "Used": used.get(name, 0), "Max": limit}
            for name, limit in quotas.items()
        ]
    }


def describe_events(store, params):
    source, kind = params.get("SourceIdentifier"), params.get("SourceType")
    if source and not kind:
        raise AwsError(
            "InvalidParameterCombination", "Cannot specify source identifier without source type"
        )
    end = params.get("EndTime") or now()
    span = datetime.timedelta(minutes=params.get("Duration") or 60)
    start = params.get("StartTime") or end - span
    with store.tenant.lock:
        events = [dict(each, Number=f"{n:09}") for n, each in enumerate(store.events)]
    events = [
        each
        for each in events
        if start <= each["Date"] <= end
        and (not source or each["SourceIdentifier"] == plain_name(source))
        and (not kind or each["SourceType"] == kind)
        and set(params.get("EventCategories") or each["EventCategories"])
        & set(each["EventCategories"])
    ]
    events, marker = page(store, params, events, key=lambda each: each["Number"])
    return {"Events": events, "Marker": marker}


def describe_automated_backups(store, params):
    wanted, resource = params.get("DBInstanceIdentifier"), params.get("DbiResourceId")
    with store.tenant.lock:
        backups = [
            {
                "DBInstanceArn": each.arn,
                "DBInstanceIdentifier": each.identifier,
                "DbiResourceId": each.resource_id,
                "Region": store.region,
                "RestoreWindow": {"EarliestTime": each.created, "LatestTime": now()},
                "Status": "active",
                "Engine": each.facts["Engine"],
                "EngineVersion": each.facts["EngineVersion"],
                "AllocatedStorage": each.facts["AllocatedStorage"],
                "BackupRetentionPeriod": each.facts["BackupRetentionPeriod"],
                "Encrypted": each.facts.get("StorageEncrypted", False),
            }
            for each in store.instances.values()
            if each.facts["BackupRetentionPeriod"] > 0
            and wanted in (None, each.identifier)
            and resource in (None, each.resource_id)
        ]
    backups, marker = page(store, params, backups, key=lambda each: each["DBInstanceIdentifier"])
    return {"DBInstanceAutomatedBackups": backups, "Marker": marker}


ACTIONS = {
    "CreateDBSubnetGroup": create_subnet_group,
    "DeleteDBSubnetGroup": delete_subnet_group,
    "DescribeAccountAttributes": describe_account_attributes,
    "DescribeDBEngineVersions": describe_engine_versions,
    "DescribeDBInstanceAutomatedBackups": describe_automated_backups,
    "DescribeDBSubnetGroups": describe_subnet_groups,
    "DescribeEvents": describe_events,
    "DescribeOrderableDBInstanceOptions": describe_orderable_options,
    "DescribePendingMaintenanceActions": lambda store, params: {"PendingMaintenanceActions": []},
}
