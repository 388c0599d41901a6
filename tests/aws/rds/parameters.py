"""Parameter groups: what they hold, which instances they fit, and what of them is in effect on a server."""

import random

from errors import AwsError
from rds.paging import page

VERSIONS = {
    "13": ["13.20"],
    "14": ["14.17"],
    "15": ["15.4", "15.12", "15.18"],
    "16": ["16.3", "16.8"],
    "17": ["17.4"],
    "18": ["18.1"],
}
# name -> (value, type, whether a change needs a restart)
PARAMETERS = {
    "max_connections": ("LEAST({DBInstanceClassMemory/9531392},5000)", "integer", True),
    "rds.force_ssl": ("1", "boolean", False),
    "rds.logical_replication": ("0", "boolean", True),
    "shared_preload_libraries": ("pg_stat_statements", "list", True),
    "max_logical_replication_workers": (None, "integer", True),
    "cron.database_name": ("postgres", "string", True),
    "log_statement": (None, "string", False),
}
# The service allows so many changes in one request.
LARGEST_CHANGE = 20


class ParameterGroups:
    def __init__(self, postgres):
        self._postgres = postgres
        self.actions = {
            "CreateDBParameterGroup": create,
            "DeleteDBParameterGroup": delete,
            "DescribeDBParameterGroups": describe_groups,
            "DescribeDBParameters": self.describe,
            "ModifyDBParameterGroup": self.modify,
        }

    def _is_static(self, family, name):
        if name in PARAMETERS:
            return PARAMETERS[name][2]
        major = self._postgres.major_of(family.removeprefix("postgres"))
        return self._postgres.parameters(major).get(name, False)

    def describe(self, store, params):
        name = params["DBParameterGroupName"].lower()
        with store.tenant.lock:
            check_exists(store, name)
            changed = dict(store.parameter_groups.get(name, {}).get("Parameters", {}))
            family = family_of_group(store, name)
        shown = []
        for parameter in {**PARAMETERS, **changed}:
            value, kind, _ = PARAMETERS.get(parameter, (None, "string", False))
            static = self._is_static(family, parameter)
            each = {
                "ParameterName": parameter,
                "ParameterValue": changed.get(parameter, value),
                "DataType": kind,
                "Source": "user" if parameter in changed else "system",
                "ApplyType": "static" if static else "dynamic",
                "ApplyMethod": "pending-reboot" if static else "immediate",
                "IsModifiable": True,
            }
            if not params.get("Source") or params["Source"] == each["Source"]:
                shown.append(each)
        shown, marker = page(store, params, shown, key=lambda each: each["ParameterName"])
        return {"Parameters": shown, "Marker": marker}

    def modify(self, store, params):
        """Change a group; its instances follow at once, or wait for a reboot."""
        name, changes = params["DBParameterGroupName"].lower(), params["Parameters"]
        if len(changes) > LARGEST_CHANGE:
            raise AwsError("InvalidParameterValue", "At most 20 parameters in one request.")
        with store.tenant.lock:
            if name.startswith("default."):
                raise AwsError(
                    "InvalidDBParameterGroupState", f"{name} is a default parameter group."
                )
            check_exists(store, name)
            group = store.parameter_groups[name]
            static = {
                each["ParameterName"]: self._is_static(group["Family"], each["ParameterName"])
                for each in changes
            }
            for each in changes:
                if static[each["ParameterName"]] and each.get("ApplyMethod") == "immediate":
                    raise AwsError(
                        "InvalidParameterCombination",
                        "cannot use immediate apply method for static parameter",
                    )
            for each in changes:
                group["Parameters"][each["ParameterName"]] = each.get("ParameterValue")
            users = [each for each in store.instances.values() if group_of(each) == name]
            for instance in users:
                if any(static.values()):
                    instance.facts["DBParameterGroups"][0]["ParameterApplyStatus"] = "pending-reboot"
        for instance in users:
            if instance.cluster:
                dynamic = {name for name, needs_restart in static.items() if not needs_restart}
                usable = self._usable(instance, instance.cluster.major)
                changed = {name: value for name, value in usable.items() if name in dynamic}
                instance.cluster.parameters = {**instance.cluster.parameters, **changed}
                instance.cluster.reload()
        return {"DBParameterGroupName": params["DBParameterGroupName"]}

    def put_in_effect(self, instance, cluster):
        """Hand the group's parameters to a server that is about to start."""
        cluster.parameters = self._usable(instance, cluster.major)

    def _usable(self, instance, major):
        """The group's parameters without what this server lacks: parameters of RDS alone, formulas,
        libraries."""
        known = self._postgres.parameters(major)
        with instance.store.tenant.lock:
            group = instance.store.parameter_groups.get(group_of(instance), {})
            wanted = dict(group.get("Parameters", {}))
        if "shared_preload_libraries" in wanted:
            libraries = wanted["shared_preload_libraries"] or ""
            wanted["shared_preload_libraries"] = self._postgres.libraries(major, libraries)
        return {
            name: str(value)
            for name, value in wanted.items()
            if name in known and value is not None and "{" not in str(value)
        }


