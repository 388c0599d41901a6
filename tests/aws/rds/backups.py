"""Snapshots: base backups of real clusters, and everything a describe says about them."""

import flows
from errors import AwsError
from rds.store import MODIFIABLE, Snapshot, check_identifier, check_tags, now

SHOWN = (
    "Engine",
    "EngineVersion",
    "AllocatedStorage",
    "StorageType",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "IAMDatabaseAuthenticationEnabled",
    "AvailabilityZone",
)


class Backups:
    def create(self, store, params):
        tenant = store.tenant
        with tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            check_identifier(params["DBSnapshotIdentifier"].lower(), "DBSnapshotIdentifier")
            check_tags(params.get("Tags"))
            if instance.status not in MODIFIABLE:
                raise AwsError(
                    "InvalidDBInstanceState",
                    f"Cannot create a snapshot because the database instance {instance} is not"
                    " currently in the available state.",
                )
            manual = [each for each in store.snapshots.values() if each.kind == "manual"]
            if len(manual) >= tenant.settings.quotas["ManualSnapshots"]:
                raise AwsError("SnapshotQuotaExceeded", "Snapshot quota exceeded")
            name, tags = params["DBSnapshotIdentifier"], params.get("Tags")
            snapshot = self.new(instance, name, "manual", tags)
            instance.status = "backing-up"
            answer = snapshot.view()
        fill = lambda: self.fill(snapshot, instance)
        flows.start(tenant, instance, [tenant.settings.delay, fill, "available"])
        return answer

    def plant(self, instance, identifier, kind, tags, directory=None):
        """A finished snapshot at once, whatever the instance is doing (for control calls).

        With `directory` that data directory is the backup; an empty name means no data at all.
        """
        with instance.store.tenant.lock:
            snapshot = self.new(instance, identifier, kind, tags)
            if directory is not None:
                snapshot.directory = directory or None
                snapshot.major = instance.cluster and instance.cluster.major
        if directory is None:
            self.fill(snapshot, instance)
        return snapshot

    def new(self, instance, identifier, kind, tags):
        store, facts = instance.store, instance.facts
        identifier = identifier.lower()
        if identifier in store.snapshots:
            raise AwsError(
                "DBSnapshotAlreadyExists",
                f"Cannot create the snapshot because a snapshot with the identifier {identifier}"
                " already exists.",
            )
        if tags is None or (not tags and facts.get("CopyTagsToSnapshot")):
            tags = instance.tags.current if facts.get("CopyTagsToSnapshot") else {}
        shown = {
            "DBInstanceIdentifier": instance.identifier,
            "DbiResourceId": instance.resource_id,
            "InstanceCreateTime": instance.created,
            "Port": facts.get("DbInstancePort"),
            "Encrypted": facts.get("StorageEncrypted", False),
            "VpcId": facts["DBSubnetGroup"]["VpcId"],
        }
        shown.update({name: facts[name] for name in SHOWN if facts.get(name) is not None})
        snapshot = Snapshot(store, identifier, kind, shown, tags)
        snapshot.instance_facts = dict(facts)
        snapshot.instance_tags = dict(instance.tags.current)
        store.snapshots[identifier] = snapshot
        return snapshot

    def fill(self, snapshot, instance):
        """Take the backup; the snapshot's time is the moment at which it is complete."""
        directory = major = None
        if instance.cluster:
            try:
                directory, major = instance.cluster.backup(), instance.cluster.major
            except Exception:
                snapshot.status = "failed"
                raise
        with snapshot.store.tenant.lock:
            snapshot.directory, snapshot.major = directory, major
            snapshot.created, snapshot.percent = now(), 100
            snapshot.status = "available"
        snapshot.store.event("db-snapshot", snapshot, "creation", "Snapshot created")

    def copy(self, store, params):
        with store.tenant.lock:
            source = store.snapshot(params["SourceDBSnapshotIdentifier"])
            target = params["TargetDBSnapshotIdentifier"].lower()
            check_identifier(target, "TargetDBSnapshotIdentifier")
            if target in store.snapshots:
                raise AwsError("DBSnapshotAlreadyExists", f"Snapshot {target} already exists.")
            if source.status != "available":
                raise AwsError("InvalidDBSnapshotState", f"{source} is not in available state.")
            tags = source.tags.current if params.get("CopyTags") else params.get("Tags")
            copy = Snapshot(store, target, "manual", dict(source.facts), tags, source.directory)
            copy.facts["SourceDBSnapshotIdentifier"] = source.arn
            copy.major, copy.status = source.major, "available"
            copy.original_created = source.original_created or source.created
            copy.database_time = source.database_time or source.created
            copy.instance_facts = source.instance_facts
            copy.instance_tags = source.instance_tags
            store.snapshots[target] = copy
            return copy.view()

    def delete(self, store, params):
        with store.tenant.lock:
            snapshot = store.snapshot(params["DBSnapshotIdentifier"])
            if snapshot.kind != "manual":
                raise AwsError(
                    "InvalidDBSnapshotState",
                    f"Snapshots of type {snapshot.kind} cannot be deleted this way.",
                )
            del store.snapshots[snapshot.identifier]
            return {**snapshot.view(), "Status": "deleted"}
