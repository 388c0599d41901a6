"""What happens to instances, with real PostgreSQL behind it.

Every function checks the request and changes the store under the tenant's lock, notes the answer,
and then starts a flow without the lock.
"""

import hashlib

import flows
from clusters import Cluster
from errors import AwsError
from rds import facts as facts_of
from rds.backups import Backups
from rds.store import MODIFIABLE, Instance, Tags, check_identifier, plain_name
from roles import master_sql

# Without ApplyImmediately these wait for a maintenance window, which never comes here.
DEFERRED = (
    "DBInstanceClass",
    "AllocatedStorage",
    "EngineVersion",
    "MultiAZ",
    "StorageType",
    "Iops",
)


class Lifecycle:
    def __init__(self, postgres, authority, hosts_files):
        self.postgres = postgres
        self.authority = authority
        self.hosts_files = hosts_files
        self.backups = Backups()

    def create(self, store, params):
        """CreateDBInstance. Only engine postgres outside Aurora gets a real cluster."""
        tenant = store.tenant
        with tenant.lock:
            instance = self._add(
                store, params, facts_of.of_create(store, params), params.get("Tags")
            )
            answer = instance.view()
        if instance.facts["Engine"] != "postgres" or instance.facts.get("DBClusterIdentifier"):
            self._flow(instance, [tenant.settings.delay, "available"])
            return answer
        user, password = params.get("MasterUsername", "postgres"), params["MasterUserPassword"]
        template = lambda: self.fresh_template(
            instance.facts["EngineVersion"], user, password, params.get("DBName")
        )
        self._flow(instance, self._birth(instance, template))
        return answer

    def fresh_template(self, engine_version, user, password, database, fill=None, key=""):
        """A data directory with the master user and its database, plus whatever `fill` puts in."""
        major = self.postgres.major_of(engine_version)

        def build(cluster):
            cluster.psql(master_sql(user, password, database))
            if fill:
                fill(cluster)

        return self.postgres.template(major, digest(user, password, database or "", key), build)

    def restore(self, store, params):
        tenant = store.tenant
        with tenant.lock:
            snapshot = store.snapshot(params["DBSnapshotIdentifier"])
            if snapshot.status != "available":
                raise AwsError(
                    "InvalidDBSnapshotState",
                    f"DB snapshot {snapshot.identifier} is not in available state.",
                )
            tags = params.get("Tags") or snapshot.instance_tags
            instance = self._add(store, params, facts_of.of_restore(store, snapshot, params), tags)
            outcome = tenant.take_outcome("restore")
            self._distort(instance, outcome)
            answer = instance.view()
        store.event("db-instance", instance, "restoration", "Restoring from snapshot")
        if outcome.get("status"):
            message = outcome.get("message") or f"The restore ended in {outcome['status']}"
            report = lambda: store.event("db-instance", instance, "failure", message)
            self._flow(instance, [tenant.settings.delay, report, outcome["status"]])
        else:
            template = lambda: snapshot.directory
            self._flow(instance, self._birth(instance, template, snapshot.major))
        return answer

    @staticmethod
    def _distort(instance, outcome):
        """A forced outcome: the instance comes back different from what was asked for."""
        instance.facts.update(outcome.get("facts") or {})
        if "security_groups" in outcome:
            groups = facts_of.security_groups(outcome["security_groups"])
            instance.facts["VpcSecurityGroups"] = groups
        if "tags" in outcome:
            instance.tags = Tags(outcome["tags"])

    def _add(self, store, params, facts, tags):
        settings = store.tenant.settings
        identifier = params["DBInstanceIdentifier"].lower()
        check_identifier(identifier, "DBInstanceIdentifier")
        if identifier in store.instances:
            raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
        if len(store.instances) >= settings.quotas["DBInstances"]:
            raise AwsError("InstanceQuotaExceeded", "DB Instance quota exceeded")
        storage = sum(each.facts["AllocatedStorage"] for each in store.instances.values())
        if storage + facts["AllocatedStorage"] > settings.quotas["AllocatedStorage"]:
            raise AwsError("StorageQuotaExceeded", "Allocated storage quota exceeded")
        instance = Instance(store, identifier, facts, tags)
        instance.visible_at += settings.not_found_after_create_seconds
        store.instances[identifier] = instance
        return instance

    def _birth(self, instance, directory, major=None):
        """From `creating` to `available`: `directory()` names the data to start from, if any."""
        delay = instance.store.tenant.settings.delay

        def start():
            source = directory()
            if source:
                self.start_cluster(instance, source, major)
            instance.store.event("db-instance", instance, "creation", "DB instance created")

        steps = [delay, start]
        if instance.facts["BackupRetentionPeriod"] > 0:
            steps += ["backing-up", self._refresh(instance), delay / 2]
        return steps + ["modifying", self._refresh(instance), delay / 2, "available"]

    def start_cluster(self, instance, directory, major=None):
        """Start a copy of a data directory as the instance's server."""
        store = instance.store
        major = major or self.postgres.major_of(instance.facts["EngineVersion"])
        files = self.authority.server_files(store.account, store.region)
        force_ssl, port = store.tenant.settings.force_ssl, instance.facts["DbInstancePort"]
        cluster = Cluster(self.postgres, major, files, force_ssl, port)
        cluster.start_copy_of(directory)
        with store.tenant.lock:
            if store.instances.get(instance.identifier) is instance:
                instance.cluster = cluster
                return
        cluster.destroy()  # the instance was taken away in the meantime

    def modify(self, store, params):
        tenant = store.tenant
        with tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            instance.need(MODIFIABLE)
            wanted = {k: v for k, v in params.items() if v is not None}
            wanted.pop("DBInstanceIdentifier")
            facts_of.apply(store, dict(instance.facts), wanted)  # refuses before anything changes
            new_name = plain_name(wanted.get("NewDBInstanceIdentifier") or instance.identifier)
            if new_name != instance.identifier and new_name in store.instances:
                raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
            check_identifier(new_name, "NewDBInstanceIdentifier")
            if wanted.get("DeletionProtection") is not None:  # takes effect at once
                instance.facts["DeletionProtection"] = wanted.pop("DeletionProtection")
            if not wanted.pop("ApplyImmediately", False):
                for name in DEFERRED:
                    if name in wanted:
                        instance.pending[name] = wanted.pop(name)
            if "MasterUserPassword" in wanted:
                instance.pending["MasterUserPassword"] = "****"
            instance.requested.update(wanted)
            answer = instance.view()
            steps = self._modification(instance) if instance.requested else []
        if steps:
            self._flow(instance, steps)
        return answer

    def _modification(self, instance):
        """Until `lag` has passed the status still reads `available` and nothing is in effect."""
        tenant = instance.store.tenant
        delay, lag = tenant.settings.delay, tenant.settings.lag
        steps = [lag]
        if set(instance.requested) - {"MasterUserPassword"}:
            steps += ["modifying", delay, lambda: self._apply(instance), self._refresh(instance)]
        if "MasterUserPassword" in instance.requested:
            outcome = tenant.take_outcome("password")
            if outcome.get("stuck"):  # for ever pending, for ever `available`
                instance.requested.pop("MasterUserPassword")
                return steps + ["available"]
            steps += ["resetting-master-credentials", delay]
            steps += [lambda: self._reset_password(instance, outcome)]
        return steps + ["available"]

    def _apply(self, instance):
        store = instance.store
        with store.tenant.lock:
            wanted, password = instance.requested, instance.requested.get("MasterUserPassword")
            instance.requested = {"MasterUserPassword": password} if password else {}
            facts_of.apply(store, instance.facts, wanted)
            new_name = wanted.get("NewDBInstanceIdentifier")
            if new_name:
                del store.instances[instance.identifier]
                instance.identifier = plain_name(new_name)
                store.instances[instance.identifier] = instance

    def _reset_password(self, instance, outcome):
        password = instance.requested.get("MasterUserPassword")
        if instance.cluster and not outcome.get("lost"):
            instance.cluster.set_password(instance.facts["MasterUsername"], password)
        with instance.store.tenant.lock:
            instance.requested.pop("MasterUserPassword", None)
            instance.pending.pop("MasterUserPassword", None)
        message = "Reset master credentials"
        instance.store.event("db-instance", instance, "configuration change", message)

    def destroy_all(self, tenant):
        """Forget everything of an account, and stop its servers."""
        with tenant.lock:
            stores, tenant.stores = list(tenant.stores.values()), {}
            instances = [each for store in stores for each in store.instances.values()]
            snapshots = [each for store in stores for each in store.snapshots.values()]
            for store in stores:
                store.instances, store.snapshots = {}, {}
        for instance in instances:
            flows.stop(tenant, instance)
            if instance.cluster:
                instance.cluster.destroy()
        for snapshot in snapshots:
            self.postgres.remove_backup(snapshot.directory)

    def reboot(self, store, params):
        with store.tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            instance.need(MODIFIABLE)
            instance.status = "rebooting"
            answer = instance.view()

        def restart():
            if instance.cluster:
                instance.cluster.restart()

        self._flow(instance, [restart, store.tenant.settings.delay, "available"])
        return answer

    def delete(self, store, params):
        tenant = store.tenant
        final, skip = params.get("FinalDBSnapshotIdentifier"), params.get("SkipFinalSnapshot")
        with tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            self._may_delete(instance, final, skip)
            snapshot = self.backups.new(instance, final, "manual", []) if final else None
            instance.status = "deleting"
            answer = instance.view()
        work = [lambda: self.backups.fill(snapshot, instance)] if snapshot else []
        keep = params.get("DeleteAutomatedBackups") is False
        self._flow(instance, [*work, tenant.settings.delay, lambda: self._gone(instance, keep)])
        return answer

    @staticmethod
    def _may_delete(instance, final, skip):
        name = instance.identifier
        if instance.status == "deleting":
            raise AwsError("InvalidDBInstanceState", f"Instance {name} is already being deleted.")
        if instance.facts["DeletionProtection"]:
            raise AwsError(
                "InvalidParameterCombination",
                "Cannot delete protected DB Instance, please disable deletion protection and try"
                " again.",
            )
        if skip and final:
            raise AwsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier can not be specified when deleting a DB instance with"
                " SkipFinalSnapshot.",
            )
        if not skip and not final:
            raise AwsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )
        if instance.status == "creating":
            raise AwsError(
                "InvalidDBInstanceState",
                f"Instance {name} is currently creating - try again later.",
            )

    def _gone(self, instance, keep_backups):
        store = instance.store
        if instance.cluster:
            instance.cluster.destroy()
        with store.tenant.lock:
            if store.instances.get(instance.identifier) is instance:
                del store.instances[instance.identifier]
            for snapshot in list(store.snapshots.values()):
                same = snapshot.facts["DbiResourceId"] == instance.resource_id
                if same and snapshot.kind == "automated" and not keep_backups:
                    del store.snapshots[snapshot.identifier]
        store.event("db-instance", instance, "deletion", "DB instance deleted")
        self.hosts_files.refresh(store.tenant)

    def _flow(self, instance, steps):
        def failed(error):
            message = f"The instance failed: {error}"
            instance.store.event("db-instance", instance, "failure", message)

        flows.start(instance.store.tenant, instance, steps, failed)
        self.hosts_files.refresh(instance.store.tenant)

    def _refresh(self, instance):
        return lambda: self.hosts_files.refresh(instance.store.tenant)


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
