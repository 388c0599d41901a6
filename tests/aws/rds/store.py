"""What exists in one account and region: instances, snapshots, groups, events.

`facts` of an instance or a snapshot hold what a describe shows, under the API's own names, apart
from what is worked out at the moment of asking (status, endpoint, pending values, tags).
"""

import datetime
import re
import time
import uuid

from certificates import endpoint_domain
from errors import AwsError

IDENTIFIER = re.compile(r"(?!.*--)[a-z]([a-z0-9-]*[a-z0-9])?")
LONGEST_INSTANCE, LONGEST_SNAPSHOT = 63, 255
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 50, 128, 256
OWN_PREFIXES = ("aws:", "rds:")
MODIFIABLE = ("available", "storage-optimization")
# Statuses in which an instance has no endpoint.
WITHOUT_ENDPOINT = ("creating", "failed", "restore-error", "incompatible-restore")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def new_resource_id():
    return "db-" + uuid.uuid4().hex[:26].upper()


class Tags:
    """Tags of one resource. A change is shown `lag` seconds late: describes are eventually consistent."""

    def __init__(self, tags):
        self.current = _tag_dict(tags)
        self._changes = []  # (time from which on it is shown, tags)
        self._shown = self.current

    def set(self, tags, lag):
        self.current = dict(tags)
        self._changes.append((time.monotonic() + lag, self.current))

    def shown(self):
        while self._changes and self._changes[0][0] <= time.monotonic():
            self._shown = self._changes.pop(0)[1]
        return [{"Key": key, "Value": value} for key, value in self._shown.items()]


def _tag_dict(tags):
    if isinstance(tags, dict):
        return dict(tags)
    return {tag["Key"]: tag.get("Value") or "" for tag in tags or []}


class Instance:
    def __init__(self, store, identifier, facts, tags, resource_id=None):
        self.store = store
        self.identifier = identifier
        self.facts = facts
        self.tags = Tags(tags)
        self.resource_id = resource_id or new_resource_id()
        self.created = now()
        self.status = "creating"
        self.flow = None
        self.cluster = None  # None: it exists in descriptions only
        self.pending = {}  # what a describe shows as PendingModifiedValues
        self.requested = {}  # accepted modifications that no flow has applied yet
        self.visible_at = time.monotonic()
        self._settled_at = 0.0  # until then new security groups read `adding`, old ones `removing`
        self._leaving, self._staying = [], set()

    def __str__(self):
        return self.identifier

    @property
    def arn(self):
        return self.store.arn("db", self.identifier)

    @property
    def address_name(self):
        return f"{self.identifier}.{endpoint_domain(self.store.account, self.store.region)}"

    @property
    def has_endpoint(self):
        return self.status not in WITHOUT_ENDPOINT

    def settle_groups(self, lag, before=()):
        """The security groups are new from this moment on, those of `before` are on their way out."""
        self._settled_at = time.monotonic() + lag
        kept = {each["VpcSecurityGroupId"] for each in self.facts["VpcSecurityGroups"]}
        self._leaving = [each for each in before if each["VpcSecurityGroupId"] not in kept]
        self._staying = kept & {each["VpcSecurityGroupId"] for each in before}

    def _shown_groups(self):
        groups = self.facts["VpcSecurityGroups"]
        if time.monotonic() >= self._settled_at:
            return groups
        shown = [
            each if each["VpcSecurityGroupId"] in self._staying else {**each, "Status": "adding"}
            for each in groups
        ]
        return shown + [{**each, "Status": "removing"} for each in self._leaving]

    def need(self, statuses):
        if self.status not in statuses:
            raise AwsError(
                "InvalidDBInstanceState", f"Instance {self.identifier} is not in available state."
            )

    def view(self):
        view = {
            "DBInstanceIdentifier": self.identifier,
            "DBInstanceArn": self.arn,
            "DbiResourceId": self.resource_id,
            "DBInstanceStatus": self.status,
            "InstanceCreateTime": self.created,
            **self.facts,
            "VpcSecurityGroups": self._shown_groups(),
            "PendingModifiedValues": dict(self.pending),
            "TagList": self.tags.shown(),
        }
        if self.has_endpoint:
            port = self.facts.get("DbInstancePort") or 5432
            view["Endpoint"] = {
                "Address": self.address_name,
                "Port": port,
                "HostedZoneId": "Z2R2ITUGPM61AM",
            }
            view["LatestRestorableTime"] = now()
        view["DbInstancePort"] = 0
        return view


