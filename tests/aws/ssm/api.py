"""The API of Systems Manager, as far as a port forwarding needs it; parameters and commands are moto's."""

import re

import iam
import identity
from dns import hosts
from errors import AwsError
from ssm.sessions import PORT_FORWARDING, Node, Session

NODE = re.compile(r"i-[0-9a-f]{8}(?:[0-9a-f]{9})?|mi-[0-9a-f]{17}")
PORT = re.compile(r"[1-9]\d{0,4}")
DEFAULT_PAGE, SMALLEST_PAGE, LARGEST_PAGE = 10, 5, 50
FILTERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
    "AgentVersion": "AgentVersion",
}


class Ssm:
    def __init__(self, channel):
        self._channel = channel
        self.actions = {
            "DescribeInstanceInformation": describe_instance_information,
            "StartSession": self.start_session,
            "TerminateSession": terminate_session,
        }

    def start_session(self, call, tenant):
        owner = identity.caller(call, tenant)
        wanted = tenant.settings.ssm_role
        if wanted and wanted.split("/")[-1] != owner.role:
            raise iam.denied(owner.arn, "ssm:StartSession", iam.resources(call, tenant.account)[0])
        params = call.params
        host, port = _forwarding(params)
        with tenant.lock:
            node = tenant.nodes.get(params["Target"])
            if not node or node.ping_status != "Online":
                raise AwsError("TargetNotConnected", f"{params['Target']} is not connected.")
            session = Session(owner.name, owner.arn, node.identifier, host, port)
            tenant.sessions[session.id] = session
        self._channel.expect(tenant, session)
        return {
            "SessionId": session.id,
            "TokenValue": session.token,
            "StreamUrl": self._channel.url_of(session),
        }


def _forwarding(params):
    """The host and port that the session's parameters name."""
    document, given = params.get("DocumentName"), params.get("Parameters") or {}
    if document != PORT_FORWARDING:
        raise AwsError("InvalidDocument", f"Document with name {document} does not exist.")
    unknown = set(given) - {"host", "portNumber", "localPortNumber"}
    if unknown or any(len(values) != 1 for values in given.values()):
        raise AwsError(
            "InvalidParameters", f"The document does not take these parameters: {sorted(given)}"
        )
    if not given.get("host") or not given.get("portNumber"):
        raise AwsError("InvalidParameters", "The document needs values for host and portNumber.")
    for name in ("portNumber", "localPortNumber"):
        for value in given.get(name, []):
            none = name == "localPortNumber" and value == "0"
            if not none and (not PORT.fullmatch(value) or int(value) > 65535):
                raise AwsError("InvalidParameters", f"{value!r} is not a value of {name}.")
    return given["host"][0], int(given["portNumber"][0])


def terminate_session(call, tenant):
    with tenant.lock:
        session = tenant.sessions.get(call.params["SessionId"])
    if session:
        session.end("terminated by TerminateSession")
    return {"SessionId": call.params["SessionId"]}


def describe_instance_information(call, tenant):
    params = call.params
    size = params.get("MaxResults") or DEFAULT_PAGE
    if not SMALLEST_PAGE <= size <= LARGEST_PAGE:
        raise AwsError("ValidationException", f"MaxResults {size} is not between 5 and 50.")
    filters = [(each["Key"], each["Values"]) for each in params.get("Filters") or []]
    legacy = params.get("InstanceInformationFilterList") or []
    filters += [(each["key"], each["valueSet"]) for each in legacy]
    with tenant.lock:
        shown = [tenant.nodes[name].view() for name in sorted(tenant.nodes)]
    for key, values in filters:
        if key not in FILTERS:
            raise AwsError("InvalidFilterKey", f"The filter key {key} is not valid.")
        if key == "InstanceIds":
            for value in values:
                if not NODE.fullmatch(value):
                    raise AwsError("InvalidInstanceId", f"{value} is not a valid instance id.")
        shown = [each for each in shown if each[FILTERS[key]] in values]
    after = params.get("NextToken") or ""
    shown = [each for each in shown if each["InstanceId"] > after]
    answer = {"InstanceInformationList": shown[: min(size, tenant.settings.page_size)]}
    if len(shown) > len(answer["InstanceInformationList"]):
        answer["NextToken"] = answer["InstanceInformationList"][-1]["InstanceId"]
    return answer


def plant_node(tenant, given):
    """A managed node, connected or not, for the control call `node`."""
    node = Node(given["id"], given.get("ping_status", "Online"))
    with tenant.lock:
        tenant.nodes[node.identifier] = node
    return {}


def resolved(tenant, session):
    """The address that the node finds for the session's host: its resolver is the account's."""
    with tenant.lock:
        chain = hosts.resolve(tenant, session.host)
    return chain[-1][2] if chain else None
