"""The control API: what a test does to its account behind the service's back.

`POST /bench/<name>` with a JSON object, `GET /bench/<name>?account=...`; every call names its
`account`, a `region` if it is not us-east-1, and answers a JSON object.
"""

import json
from urllib.parse import parse_qs

import faults
import flows
import identity
from dns import hosts
from dns.api import find_zone
from dns.zones import Zone, new_id, record_set
from errors import ControlError
from plant import Planter
from rds.store import Store
from ssm.api import plant_node


class Control:
    def __init__(self, tenants, lifecycle, route53, hosts_files):
        self._tenants = tenants
        self._route53 = route53
        self._hosts_files = hosts_files
        self._lifecycle = lifecycle
        planter = Planter(lifecycle)
        self._calls = {
            ("GET", "state"): self._state,
            ("GET", "journal"): lambda tenant, given: {"journal": list(tenant.journal)},
            ("DELETE", "journal"): self._clear_journal,
            ("GET", "faults"): lambda tenant, given: {"rules": [r.view() for r in tenant.rules]},
            ("POST", "faults"): self._set_faults,
            ("DELETE", "account"): self._forget,
            ("POST", "settings"): self._settings,
            ("POST", "next"): self._next,
            ("POST", "user"): self._user,
            ("POST", "node"): plant_node,
            ("POST", "role"): identity.plant_role,
            ("POST", "sessions"): self._end_sessions,
            ("POST", "zone"): self._zone,
            ("POST", "record"): self._record,
            ("POST", "production"): planter.production,
            ("POST", "instance"): planter.instance,
            ("POST", "snapshot"): planter.snapshot,
            ("POST", "group"): planter.group,
            ("POST", "tags"): planter.tags,
            ("POST", "facts"): planter.facts,
            ("POST", "resource-id"): planter.resource_id,
            ("POST", "status"): self._status,
            ("POST", "remove"): planter.remove,
            ("POST", "sql"): planter.sql,
        }

    def handle(self, verb, path, query, body):
        call = self._calls.get((verb, path.removeprefix("/bench/").strip("/")))
        if not call:
            known = ", ".join(f"{verb} /bench/{name}" for verb, name in self._calls)
            raise ControlError(f"no control call {verb} {path}; there are: {known}")
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if body:
            given.update(json.loads(body))
        if "account" not in given:
            raise ControlError("every control call names its account")
        tenant = self._tenants.get(given.pop("account"))
        try:
            return call(tenant, given)
        except KeyError as error:
            raise ControlError(f"{path} needs the field {error}") from error

    # ------------------------------------------------------------------ watching

    def _state(self, tenant, given):
        store = Store.of(tenant, given.get("region", "us-east-1"))
        with tenant.lock:
            instances = {each.identifier: describe(each) for each in store.instances.values()}
            snapshots = {
                each.identifier: {"status": each.status, "type": each.kind}
                for each in store.snapshots.values()
            }
            records = {
                zone.id: {"name": zone.name, "records": zone.sorted_records()}
                for zone in tenant.zones.values()
            }
            return {
                "instances": instances,
                "snapshots": snapshots,
                "zones": records,
                "dns": hosts.addresses(tenant),
                "sessions": [session.view() for session in tenant.sessions.values()],
                "hosts": tenant.hosts_path,
            }

    def _clear_journal(self, tenant, given):
        with tenant.lock:
            tenant.journal = []
        return {}

    def _forget(self, tenant, given):
        """The end of a test: its servers stop and its files go, while other tests carry on."""
        self._lifecycle.destroy_all(tenant)
        self._end_sessions(tenant, {"end": "the account is gone"})
        with tenant.lock:
            tenant.forget()
        self._hosts_files.refresh(tenant)
        return {}

    # ------------------------------------------------------------------ behaviour

    def _settings(self, tenant, given):
        given.pop("region", None)
        with tenant.lock:
            tenant.settings.update(given)
            return {**vars(tenant.settings), "hosts": tenant.hosts_path}

    def _set_faults(self, tenant, given):
        rules = [faults.Rule(each) for each in given["rules"]]
        with tenant.lock:
            tenant.rules = tenant.rules + rules if given.get("add") else rules
        return {}

    def _next(self, tenant, given):
        if given["action"] not in ("restore", "password", "insync"):
            raise ControlError("outcomes can be forced for restore, password and insync")
        with tenant.lock:
            tenant.outcomes.append(given)
        return {}

    def _status(self, tenant, given):
        """Force a status, and end whatever was going on with the instance or snapshot."""
        store = Store.of(tenant, given.get("region", "us-east-1"))
        with tenant.lock:
            thing = (
                store.instance(given["db"]) if "db" in given else store.snapshot(given["snapshot"])
            )
            flows.stop(tenant, thing)
            thing.status = given["status"]
        if given["status"] == "stopped" and thing.cluster:
            thing.cluster.stop()
        self._hosts_files.refresh(tenant)
        if "message" in given:
            kind = "db-instance" if "db" in given else "db-snapshot"
            store.event(kind, thing, given.get("category", "failure"), given["message"])
        return {}

    @staticmethod
    def _end_sessions(tenant, given):
        """End all sessions, or the one named by `id`, for the reason `end`."""
        with tenant.lock:
            sessions = list(tenant.sessions.values())
        for session in sessions:
            if given.get("id") in (None, session.id):
                session.end(given["end"])
        return {"sessions": [session.view() for session in sessions]}

    @staticmethod
    def _user(tenant, given):
        key, secret = identity.create_user(tenant.account, given["name"], given["policy"])
        return {"access_key_id": key, "secret_access_key": secret}

    # ------------------------------------------------------------------ Route 53

    @staticmethod
    def _zone(tenant, given):
        zone = Zone(
            given["name"],
            bool(given.get("private")),
            given.get("caller_reference") or new_id("R"),
            comment=given.get("comment"),
            vpc={"VPCRegion": "us-east-1", "VPCId": "vpc-1"} if given.get("private") else None,
            linked_service=given.get("linked_service"),
        )
        with tenant.lock:
            tenant.zones[zone.id] = zone
        return {"id": zone.id}

    def _record(self, tenant, given):
        self.change_record(tenant, given)
        return {}

    def change_record(self, tenant, given):
        """Put a record, whatever the service would say to it, and let resolvers see it at once.

        Without `zone` it goes to the zone whose name fits best.
        """
        with tenant.lock:
            if given.get("zone"):
                zone = find_zone(tenant, given["zone"])
            else:
                fitting = [z for z in tenant.zones.values() if fits(given["name"], z.name)]
                if not fitting:
                    raise ControlError(f"no zone for {given['name']}")
                zone = max(fitting, key=lambda each: len(each.name))
            values = given.get("values") or ([given["value"]] if "value" in given else [])
            record = record_set(
                given["name"],
                given.get("type", "CNAME"),
                given.get("ttl", 60),
                values,
                identifier=given.get("set_identifier"),
                weight=given.get("weight"),
                alias=given.get("alias"),
            )
            zone.put(record)
            zone.publish(zone.records, zone.version)
        self._hosts_files.refresh(tenant)


def fits(name, zone_name):
    return ("." + name.rstrip(".").lower() + ".").endswith("." + zone_name)


def describe(instance):
    """What a test may want to know of an instance, whatever a describe would say."""
    return {
        "status": instance.status,
        "resource_id": instance.resource_id,
        "arn": instance.arn,
        "endpoint": instance.address_name,
        "port": instance.facts.get("DbInstancePort"),
        "address": instance.cluster.address if instance.cluster else None,
        "socket": instance.cluster.directory if instance.cluster else None,
        "security_groups": [
            each["VpcSecurityGroupId"] for each in instance.facts.get("VpcSecurityGroups", [])
        ],
        "tags": dict(instance.tags.current),
        "pending": dict(instance.pending),
    }
