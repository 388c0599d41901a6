"""Hosted zones: which record sets there are, and which batches of changes are allowed.

Moto's own zones accept almost any batch; a test of compare-and-swap needs one that refuses as the
service does, whole batches at a time and in its words.
"""

import ipaddress
import uuid

from errors import AwsError

NAME_SERVERS = ["ns-2048.awsdns-64.com", "ns-2049.awsdns-65.net"]
SOA = "ns-2048.awsdns-64.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
LONGEST_NAME, LONGEST_LABEL, LONGEST_TTL = 255, 63, 2147483647
ROUTING_FIELDS = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer")


def absolute(name):
    """As Route 53 stores a name: lower case, a trailing dot, `*` escaped."""
    return (name.rstrip(".").lower() + ".").replace("*", "\\052")


def new_id(letter):
    return letter + uuid.uuid4().hex[:20].upper()


def sort_key(name, type_="", identifier=""):
    """The service's order: by the labels from the right, then by type, then by set identifier."""
    return (list(reversed(name.rstrip(".").split("."))), type_, identifier or "")


class Zone:
    def __init__(
        self, name, private, caller_reference, comment=None, vpc=None, linked_service=None
    ):
        self.id = new_id("Z")
        self.name = absolute(name)
        self.private = private
        self.caller_reference = caller_reference
        self.comment = comment
        self.vpcs = [vpc] if vpc else []
        self.linked_service = linked_service
        self.tags = {}
        # (name, type, set identifier) -> record set as the API shows it. Replaced as a whole by a
        # change, never altered, so that a flow can keep the state that it is going to publish.
        self.records = {}
        self.version = 0
        self.published = {}  # what resolvers see
        self.published_version = 0
        for type_, ttl, values in (("NS", 172800, NAME_SERVERS), ("SOA", 900, [SOA])):
            self.put(record_set(self.name, type_, ttl, values))
        self.published = self.records

    def put(self, record):
        self.records = {**self.records, key_of(record): record}
        self.version += 1

    def sorted_records(self):
        return [self.records[key] for key in sorted(self.records, key=lambda key: sort_key(*key))]

    def publish(self, records, version):
        """Show `records` to resolvers, unless a later state is already shown."""
        if version > self.published_version:
            self.published, self.published_version = records, version

    def view(self):
        config = {"PrivateZone": self.private}
        if self.comment:
            config["Comment"] = self.comment
        view = {
            "Id": "/hostedzone/" + self.id,
            "Name": self.name,
            "CallerReference": self.caller_reference,
            "Config": config,
            "ResourceRecordSetCount": len(self.records),
        }
        if self.linked_service:
            view["LinkedService"] = {
                "ServicePrincipal": self.linked_service,
                "Description": f"managed by {self.linked_service}",
            }
        return view

    def change(self, changes):
        """Apply a batch, all or nothing; every complaint of the batch goes into one message."""
        records, complaints = dict(self.records), []
        for change in changes:
            record = _normalized(change)
            complaint = self._complaint(change["Action"], record, records)
            if complaint:
                complaints.append(complaint)
            elif change["Action"] == "DELETE":
                del records[key_of(record)]
            else:
                records[key_of(record)] = record
        if complaints:
            raise AwsError("InvalidChangeBatch", "[" + ", ".join(complaints) + "]")
        self.records = records
        self.version += 1

    def _complaint(self, action, record, records):
        """Why this change is not allowed on top of `records`, or None."""
        name, type_, identifier = key = key_of(record)
        shown = f"[name='{name}', type='{type_}'" + (
            f", set identifier='{identifier}']" if identifier else "]"
        )
        if name != self.name and not name.endswith("." + self.name):
            return f"RRSet with DNS name {name} is not permitted in zone {self.name}"
        if action == "DELETE":
            if key not in records:
                return f"Tried to delete resource record set {shown} but it was not found"
            if _comparable(records[key]) != _comparable(record):
                return (
                    f"Tried to delete resource record set {shown}"
                    " but the values provided do not match the current values"
                )
            if name == self.name and type_ in ("NS", "SOA"):
                return f"A HostedZone must contain exactly one {type_} record at its apex"
            return None
        problem = _value_problem(record)
        if problem:
            return f"Invalid Resource Record: FATAL problem: {problem}"
        if action == "CREATE" and key in records:
            return f"Tried to create resource record set {shown} but it already exists"
        if type_ == "CNAME" and name == self.name:
            return (
                f"RRSet of type CNAME with DNS name {name} is not permitted"
                f" at apex in zone {self.name}"
            )
        if type_ == "CNAME" and len(record.get("ResourceRecords", [])) > 1:
            return f"RRSet of type CNAME with DNS name {name} must have exactly one value"
        return self._conflict(record, records)

    def _conflict(self, record, records):
        name, type_, identifier = key_of(record)
        for other_name, other_type, other_identifier in records:
            if other_name != name:
                continue
            if (other_type == "CNAME") != (type_ == "CNAME"):
                return (
                    f"RRSet of type {type_} with DNS name {name} is not permitted as it conflicts"
                    f" with other records with the same DNS name in zone {self.name}"
                )
            if other_type == type_ and bool(other_identifier) != bool(identifier):
                return (
                    f"RRSet with DNS name {name}, type {type_}, SetIdentifier"
                    f" {identifier or 'null'} cannot be created as other RRSets exist with the"
                    " same name and type"
                )
        return None