class Snapshot:
    def __init__(self, store, identifier, kind, facts, tags, directory=None):
        self.store = store
        self.identifier = identifier
        self.kind = kind  # manual | automated | awsbackup
        self.facts = facts
        self.tags = Tags(tags)
        self.directory = directory  # a data directory; None: it exists in descriptions only
        self.major = None  # of the PostgreSQL that wrote the directory
        self.created = now()
        self.original_created = None
        self.database_time = None
        self.status = "creating"
        self.percent = 0
        self.flow = None
        # What the instance was like, for a restore that does not say otherwise.
        self.instance_facts = {}
        self.instance_tags = {}

    def __str__(self):
        return self.identifier

    @property
    def arn(self):
        return self.store.arn("snapshot", self.identifier)

    def view(self):
        view = {
            "DBSnapshotIdentifier": self.identifier,
            "DBSnapshotArn": self.arn,
            "SnapshotType": self.kind,
            "Status": self.status,
            "PercentProgress": 100 if self.status == "available" else self.percent,
            "SnapshotTarget": "region",
            **self.facts,
            "TagList": self.tags.shown(),
        }
        if self.status != "creating":  # the times are known only when it is done
            view["SnapshotCreateTime"] = self.created
            view["OriginalSnapshotCreateTime"] = self.original_created or self.created
            view["SnapshotDatabaseTime"] = self.database_time or self.created
        return view


class Store:
    def __init__(self, tenant, region):
        self.tenant = tenant
        self.account = tenant.account
        self.region = region
        self.instances = {}
        self.snapshots = {}
        self.parameter_groups = {}
        self.subnet_groups = {"default": {"VpcId": "vpc-default", "Description": "default"}}
        self.events = []

    @classmethod
    def of(cls, tenant, region):
        with tenant.lock:
            if region not in tenant.stores:
                tenant.stores[region] = cls(tenant, region)
            return tenant.stores[region]

    def arn(self, kind, name):
        return f"arn:aws:rds:{self.region}:{self.account}:{kind}:{name}"

    def event(self, kind, thing, category, message):
        """`kind` is the API's source type: db-instance or db-snapshot."""
        with self.tenant.lock:
            self.events.append(
                {
                    "SourceIdentifier": thing.identifier,
                    "SourceType": kind,
                    "SourceArn": thing.arn,
                    "EventCategories": [category],
                    "Message": message,
                    "Date": now(),
                }
            )

    def instance(self, identifier):
        """By name, in any case, or by ARN."""
        found = self.instances.get(plain_name(identifier))
        if not found:
            raise AwsError("DBInstanceNotFound", f"DBInstance {plain_name(identifier)} not found.")
        return found

    def snapshot(self, identifier):
        found = self.snapshots.get(plain_name(identifier, ":snapshot:"))
        if not found:
            raise AwsError("DBSnapshotNotFound", f"DBSnapshot {identifier} not found.")
        return found

    def tagged(self, arn):
        match = re.fullmatch(r"arn:aws:rds:[^:]*:\d+:(db|snapshot):(.+)", arn or "")
        if not match:
            raise AwsError("InvalidParameterValue", f"Invalid resource name: {arn}")
        return self.instance(match[2]) if match[1] == "db" else self.snapshot(match[2])


def plain_name(identifier, marker=":db:"):
    return identifier.split(marker)[-1].lower()


def check_identifier(identifier, parameter):
    longest = LONGEST_SNAPSHOT if "Snapshot" in parameter else LONGEST_INSTANCE
    if not IDENTIFIER.fullmatch(identifier or "") or len(identifier) > longest:
        raise AwsError(
            "InvalidParameterValue",
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a"
            " letter; must contain only ASCII letters, digits, and hyphens; and must not end with"
            " a hyphen or contain two consecutive hyphens.",
        )


def check_tags(added, present=()):
    """Refuse tags that break the rules, or are too many together with those that are there."""
    keys = {tag["Key"] for tag in added or []}
    if len(keys | set(present)) > MOST_TAGS:
        raise AwsError("InvalidParameterValue", f"A resource can have at most {MOST_TAGS} tags.")
    for tag in added or []:
        key, value = tag["Key"], tag.get("Value") or ""
        if not 1 <= len(key) <= LONGEST_KEY or key.lower().startswith(OWN_PREFIXES):
            raise AwsError("InvalidParameterValue", f"Invalid tag key: {key}")
        if len(value) > LONGEST_VALUE or value.lower().startswith(OWN_PREFIXES):
            raise AwsError("InvalidParameterValue", f"Invalid value of the tag {key}: {value}")
        for text in (key, value):
            if not all(each.isalnum() or each.isspace() or each in "_.:/=+-@" for each in text):
                raise AwsError(
                    "InvalidParameterValue",
                    "Tag values may only contain unicode letters, digits, whitespace, or one of these"
                    " symbols: _ . : / = + - @",
                )
