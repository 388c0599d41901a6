"""From request parameters to what a describe shows: defaults, inheritance, refusals.

Where the service's default depends on things that are not simulated, the more dangerous choice is
taken here, so that a client which leaves a parameter out is caught by the comparison it must make.
"""

import re

from errors import AwsError
from rds import storage
from rds.parameters import check_family, family_of, restored_status

INSTANCE_CLASS = re.compile(r"db\.[a-z0-9-]+\.[a-z0-9-]+")
CLASSES = [
    *("t3.micro", "t3.small", "t3.medium", "t3.large", "t4g.micro", "t4g.small", "t4g.medium", "t4g.large"),
    *("m5.large", "m6g.large", "m7g.large", "r5.large", "r6g.large"),
]
DEFAULT_SECURITY_GROUP = "sg-default"
PORTS = {"mysql": 3306, "mariadb": 3306, "aurora-mysql": 3306, "neptune": 8182, "docdb": 27017}

# Parameters that a describe shows under the same name and that a restore or a modify may set.
SAME_NAME = (
    "DBInstanceClass",
    "Engine",
    "EngineVersion",
    "MultiAZ",
    "PubliclyAccessible",
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "DeletionProtection",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "AllocatedStorage",
    "MaxAllocatedStorage",
    "StorageType",
    "StorageThroughput",
    "Iops",
    "LicenseModel",
    "AvailabilityZone",
    "CACertificateIdentifier",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "MasterUsername",
    "DBName",
    "DBClusterIdentifier",
    "StorageEncrypted",
    "KmsKeyId",
    "NetworkType",
)
# A restore takes these from the snapshot when the request does not name them.
INHERITED = (
    "DBInstanceClass",
    "Engine",
    "EngineVersion",
    "AllocatedStorage",
    "StorageEncrypted",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "DBName",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "IAMDatabaseAuthenticationEnabled",
    "DbInstancePort",
)


def of_create(store, params):
    engine = params.get("Engine") or "postgres"
    facts = {
        "Engine": engine,
        "EngineVersion": "15.4" if engine == "postgres" else "8.0",
        "DBInstanceClass": "db.t3.medium",
        "AllocatedStorage": 20,
        "StorageType": "gp3",
        "LicenseModel": "postgresql-license",
        "BackupRetentionPeriod": 1,
        "StorageEncrypted": False,
        "IAMDatabaseAuthenticationEnabled": False,
        "DbInstancePort": PORTS.get(engine, 5432),
        **_always(store),
    }
    apply(store, facts, params)
    return facts


def of_restore(store, snapshot, params):
    source = snapshot.instance_facts
    facts = {name: source[name] for name in INHERITED if source.get(name) is not None}
    facts.update(_always(store))
    facts["PubliclyAccessible"] = "DBSubnetGroupName" not in params
    storage.of_restore(facts, source, params)
    apply(store, facts, {name: value for name, value in params.items() if name != "Engine"})
    group = facts["DBParameterGroups"][0]
    name = group["DBParameterGroupName"]
    group["ParameterApplyStatus"] = restored_status(store.tenant, name)
    return facts


def _always(store):
    return {
        "MultiAZ": False,
        "PubliclyAccessible": True,
        "AutoMinorVersionUpgrade": True,
        "CopyTagsToSnapshot": False,
        "DeletionProtection": False,
        "PreferredBackupWindow": "02:00-02:30",
        "PreferredMaintenanceWindow": "sun:03:00-sun:03:30",
        "AvailabilityZone": store.region + "a",
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "MonitoringInterval": 0,
        "PerformanceInsightsEnabled": False,
        "VpcSecurityGroups": security_groups([DEFAULT_SECURITY_GROUP]),
        "DBSubnetGroup": subnet_group(store, "default"),
        "DBParameterGroups": [],
        "OptionGroupMemberships": [],
        "DBSecurityGroups": [],
        "EnabledCloudwatchLogsExports": [],
        "AssociatedRoles": [],
        "ReadReplicaDBInstanceIdentifiers": [],
        "DomainMemberships": [],
    }