def group_of(instance):
    return instance.facts["DBParameterGroups"][0]["DBParameterGroupName"]


def restored_status(tenant, name):
    """What a restore with this group shows; `pending-reboot` means that none of it is in effect yet."""
    wants_reboot = random.random() < tenant.settings.pending_reboot
    return "pending-reboot" if wants_reboot and not name.startswith("default.") else "in-sync"


def family_of(facts):
    version = str(facts["EngineVersion"]).split(".")
    major = (
        version[0]
        if facts["Engine"].endswith(("postgres", "postgresql"))
        else ".".join(version[:2])
    )
    return facts["Engine"] + major


def family_of_group(store, name):
    group = store.parameter_groups.get(name.lower(), {})
    return group.get("Family") or name.removeprefix("default.")


def check_exists(store, name):
    default = name.lower().removeprefix("default.postgres")
    if default not in VERSIONS and name.lower() not in store.parameter_groups:
        raise AwsError("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")


def check_family(store, name, facts):
    """Refuse a group of another family than the instance's engine version has."""
    if facts["Engine"] != "postgres":
        return
    check_exists(store, name)
    found, needed = family_of_group(store, name), family_of(facts)
    if found != needed:
        raise AwsError(
            "InvalidParameterCombination",
            f"The Parameter Group {name} with DBParameterGroupFamily {found} cannot be used for this"
            f" instance. Please use a Parameter Group with DBParameterGroupFamily {needed}",
        )


def describe_groups(store, params):
    name = params.get("DBParameterGroupName")
    with store.tenant.lock:
        groups = [view(store, each) for each in store.parameter_groups]
        groups += [view(store, f"default.postgres{major}") for major in VERSIONS]
        if name:
            check_exists(store, name)
            groups = [each for each in groups if each["DBParameterGroupName"] == name.lower()]
    groups, marker = page(store, params, groups, key=lambda each: each["DBParameterGroupName"])
    return {"DBParameterGroups": groups, "Marker": marker}


def view(store, name):
    group, family = store.parameter_groups.get(name, {}), family_of_group(store, name)
    return {
        "DBParameterGroupName": name,
        "DBParameterGroupFamily": family,
        "Description": group.get("Description") or f"Default parameter group for {family}",
        "DBParameterGroupArn": store.arn("pg", name),
    }


def create(store, params):
    name = params["DBParameterGroupName"].lower()
    with store.tenant.lock:
        if name in store.parameter_groups:
            raise AwsError(
                "DBParameterGroupAlreadyExists", f"Parameter group {name} already exists"
            )
        if params["DBParameterGroupFamily"].removeprefix("postgres") not in VERSIONS:
            raise AwsError(
                "InvalidParameterValue",
                f"ParameterGroupFamily {params['DBParameterGroupFamily']} is not a valid parameter"
                " group family",
            )
        store.parameter_groups[name] = {
            "Family": params["DBParameterGroupFamily"],
            "Description": params["Description"],
            "Parameters": {},
        }
        return {"DBParameterGroup": view(store, name)}


def delete(store, params):
    name = params["DBParameterGroupName"].lower()
    with store.tenant.lock:
        check_exists(store, name)
        used = any(group_of(each) == name for each in store.instances.values())
        if used or name.startswith("default."):
            raise AwsError(
                "InvalidDBParameterGroupState", "One or more database instances use this group."
            )
        del store.parameter_groups[name]
    return {}
