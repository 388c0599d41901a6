"""The Route 53 API: one function per action, from parsed parameters to the answer as a dict."""

import datetime

import flows
from dns import hosts
from dns.zones import NAME_SERVERS, Zone, absolute, new_id, sort_key
from errors import AwsError

# The largest page of records, and of zones.
MOST_RECORDS, MOST_ZONES = 300, 100
MOST_ELEMENTS, MOST_CHARACTERS = 1000, 32000


class Route53:
    def __init__(self, hosts_files):
        self._hosts_files = hosts_files
        self.actions = {
            "ChangeResourceRecordSets": self.change_resource_record_sets,
            "ChangeTagsForResource": change_tags_for_resource,
            "CreateHostedZone": create_hosted_zone,
            "DeleteHostedZone": delete_hosted_zone,
            "GetChange": get_change,
            "GetHostedZone": get_hosted_zone,
            "GetHostedZoneCount": get_hosted_zone_count,
            "ListHostedZones": list_hosted_zones,
            "ListHostedZonesByName": list_hosted_zones_by_name,
            "ListResourceRecordSets": list_resource_record_sets,
            "ListTagsForResource": list_tags_for_resource,
            "TestDNSAnswer": test_dns_answer,
        }

    def change_resource_record_sets(self, tenant, params):
        with tenant.lock:
            zone = find_zone(tenant, params["HostedZoneId"])
            if zone.linked_service:
                raise AwsError(
                    "AccessDenied",
                    f"The hosted zone {zone.id} is managed by {zone.linked_service}"
                    " and cannot be changed.",
                    403,
                )
            check_size(params["ChangeBatch"]["Changes"])
            zone.change(params["ChangeBatch"]["Changes"])
            change = Change(params["ChangeBatch"].get("Comment"))
            tenant.changes[change.id] = change
            view, records, version = change.view(), zone.records, zone.version
        self._spread(tenant, zone, change, records, version)
        return {"ChangeInfo": view}

    def _spread(self, tenant, zone, change, records, version):
        """The change becomes INSYNC, and some time later resolvers know it."""
        with tenant.lock:
            settings = tenant.settings
            if not settings.insync or tenant.take_outcome("insync").get("never"):
                return

        def publish():
            with tenant.lock:
                zone.publish(records, version)
            self._hosts_files.refresh(tenant)

        if settings.dns_lag > 0:
            steps = [settings.dns_delay, "INSYNC", settings.dns_lag, publish]
        else:  # a client that has seen INSYNC must find the file written
            steps = [settings.dns_delay, publish, "INSYNC"]
        flows.start(tenant, change, steps)


class Change:
    """A batch on its way to the name servers."""

    def __init__(self, comment=None):
        self.id = new_id("C")
        self.status = "PENDING"
        self.flow = None
        self.comment = comment
        self.submitted_at = datetime.datetime.now(datetime.timezone.utc)

    def view(self):
        view = {
            "Id": "/change/" + self.id,
            "Status": self.status,
            "SubmittedAt": self.submitted_at,
        }
        return {**view, "Comment": self.comment} if self.comment else view


def find_zone(tenant, identifier):
    zone = tenant.zones.get(identifier.split("/")[-1])
    if not zone:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {identifier}")
    return zone


def create_hosted_zone(tenant, params):
    config, vpc = params.get("HostedZoneConfig") or {}, params.get("VPC")
    reference = params["CallerReference"]
    with tenant.lock:
        if any(zone.caller_reference == reference for zone in tenant.zones.values()):
            raise AwsError(
                "HostedZoneAlreadyExists",
                f"A hosted zone has already been created with the specified caller reference: {reference}",
            )
        private = bool(config.get("PrivateZone") or vpc)
        zone = Zone(params["Name"], private, reference, config.get("Comment"), vpc)
        tenant.zones[zone.id] = zone
        change = Change()
        change.status = "INSYNC"
        tenant.changes[change.id] = change
        answer = _zone_answer(zone)
        answer["ChangeInfo"] = change.view()
        answer["Location"] = f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}"
        return answer


def _zone_answer(zone):
    if zone.private:
        return {"HostedZone": zone.view(), "VPCs": zone.vpcs, "VPC": (zone.vpcs or [None])[0]}
    return {"HostedZone": zone.view(), "DelegationSet": {"NameServers": NAME_SERVERS}}


def get_hosted_zone(tenant, params):
    with tenant.lock:
        return _zone_answer(find_zone(tenant, params["Id"]))


def get_hosted_zone_count(tenant, params):
    return {"HostedZoneCount": len(tenant.zones)}


def delete_hosted_zone(tenant, params):
    with tenant.lock:
        zone = find_zone(tenant, params["Id"])
        if any(type_ not in ("NS", "SOA") for _, type_, _ in zone.records):
            raise AwsError(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets "
                "and so cannot be deleted.",
            )
        del tenant.zones[zone.id]
        change = Change()
        change.status = "INSYNC"
        tenant.changes[change.id] = change
        return {"ChangeInfo": change.view()}


def _page_size(tenant, params, largest):
    wanted = str(params.get("MaxItems") or largest)
    if not wanted.isdigit() or int(wanted) < 1:
        raise AwsError("InvalidInput", f"MaxItems {wanted} is not a positive number")
    return min(int(wanted), largest, tenant.settings.page_size)


