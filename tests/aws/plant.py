"""Planting: instances and snapshots that are simply there, with the data and the times a test needs."""

import datetime
import hashlib

import flows
from errors import ControlError
from rds import facts as facts_of
from rds.store import Instance, Store, now


def store_of(tenant, given):
    return Store.of(tenant, given.get("region", "us-east-1"))


def time_of(text):
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


class Planter:
    def __init__(self, lifecycle):
        self._lifecycle = lifecycle
        self._postgres = lifecycle.postgres

    def production(self, tenant, given):
        """An instance with a real cluster and loaded SQL, `available` when this returns.

        The loaded data directory is kept under a hash of everything that went into it, so that the
        second test with the same data only copies files.
        """
        database, master = given.get("database", "app"), given.get("master", "postgres")
        given = {"id": "app-prod", "engine_version": "15.4", "class": "db.m5.large", **given}
        given = {"retention": 7, "protected": True, **given, "master": master, "db_name": database}
        scripts = [given.get("roles_sql", ""), given.get("sql", ""), given.get("finish_sql", "")]

        def fill(cluster):
            roles, own, finish = scripts
            cluster.psql(roles, database)
            cluster.psql(f'SET ROLE "{master}";\n{own}', database)
            cluster.psql(finish, database)

        template = self._lifecycle.fresh_template(
            given["engine_version"],
            master,
            given["password"],
            database,
            fill,
            hashlib.sha256("\0".join(scripts).encode()).hexdigest(),
        )
        instance = self._add(tenant, given)
        try:
            self._lifecycle.start_cluster(instance, template, quiet=True)
        except RuntimeError:
            del instance.store.instances[instance.identifier]
            raise
        with tenant.lock:
            instance.status = "available"
        self._lifecycle.hosts_files.refresh(tenant)
        answer = self._answer(instance)
        if "snapshot" in given:  # the template is a backup already: no need to take one
            answer["snapshot"] = self._snapshot(instance, given["snapshot"], template).identifier
        return answer

    def instance(self, tenant, given):
        """An instance that exists in descriptions only: a decoy of any engine."""
        instance = self._add(tenant, {"engine": "postgres", **given})
        with tenant.lock:
            instance.status = given.get("status", "available")
        return self._answer(instance)

    def _add(self, tenant, given):
        store = store_of(tenant, given)
        params = {
            "Engine": given.get("engine"),
            "EngineVersion": given.get("engine_version"),
            "DBInstanceClass": given.get("class"),
            "MasterUsername": given.get("master", "postgres"),
            "DBName": given.get("db_name"),
            "DBClusterIdentifier": given.get("cluster"),
            "DeletionProtection": given.get("protected", False),
            "BackupRetentionPeriod": given.get("retention"),
            "VpcSecurityGroupIds": given.get("security_groups"),
        }
        identifier = given["id"].lower()
        with tenant.lock:
            if identifier in store.instances:
                raise ControlError(f"there is an instance {identifier} already")
            facts = facts_of.of_create(store, {k: v for k, v in params.items() if v is not None})
            facts["ReadReplicaDBInstanceIdentifiers"] = given.get("replicas", [])
            facts.update(given.get("facts") or {})
            tags, resource_id = given.get("tags", {}), given.get("resource_id")
            instance = Instance(store, identifier, facts, tags, resource_id)
            if "created_at" in given:
                instance.created = time_of(given["created_at"])
            store.instances[identifier] = instance
            return instance

    @staticmethod
    def _answer(instance):
        return {
            "id": instance.identifier,
            "arn": instance.arn,
            "resource_id": instance.resource_id,
            "endpoint": instance.address_name,
            "port": instance.facts["DbInstancePort"],
            "address": instance.cluster.address if instance.cluster else None,
            "socket": instance.cluster.directory if instance.cluster else None,
        }

    def snapshot(self, tenant, given):
        store = store_of(tenant, given)
        with tenant.lock:
            instance = store.instance(given["db"])
        snapshot = self._snapshot(instance, given)
        return {"id": snapshot.identifier, "arn": snapshot.arn}

    def _snapshot(self, instance, given, directory=None):
        """A snapshot with chosen times. `age_seconds` shifts them all into the past."""
        tenant, backups = instance.store.tenant, self._lifecycle.backups
        kind = given.get("type", "automated")
        moment = now() - datetime.timedelta(seconds=given.get("age_seconds", 0))
        if "created_at" in given:
            moment = time_of(given["created_at"])
        identifier = given.get("id") or self._usual_name(instance, kind, moment)
        if given.get("empty"):
            directory = ""
        snapshot = backups.plant(instance, identifier, kind, given.get("tags", {}), directory)
        with tenant.lock:
            snapshot.created = moment
            if "original_created_at" in given:
                snapshot.original_created = time_of(given["original_created_at"])
            if "database_time" in given:
                snapshot.database_time = time_of(given["database_time"])
            snapshot.facts.update(given.get("facts") or {})
            snapshot.status = given.get("status", "available")
            snapshot.percent = given.get("percent", 0)
        return snapshot

    @staticmethod
    def _usual_name(instance, kind, moment):
        name = f"{instance.identifier}-{moment:%Y-%m-%d-%H-%M}"
        prefixes = {"automated": "rds:", "awsbackup": "awsbackup:job-", "manual": ""}
        return prefixes.get(kind, "") + name

    @staticmethod
    def group(tenant, given):
        """A named parameter or subnet group; a restore that names an unknown one is refused."""
        store, name = store_of(tenant, given), given["name"].lower()
        with tenant.lock:
            if given["kind"] == "subnet":
                vpc = given.get("vpc", "vpc-default")
                store.subnet_groups[name] = {"VpcId": vpc, "Description": name}
            elif given["kind"] == "parameter":
                store.parameter_groups[name] = {
                    "Family": given.get("family", "postgres15"),
                    "Description": name,
                    "Parameters": given.get("parameters", {}),
                }
            else:
                raise ControlError("the kind of a group is subnet or parameter")
        return {}

    @staticmethod
    def _named(tenant, given):
        store = store_of(tenant, given)
        return store.instance(given["db"]) if "db" in given else store.snapshot(given["snapshot"])

    def tags(self, tenant, given):
        """Change tags at once: `tags` to add, `remove` a list of keys, `replace` to drop the others."""
        with tenant.lock:
            tags = self._named(tenant, given).tags
            kept = {} if given.get("replace") else tags.current
            kept = {k: v for k, v in kept.items() if k not in given.get("remove", [])}
            tags.set({**kept, **given.get("tags", {})}, lag=0)
            return {"tags": tags.current}

    def facts(self, tenant, given):
        """Overwrite what a describe shows, under the API's own names."""
        with tenant.lock:
            self._named(tenant, given).facts.update(given["facts"])
        return {}

    def resource_id(self, tenant, given):
        """What is left if somebody deletes an instance and makes another of the same name."""
        with tenant.lock:
            instance = self._named(tenant, given)
            if "value" in given:
                instance.resource_id = given["value"]
            return {"resource_id": instance.resource_id}

    def remove(self, tenant, given):
        """Take an instance or a snapshot away at once, protected or not."""
        with tenant.lock:
            thing = self._named(tenant, given)
            flows.stop(tenant, thing)
            things = thing.store.instances if "db" in given else thing.store.snapshots
            things.pop(thing.identifier)
        if getattr(thing, "cluster", None):
            thing.cluster.destroy()
        self._lifecycle.hosts_files.refresh(tenant)
        return {}

    def sql(self, tenant, given):
        """Run statements as the superuser, through the socket that no user of RDS can reach."""
        with tenant.lock:
            cluster = self._named(tenant, given).cluster
        if not cluster:
            raise ControlError(f"{given['db']} has no cluster")
        try:
            return {"rows": cluster.psql(given["sql"], given.get("database", "app"))}
        except RuntimeError as error:
            raise ControlError(str(error)) from error
