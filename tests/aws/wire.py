"""The AWS wire formats: from an HTTP request to a `Call`, from an answer or an error to HTTP.

Parsing and writing is moto's, which follows botocore's service models, so every parameter and
every field of an answer has the shape that the real clients expect.
"""

import functools
import io
import json
import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import XFormedAttributePicker, get_serializer_class
from moto.core.utils import get_service_model

CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d+/([^/]*)/([^/]+)/")
SECRET = re.compile(r"password|secret|token", re.IGNORECASE)
NAMESPACES = {
    "rds": "http://rds.amazonaws.com/doc/2014-10-31/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
# The services that are simulated here; all others are moto's, and only named in the journal.
OURS = ("rds", "route53", "ssm", "ecr")
PROTOCOLS = {"route53": "rest-xml", "ssm": "json", "ecr": "json"}
# What the errors of a signature are called by services that speak JSON.
JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


@dataclass
class Call:
    """One request, understood."""

    environ: dict
    body: bytes
    method: str
    path: str
    service: str = "?"
    action: str = "?"
    region: str = "us-east-1"
    access_key: str = ""
    params: dict = field(default_factory=dict)
    operation: object = None  # the service model's description of the action

    @property
    def is_ours(self):
        return self.service in OURS and self.operation is not None

    def replayed(self):
        """The WSGI environment with an unread body."""
        return {
            **self.environ,
            "wsgi.input": io.BytesIO(self.body),
            "CONTENT_LENGTH": str(len(self.body)),
        }


def understand(environ, body):
    call = Call(environ, body, environ["REQUEST_METHOD"], environ["PATH_INFO"])
    match = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match:
        call.access_key, call.region, call.service = match.groups()
    form = dict(parse_qsl(body.decode("latin1"))) if b"Action=" in body else {}
    if not match and form.get("Action", "").startswith("AssumeRoleWith"):
        call.service = "sts"  # these are not signed
    call.action = form.get("Action") or environ.get("HTTP_X_AMZ_TARGET", "?").split(".")[-1]
    call.params = form
    if call.service in OURS:
        _parse(call)
    return call


def _parse(call):
    request = Request(call.replayed())
    model = get_service_model(call.service)
    if call.service == "route53":
        call.operation, uri_params = get_service_router(call.service).match(request)
        call.action = call.operation.name
    else:
        call.operation, uri_params = model.operation_model(call.action), {}
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)]
    call.params = parser(call.operation, map_type=dict).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri_params,
        }
    )


def masked(params):
    """Parameters for the journal: no password, secret or token."""
    if isinstance(params, dict):
        return {
            name: "****" if SECRET.search(name) and isinstance(value, str) else masked(value)
            for name, value in params.items()
        }
    return [masked(each) for each in params] if isinstance(params, list) else params


def success(call, answer):
    """(status, headers, body) of a dict under the API's own names; None stands for "absent"."""
    protocol = PROTOCOLS.get(call.service, "query")
    serializer = get_serializer_class(call.service, protocol)(
        operation_model=call.operation,
        pretty_print=False,
        value_picker=XFormedAttributePicker(response_transformers=None),
    )
    done = serializer.serialize(answer)
    body = done["body"].replace("request-id", str(uuid.uuid4()), 1)
    return done["status_code"], dict(done["headers"]), body.encode()


def failure(call, code, message, status=None):
    """(status, headers, body) of an error, in the shape of the service's protocol."""
    status = status or error_statuses(call.service).get(code, 400)
    kind = "Receiver" if status >= 500 else "Sender"
    if call.environ.get("HTTP_X_AMZ_TARGET"):
        body = json.dumps({"__type": JSON_CODES.get(code, code), "message": message})
        status = 400 if code in JSON_CODES else status
        return status, {"Content-Type": "application/x-amz-json-1.1"}, body.encode()
    namespace = NAMESPACES.get(call.service, NAMESPACES["sts"])
    body = (
        f'<?xml version="1.0"?>\n<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type>'
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, body.encode()


@functools.lru_cache
def error_statuses(service):
    """HTTP status by error code, as the service's model has them."""
    if service not in OURS:
        return {}
    statuses = {}
    for shape in get_service_model(service).error_shapes:
        statuses[shape.error_code] = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    return statuses


@functools.lru_cache
def error_messages(service):
    """What the service's model says of an error, by error code."""
    if service not in OURS:
        return {}
    return {
        shape.error_code: re.sub(r"<[^>]+>", "", shape.documentation).strip()
        for shape in get_service_model(service).error_shapes
        if shape.documentation
    }


def error_code(body):
    """The code in an error answer, for the journal."""
    match = re.search(rb"<Code>([^<]*)</Code>|\"__type\": ?\"([^\"]*)\"", body)
    return match and (match[1] or match[2]).decode()
