"""Who is asking: accounts by access key, credentials that are known and in date, signatures, sessions of roles."""

import base64
import datetime
import fnmatch
import json
import re
import time
from dataclasses import dataclass

import moto.iam.models
from moto.core.exceptions import InvalidClientTokenIdError, SignatureDoesNotMatchError
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.utils import utcnow
from moto.iam.access_control import AssumedRoleAccessKey, IAMRequest
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from errors import AwsError
from tenants import DEFAULT_ACCOUNT, root_account

PARTITION = "aws"
# The calls that bring a token of another service in place of a signature.
UNSIGNED = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")
SHORTEST_SESSION, LONGEST_SESSION, LONGEST_CHAINED = 900, 43200, 3600
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
EXPIRED = "The security token included in the request is expired"


def install():
    """Make moto see accounts as we do. Root keys are shorter than the 20 characters moto expects."""
    BaseResponse.access_key_regex = re.compile(r"Credential=(?P<access_key>[^/,]+)/")
    moto.iam.models.get_account_id_from = account_of_key


def account_of_key(access_key):
    """The root key's account, or the one in which IAM or STS made the key, or moto's default."""
    root = root_account(access_key)
    if root:
        return root
    for account, partitions in list(iam_backends.items()):
        if access_key in partitions[PARTITION].access_keys:
            return account
    return DEFAULT_ACCOUNT


def account_of(call):
    if not call.access_key:  # AssumeRoleWithWebIdentity: the account of the role
        match = re.match(r"arn:aws:iam::(\d{12}):", call.params.get("RoleArn", ""))
        return match[1] if match else DEFAULT_ACCOUNT
    return account_of_key(call.access_key)


@dataclass
class Caller:
    """Who signed a request."""

    arn: str
    name: str  # of the user or the session
    role: str = ""  # the assumed role's name
    asked: object = None  # moto's view of the request; None for the root key


def caller(call, tenant):
    """The signer of a request, or None if it needs no signature.

    The account's root key passes with any secret; every other key has to be known, in date, and the
    one that made the signature.
    """
    if root_account(call.access_key):
        return Caller(f"arn:aws:iam::{tenant.account}:root", "root")
    if not call.access_key:
        if call.action in UNSIGNED:
            return None
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    asked = signed(call, tenant)
    key = asked._access_key
    if not isinstance(key, AssumedRoleAccessKey):
        return Caller(key.arn, key._owner_user_name, asked=asked)
    if session_of(tenant, call.access_key).expiration <= utcnow():
        raise AwsError("ExpiredToken", EXPIRED, 403)
    return Caller(key.arn, key._session_name, key._owner_role_name, asked)


def session_of(tenant, access_key):
    sessions = sts_backends[tenant.account][PARTITION]
    return sessions.get_assumed_role_from_access_key(access_key)


def signed(call, tenant):
    """Moto's view of a request whose credentials it knows and whose signature is theirs."""
    request = Request(call.replayed())
    query = call.environ.get("QUERY_STRING")
    try:
        asked = IAMRequest(
            account_id=tenant.account,
            method=call.method,
            path=request.raw_path + ("?" + query if query else ""),
            data=dict(request.form),
            body=call.body,
            headers=request.headers,
            action=call.action,
        )
        asked.check_signature()
    except (InvalidClientTokenIdError, SignatureDoesNotMatchError) as error:
        raise AwsError(error.error_type, error.message, 403) from None
    return asked


@dataclass
class Role:
    """A planted role: who may assume it with a token of which provider, and for how long."""

    name: str
    provider: str
    audience: str
    subject: str  # a pattern with * and ?
    max_session: int


def check_assumption(call, tenant, caller):
    """Refuse what STS refuses; roles are only looked up in an account where some have been planted."""
    if call.action not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        return
    seconds = int(call.params.get("DurationSeconds") or 3600)
    if not SHORTEST_SESSION <= seconds <= LONGEST_SESSION:
        raise AwsError("ValidationError", f"DurationSeconds {seconds} is not 900 to 43200", 400)
    if not SESSION_NAME.fullmatch(call.params.get("RoleSessionName", "")):
        raise AwsError("ValidationError", "RoleSessionName is not 2 to 64 of [\\w+=,.@-]", 400)
    if caller and caller.role and seconds > LONGEST_CHAINED:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
            " chaining",
            400,
        )
    if not tenant.roles:
        return
    role = tenant.roles.get(call.params.get("RoleArn", "").split("/")[-1])
    refused = AwsError("AccessDenied", f"Not authorized to perform sts:{call.action}", 403)
    if not role:
        raise refused
    if seconds > role.max_session:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            400,
        )
    if call.action == "AssumeRoleWithWebIdentity":
        claims = claims_of(call.params.get("WebIdentityToken", ""))
        check_claims(claims, role)
        if not fnmatch.fnmatchcase(claims.get("sub", ""), role.subject):
            raise refused


def claims_of(token):
    """What a JWT says; its signature is not looked at."""
    try:
        _, payload, _ = token.split(".")
        return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (ValueError, TypeError):
        raise AwsError(
            "InvalidIdentityToken", "The ID Token provided is not a valid JWT.", 400
        ) from None


def check_claims(claims, role):
    issuer = str(claims.get("iss", "")).removeprefix("https://")
    if issuer != role.provider:
        raise AwsError(
            "InvalidIdentityToken",
            f"No OpenIDConnect provider found in your account for https://{issuer}",
            400,
        )
    if claims.get("aud") != role.audience:
        raise AwsError("InvalidIdentityToken", "Incorrect token audience", 400)
    if float(claims.get("exp", 0)) <= time.time():
        raise AwsError("ExpiredTokenException", "Token expired: it is past its expiration", 400)


def shortened(tenant, answer):
    """An answer of moto's whose credentials, if there are any, end when the account's settings say so."""
    status, headers, content = answer
    seconds = tenant.settings.session_seconds
    if seconds and b"<Expiration>" in content:
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        key = re.search(rb"<AccessKeyId>([^<]*)</AccessKeyId>", content)
        session = key and session_of(tenant, key[1].decode())
        if session:
            session.expiration = end.replace(tzinfo=None)
        text = f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration>".encode()
        content = re.sub(rb"<Expiration>[^<]*</Expiration>", text, content)
        headers = {**headers, "Content-Length": str(len(content))}
    return status, headers, content


def create_user(account, name, policy):
    """An IAM user with one inline policy; its access key id and secret."""
    backend = iam_backends[account][PARTITION]
    if name not in backend.users:
        backend.create_user(PARTITION, name)
    backend.put_user_policy(name, "policy", json.dumps(policy))
    key = backend.create_access_key(name)
    return key.access_key_id, key.secret_access_key


def plant_role(tenant, given):
    """A role that may be assumed with a token; from now on no role can be that was not planted."""
    role = Role(
        given["name"],
        given.get("provider", "token.actions.githubusercontent.com"),
        given.get("audience", "sts.amazonaws.com"),
        given.get("subject", "*"),
        int(given.get("max_session", 3600)),
    )
    trust = {"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": "sts:*"}
    backend = iam_backends[tenant.account][PARTITION]
    if role.name not in [each.name for each in backend.get_roles()]:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        backend.create_role(role.name, document, "/", None, "", [], role.max_session)
    if "policy" in given:
        backend.put_role_policy(role.name, "policy", json.dumps(given["policy"]))
    with tenant.lock:
        tenant.roles[role.name] = role
    return {"arn": f"arn:aws:iam::{tenant.account}:role/{role.name}"}
