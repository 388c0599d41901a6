"""The RDS API: one function per action, from parsed parameters to the answer as a dict.

Actions that are not named here, Aurora's for instance, go to moto, unless they touch an instance or
a snapshot: moto knows none of ours, and its "not found" would be a lie.
"""

import re
import time

from errors import AwsError
from rds import catalogue
from rds.paging import page
from rds.store import check_tags, plain_name

NOT_SIMULATED = re.compile(r".*DB(Instance|Snapshot|LogFile)|.*ReadReplica|.*BlueGreen.*")
INSTANCE_FILTERS = {
    "db-instance-id": lambda instance: (instance.identifier, instance.arn),
    "db-cluster-id": lambda instance: (instance.facts.get("DBClusterIdentifier"),),
    "dbi-resource-id": lambda instance: (instance.resource_id,),
    "engine": lambda instance: (instance.facts["Engine"],),
    "domain": lambda instance: (),
}
SNAPSHOT_FILTERS = {
    "db-instance-id": lambda snapshot: (snapshot.facts["DBInstanceIdentifier"],),
    "db-snapshot-id": lambda snapshot: (snapshot.identifier,),
    "dbi-resource-id": lambda snapshot: (snapshot.facts["DbiResourceId"],),
    "snapshot-type": lambda snapshot: (snapshot.kind,),
    "engine": lambda snapshot: (snapshot.facts.get("Engine"),),
}


class Rds:
    def __init__(self, lifecycle):
        self._lifecycle = lifecycle
        backups = lifecycle.backups
        self.actions = {
            **catalogue.ACTIONS,
            **lifecycle.parameter_groups.actions,
            "AddTagsToResource": add_tags,
            "CopyDBSnapshot": wrapped("DBSnapshot", backups.copy),
            "CreateDBInstance": wrapped("DBInstance", lifecycle.create),
            "CreateDBSnapshot": wrapped("DBSnapshot", backups.create),
            "DeleteDBInstance": wrapped("DBInstance", lifecycle.delete),
            "DeleteDBSnapshot": wrapped("DBSnapshot", backups.delete),
            "DescribeDBInstances": describe_instances,
            "DescribeDBSnapshots": describe_snapshots,
            "ListTagsForResource": list_tags,
            "ModifyDBInstance": wrapped("DBInstance", lifecycle.modify),
            "RebootDBInstance": wrapped("DBInstance", lifecycle.reboot),
            "RemoveTagsFromResource": remove_tags,
            "RestoreDBInstanceFromDBSnapshot": wrapped("DBInstance", lifecycle.restore),
            "StartDBInstance": wrapped("DBInstance", lifecycle.start),
            "StopDBInstance": wrapped("DBInstance", lifecycle.stop),
        }

    def find(self, action):
        """The function for an action; None means that moto is to answer."""
        if action in self.actions:
            return self.actions[action]
        if NOT_SIMULATED.match(action):
            return not_simulated
        return None


def not_simulated(store, params):
    raise AwsError("InvalidAction", "This action is not part of the simulated account.")


def wrapped(name, function):
    return lambda store, params: {name: function(store, params)}


def describe_instances(store, params):
    name = params.get("DBInstanceIdentifier")
    with store.tenant.lock:
        found = _filtered(_visible(store), params.get("Filters"), INSTANCE_FILTERS)
        if name:
            found = [each for each in found if each.identifier == plain_name(name)]
            if not found and not params.get("Filters"):
                raise AwsError("DBInstanceNotFound", f"DBInstance {plain_name(name)} not found.")
        found, marker = page(store, params, found, key=str)
        return {"DBInstances": [each.view() for each in found], "Marker": marker}


def _visible(store):
    return [each for each in store.instances.values() if each.visible_at <= time.monotonic()]


def describe_snapshots(store, params):
    name, instance = params.get("DBSnapshotIdentifier"), params.get("DBInstanceIdentifier")
    resource = params.get("DbiResourceId")
    with store.tenant.lock:
        found = _filtered(store.snapshots.values(), params.get("Filters"), SNAPSHOT_FILTERS)
        if name:
            wanted, kinds = plain_name(name, ":snapshot:"), _kinds(params, name)
            found = [each for each in found if each.identifier == wanted and each.kind in kinds]
            if not found:
                raise AwsError("DBSnapshotNotFound", f"DBSnapshot {name} not found.")
        if instance:
            wanted = plain_name(instance)
            found = [each for each in found if each.facts["DBInstanceIdentifier"] == wanted]
        if resource:
            found = [each for each in found if each.facts["DbiResourceId"] == resource]
        found = [each for each in found if each.kind in _kinds(params, name)]
        found, marker = page(store, params, found, key=str)
        return {"DBSnapshots": [each.view() for each in found], "Marker": marker}


def _kinds(params, name):
    """The types of snapshots that are asked for; one that is named may be of any type."""
    if params.get("SnapshotType"):
        return (params["SnapshotType"],)
    kinds = ["automated", "manual"]
    kinds += ["shared"] if params.get("IncludeShared") else []
    kinds += ["public"] if params.get("IncludePublic") else []
    if not name:
        return kinds
    # "If this identifier is for an automated snapshot, the SnapshotType parameter must also be specified."
    return ["manual", "awsbackup", "shared", "public"]


def _filtered(things, filters, known):
    things = list(things)
    for each in filters or []:
        if each["Name"] not in known:
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {each['Name']}")
        values = {value.lower() for value in each["Values"]}
        things = [
            thing
            for thing in things
            if any((value or "").lower() in values for value in known[each["Name"]](thing))
        ]
    return things


def list_tags(store, params):
    with store.tenant.lock:
        return {"TagList": store.tagged(params["ResourceName"]).tags.shown()}


def add_tags(store, params):
    with store.tenant.lock:
        tags = store.tagged(params["ResourceName"]).tags
        check_tags(params["Tags"], tags.current)
        added = {tag["Key"]: tag.get("Value") or "" for tag in params["Tags"]}
        tags.set({**tags.current, **added}, store.tenant.settings.tags_lag)
    return {}


def remove_tags(store, params):
    with store.tenant.lock:
        tags = store.tagged(params["ResourceName"]).tags
        kept = {k: v for k, v in tags.current.items() if k not in params["TagKeys"]}
        tags.set(kept, store.tenant.settings.tags_lag)
    return {}