def record_set(name, type_, ttl, values, identifier=None, weight=None, alias=None):
    """A record set as the API shows it; also the short form that control calls use."""
    record = {"Name": absolute(name), "Type": type_}
    if identifier:
        record["SetIdentifier"] = identifier
        record["Weight"] = 1 if weight is None else int(weight)
    if alias:
        record["AliasTarget"] = {
            "HostedZoneId": new_id("Z"),
            "DNSName": absolute(alias),
            "EvaluateTargetHealth": False,
        }
    else:
        record["TTL"] = int(ttl)
        record["ResourceRecords"] = [{"Value": value} for value in values]
    return record


def key_of(record):
    return (record["Name"], record["Type"], record.get("SetIdentifier") or "")


def _value_problem(record):
    """What is wrong with a record's name or its values, in the service's words, or None."""
    if _name_problem(record["Name"]):
        return f"{_name_problem(record['Name'])} (Domain name) encountered with '{record['Name']}'"
    for value in (each["Value"] for each in record.get("ResourceRecords") or []):
        if record["Type"] == "A":
            try:
                ipaddress.IPv4Address(value)
            except ValueError:
                return f"ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '{value}'"
        if record["Type"] == "CNAME" and _name_problem(value):
            return f"{_name_problem(value)} (Domain name) encountered with '{value}'"
    return None


def _name_problem(name):
    labels = name.removesuffix(".").split(".")
    if not all(labels):
        return "DomainLabelEmpty"
    if any(len(label) > LONGEST_LABEL for label in labels):
        return "DomainLabelTooLong"
    if len(name) > LONGEST_NAME or any(each.isspace() for each in name):
        return "DomainNameInvalid"
    return None


def _normalized(change):
    record = dict(change["ResourceRecordSet"])
    plain = record.get("TTL") is not None and record.get("ResourceRecords")
    if bool(plain) == bool(record.get("AliasTarget")):
        found = "more than one" if plain else "none"
        raise AwsError(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and"
            f" ResourceRecords], or TrafficPolicyInstanceId], but found {found} in Change with"
            f" [Action={change['Action']}, Name={record['Name']}, Type={record['Type']},"
            f" SetIdentifier={record.get('SetIdentifier', 'null')}]",
        )
    if record.get("SetIdentifier") and not any(record.get(f) is not None for f in ROUTING_FIELDS):
        raise AwsError(
            "InvalidInput",
            f"Invalid request: Missing field 'Weight', 'Region', 'Failover', 'GeoLocation' or"
            f" 'MultiValueAnswer' in Change with [Action={change['Action']},"
            f" Name={record['Name']}, Type={record['Type']}]",
        )
    if not 0 <= (record.get("TTL") or 0) <= LONGEST_TTL:
        raise AwsError("InvalidInput", f"Invalid request: TTL {record['TTL']} is out of range")
    record["Name"] = absolute(record["Name"])
    if record.get("AliasTarget"):
        target = record["AliasTarget"]
        record["AliasTarget"] = dict(target, DNSName=absolute(target["DNSName"]))
    return record


def _comparable(record):
    """A record set without what two equal ones may differ in: empty fields, the order of values."""
    shown = {name: value for name, value in record.items() if value not in (None, [], "")}
    if "ResourceRecords" in shown:
        shown["ResourceRecords"] = sorted(each["Value"] for each in shown["ResourceRecords"])
    return shown