def check_size(changes):
    """Refuse a request with too many records or characters; an UPSERT counts twice."""
    elements = characters = 0
    for change in changes:
        times = 2 if change["Action"] == "UPSERT" else 1
        record = change["ResourceRecordSet"]
        values = [each["Value"] for each in record.get("ResourceRecords") or []]
        elements += times * (len(values) or 1)
        characters += times * sum(map(len, values))
    if elements > MOST_ELEMENTS or characters > MOST_CHARACTERS:
        raise AwsError(
            "InvalidChangeBatch",
            f"[Number of records limit of {MOST_ELEMENTS} or of {MOST_CHARACTERS} characters in their"
            " values exceeded.]",
        )


def list_hosted_zones(tenant, params):
    with tenant.lock:
        zones = sorted(tenant.zones.values(), key=lambda zone: zone.id)
        marker, size = params.get("Marker") or "", _page_size(tenant, params, MOST_ZONES)
        rest = [zone for zone in zones if zone.id >= marker]
        answer = {
            "HostedZones": [zone.view() for zone in rest[:size]],
            "IsTruncated": len(rest) > size,
            "MaxItems": size,
            "Marker": marker,
        }
        if answer["IsTruncated"]:
            answer["NextMarker"] = rest[size].id
        return answer


def list_hosted_zones_by_name(tenant, params):
    """All zones from `DNSName` on: the next names too, so the caller has to compare."""
    with tenant.lock:
        start = absolute(params["DNSName"]) if params.get("DNSName") else None
        size = _page_size(tenant, params, MOST_ZONES)
        zones = sorted(tenant.zones.values(), key=lambda zone: sort_key(zone.name, zone.id))
        if start:
            first = sort_key(start, (params.get("HostedZoneId") or "").split("/")[-1])
            zones = [zone for zone in zones if sort_key(zone.name, zone.id) >= first]
        answer = {
            "HostedZones": [zone.view() for zone in zones[:size]],
            "IsTruncated": len(zones) > size,
            "MaxItems": size,
        }
        if start:
            answer["DNSName"] = start
        if answer["IsTruncated"]:
            answer.update(NextDNSName=zones[size].name, NextHostedZoneId=zones[size].id)
        return answer


def list_resource_record_sets(tenant, params):
    with tenant.lock:
        zone = find_zone(tenant, params["HostedZoneId"])
        size, name = _page_size(tenant, params, MOST_RECORDS), params.get("StartRecordName")
        type_, identifier = params.get("StartRecordType"), params.get("StartRecordIdentifier")
        if (type_ and not name) or (identifier and not type_):
            raise AwsError("InvalidInput", "The input is not valid")
        records = zone.sorted_records()
    if name:
        first = sort_key(absolute(name), type_ or "", identifier)
        records = [each for each in records if _key(each) >= first]
    answer = {
        "ResourceRecordSets": records[:size],
        "IsTruncated": len(records) > size,
        "MaxItems": size,
    }
    if answer["IsTruncated"]:
        following = records[size]
        answer.update(NextRecordName=following["Name"], NextRecordType=following["Type"])
        if following.get("SetIdentifier"):
            answer["NextRecordIdentifier"] = following["SetIdentifier"]
    return answer


def _key(record):
    return sort_key(record["Name"], record["Type"], record.get("SetIdentifier"))


def get_change(tenant, params):
    with tenant.lock:
        change = tenant.changes.get(params["Id"].split("/")[-1])
        if not change:
            raise AwsError("NoSuchChange", f"Could not find resource with ID: {params['Id']}")
        return {"ChangeInfo": change.view()}


def _tagged(tenant, params):
    if params["ResourceType"] != "hostedzone":
        raise AwsError("NoSuchHealthCheck", "Health checks are not simulated.")
    return find_zone(tenant, params["ResourceId"])


def change_tags_for_resource(tenant, params):
    with tenant.lock:
        zone = _tagged(tenant, params)
        zone.tags.update({tag["Key"]: tag["Value"] for tag in params.get("AddTags") or []})
        for key in params.get("RemoveTagKeys") or []:
            zone.tags.pop(key, None)
    return {}


def list_tags_for_resource(tenant, params):
    with tenant.lock:
        tags = [{"Key": key, "Value": value} for key, value in _tagged(tenant, params).tags.items()]
    names = {name: params[name] for name in ("ResourceType", "ResourceId")}
    return {"ResourceTagSet": {**names, "Tags": tags}}


def test_dns_answer(tenant, params):
    """What the name servers answer: the published state, not what the API lists."""
    with tenant.lock:
        chain = hosts.resolve(tenant, params["RecordName"])
        zone = find_zone(tenant, params["HostedZoneId"])
        key = (absolute(params["RecordName"]), params["RecordType"], "")
        record = zone.published.get(key)
        values = [each["Value"] for each in (record or {}).get("ResourceRecords", [])]
    return {
        "Nameserver": "ns-2048.awsdns-64.com",
        "RecordName": absolute(params["RecordName"]),
        "RecordType": params["RecordType"],
        "RecordData": values or [chain[-1][2]] if chain else values,
        "ResponseCode": "NOERROR" if values or chain else "NXDOMAIN",
        "Protocol": "UDP",
    }