def apply(store, facts, params):
    """Put the parameters of a create, restore or modify into `facts`; False and 0 count as given."""
    check(params)
    for name in SAME_NAME:
        if params.get(name) is not None:
            facts[name] = params[name]
    if params.get("Port"):
        facts["DbInstancePort"] = params["Port"]
    if params.get("EnableIAMDatabaseAuthentication") is not None:
        facts["IAMDatabaseAuthenticationEnabled"] = params["EnableIAMDatabaseAuthentication"]
    if params.get("VpcSecurityGroupIds"):
        facts["VpcSecurityGroups"] = security_groups(params["VpcSecurityGroupIds"])
    if params.get("DBSubnetGroupName"):
        facts["DBSubnetGroup"] = subnet_group(store, params["DBSubnetGroupName"])
    _apply_option_group(facts, params.get("OptionGroupName"))
    if params.get("EnableCloudwatchLogsExports") is not None:
        facts["EnabledCloudwatchLogsExports"] = params["EnableCloudwatchLogsExports"]
    exports = params.get("CloudwatchLogsExportConfiguration") or {}
    kept = [
        each
        for each in facts.get("EnabledCloudwatchLogsExports", [])
        if each not in (exports.get("DisableLogTypes") or [])
    ]
    facts["EnabledCloudwatchLogsExports"] = kept + (exports.get("EnableLogTypes") or [])
    storage.check(facts, params)
    _apply_parameter_group(store, facts, params.get("DBParameterGroupName"))


def _apply_option_group(facts, name):
    """The named group, or where there is none yet the default one, such as `default:postgres-15`."""
    if name or not facts["OptionGroupMemberships"]:
        major = family_of(facts).removeprefix(facts["Engine"]).replace(".", "-")
        name = name or f"default:{facts['Engine']}-{major}"
        facts["OptionGroupMemberships"] = [{"OptionGroupName": name, "Status": "in-sync"}]


def _apply_parameter_group(store, facts, name):
    """The named group, or the family's default where there is none yet; a change waits for a reboot."""
    had = [each["DBParameterGroupName"] for each in facts["DBParameterGroups"]]
    if not name and had:
        return
    name = (name or "default." + family_of(facts)).lower()
    check_family(store, name, facts)
    if name not in had:
        status = "pending-reboot" if had else "in-sync"
        facts["DBParameterGroups"] = [
            {"DBParameterGroupName": name, "ParameterApplyStatus": status}
        ]


def check(params):
    password = params.get("MasterUserPassword")
    if password is not None and (
        not 8 <= len(password) <= 128 or re.search(r"[/@\" ]|[^\x21-\x7e]", password)
    ):
        raise AwsError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII"
            " characters besides '/', '@', '\"', ' ' may be used.",
        )
    name = params.get("DBInstanceClass")
    if name and not INSTANCE_CLASS.fullmatch(name):
        raise AwsError("InvalidParameterValue", f"Invalid DB Instance class: {name}")
    for group in params.get("VpcSecurityGroupIds") or []:
        if not group.startswith("sg-"):
            raise AwsError("InvalidParameterValue", f"Invalid security group , groupId= {group}")
    days = params.get("BackupRetentionPeriod")
    if days is not None and not 0 <= days <= 35:
        raise AwsError(
            "InvalidParameterValue", f"Invalid backup retention period: {days}. Must be 0 to 35."
        )


def check_class(params, facts):
    """Refuse a class that is not orderable; planted instances may have any."""
    name = params.get("DBInstanceClass")
    if name and facts["Engine"] == "postgres" and name.removeprefix("db.") not in CLASSES:
        raise AwsError(
            "InvalidParameterCombination",
            "RDS does not support creating a DB instance with the following combination:"
            f" DBInstanceClass={name}, Engine=postgres, EngineVersion={facts['EngineVersion']},"
            f" LicenseModel={facts['LicenseModel']}.",
        )


def security_groups(identifiers):
    return [{"VpcSecurityGroupId": each, "Status": "active"} for each in identifiers]


def subnet_group(store, name):
    group = store.subnet_groups.get(name.lower())
    if not group:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    return {
        "DBSubnetGroupName": name.lower(),
        "DBSubnetGroupDescription": group["Description"],
        "VpcId": group["VpcId"],
        "SubnetGroupStatus": "Complete",
        "Subnets": [
            {
                "SubnetIdentifier": f"subnet-{letter}",
                "SubnetAvailabilityZone": {"Name": store.region + letter},
                "SubnetStatus": "Active",
            }
            for letter in "ab"
        ],
        "DBSubnetGroupArn": store.arn("subgrp", name.lower()),
    }
