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
from rds.parameters import ParameterGroups
from rds.store import MODIFIABLE, Instance, Tags, check_identifier, check_tags, now, plain_name
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
        self.parameter_groups = ParameterGroups(postgres)

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
            name = params["DBSnapshotIdentifier"]
            snapshot = store.snapshot(name)
            if snapshot.kind == "shared" and not name.startswith("arn:"):
                raise AwsError("DBSnapshotNotFound", f"DBSnapshot not found: {name}")
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
        check_tags(params.get("Tags"))
        facts_of.check_class(params, facts)
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
        settle = lambda: instance.settle_groups(instance.store.tenant.settings.group_lag)
        return steps + ["modifying", self._refresh(instance), delay / 2, settle, "available"]

    def start_cluster(self, instance, directory, major=None, quiet=False):
        """Start a copy of a data directory as the instance's server; a quiet one has no autovacuum."""
        store = instance.store
        major = major or self.postgres.major_of(instance.facts["EngineVersion"])
        files = self.authority.server_files(store.account, store.region)
        force_ssl, port = store.tenant.settings.force_ssl, instance.facts["DbInstancePort"]
        cluster = Cluster(self.postgres, major, files, force_ssl, port)
        status = instance.facts["DBParameterGroups"][0]["ParameterApplyStatus"]
        cluster.quiet = quiet
        if status == "in-sync":
            self.parameter_groups.put_in_effect(instance, cluster)
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
            facts_of.check_class(wanted, instance.facts)
            new_name = plain_name(wanted.get("NewDBInstanceIdentifier") or instance.identifier)
            if new_name != instance.identifier and new_name in store.instances:
                raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
            check_identifier(new_name, "NewDBInstanceIdentifier")
            if wanted.get("DeletionProtection") is not None:  # takes effect at once
                instance.facts["DeletionProtection"] = wanted.pop("DeletionProtection")
            if wanted.pop("ApplyImmediately", False):  # this request, and all that is pending
                held = {k: v for k, v in instance.pending.items() if k != "MasterUserPassword"}
                instance.pending = {k: v for k, v in instance.pending.items() if k not in held}
                wanted = {**held, **wanted}
            else:
                for name in deferred(instance, wanted):
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
        begins_backups = (
            instance.requested.get("BackupRetentionPeriod")
            and not instance.facts["BackupRetentionPeriod"]
        )
        if set(instance.requested) - {"MasterUserPassword"}:
            steps += ["modifying", delay, lambda: self._apply(instance), self._refresh(instance)]
        if begins_backups:
            steps += ["backing-up", lambda: self._first_backup(instance), delay / 2]
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
            before = instance.facts["VpcSecurityGroups"]
            facts_of.apply(store, instance.facts, wanted)
            if wanted.get("VpcSecurityGroupIds"):
                instance.settle_groups(store.tenant.settings.group_lag, before)
            new_name = wanted.get("NewDBInstanceIdentifier")
            if new_name:
                del store.instances[instance.identifier]
                instance.identifier = plain_name(new_name)
                store.instances[instance.identifier] = instance

    def _first_backup(self, instance):
        """What switching backups on makes at once: an automated snapshot of the data as it is."""
        name = f"rds:{instance}-{now():%Y-%m-%d-%H-%M}"
        if name not in instance.store.snapshots:
            self.backups.plant(instance, name, "automated", [])

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
        """Restart the server; the parameter group is in effect after it."""
        with store.tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            instance.need(MODIFIABLE)
            instance.status = "rebooting"
            answer = instance.view()

        def restart():
            self._take_parameters(instance)
            if instance.cluster:
                instance.cluster.restart()

        self._flow(instance, [restart, store.tenant.settings.delay, "available"])
        return answer

    def _take_parameters(self, instance):
        if instance.cluster:
            self.parameter_groups.put_in_effect(instance, instance.cluster)
        with instance.store.tenant.lock:
            instance.facts["DBParameterGroups"][0]["ParameterApplyStatus"] = "in-sync"

    def stop(self, store, params):
        if params.get("DBSnapshotIdentifier"):
            raise AwsError("InvalidAction", "A snapshot before a stop is not simulated.")
        with store.tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            instance.need(("available",))
            if instance.facts["ReadReplicaDBInstanceIdentifiers"]:
                raise AwsError(
                    "InvalidDBInstanceState", f"{instance} has read replicas and cannot be stopped."
                )
            instance.status = "stopping"
            answer = instance.view()
        end = lambda: instance.cluster and instance.cluster.stop()
        self._flow(instance, [store.tenant.settings.delay, end, "stopped"])
        return answer

    def start(self, store, params):
        with store.tenant.lock:
            instance = store.instance(params["DBInstanceIdentifier"])
            if instance.status != "stopped":
                raise AwsError(
                    "InvalidDBInstanceState", f"Instance {instance} is not in stopped state."
                )
            instance.status = "starting"
            answer = instance.view()

        def begin():
            self._take_parameters(instance)
            if instance.cluster:
                instance.cluster.resume()

        self._flow(instance, [store.tenant.settings.delay, begin, "available"])
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
        if instance.status == "creating" or (final and instance.status not in MODIFIABLE):
            raise AwsError(
                "InvalidDBInstanceState",
                f"Instance {name} is currently {instance.status} - try again later.",
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


def deferred(instance, wanted):
    """Which of the wanted changes wait for the maintenance window: backups only if they go on or off."""
    names = [name for name in DEFERRED if name in wanted]
    days = wanted.get("BackupRetentionPeriod")
    if days is not None and (days == 0) != (instance.facts["BackupRetentionPeriod"] == 0):
        names.append("BackupRetentionPeriod")
    return names


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
