"""Who is asking, and may they: accounts by access key, and IAM policies against real ARNs.

Moto evaluates policies well, but would check every RDS and Route 53 request against the resource
`*`: a policy for one instance would never match, a Deny on another would be ignored.
"""

import datetime
import json
import re

import moto.core.authorization
import moto.iam.models
from moto import settings
from moto.core.exceptions import AccessDeniedError, InvalidClientTokenIdError
from moto.core.exceptions import SignatureDoesNotMatchError
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.iam.access_control import IAMRequest
from moto.iam.models import iam_backends

from errors import AwsError
from tenants import DEFAULT_ACCOUNT, root_account

PARTITION = "aws"
# Which parameters of RDS name a resource of which type. A restore names db, pg, og, subgrp and
# snapshot at once, and a policy has to allow all of them.
RDS_RESOURCES = {
    "db": (
        "DBInstanceIdentifier",
        "NewDBInstanceIdentifier",
        "SourceDBInstanceIdentifier",
        "TargetDBInstanceIdentifier",
    ),
    "snapshot": (
        "DBSnapshotIdentifier",
        "FinalDBSnapshotIdentifier",
        "SourceDBSnapshotIdentifier",
        "TargetDBSnapshotIdentifier",
    ),
    "subgrp": ("DBSubnetGroupName",),
    "pg": ("DBParameterGroupName",),
    "og": ("OptionGroupName",),
    "cluster": ("DBClusterIdentifier",),
}


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


def check(call, tenant):
    """Refuse what the caller's policies do not allow, if the account asks for that."""
    mixin = moto.core.authorization.ActionAuthenticatorMixin
    everywhere = mixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT
    if not (tenant.settings.iam or everywhere) or root_account(call.access_key):
        return
    if not call.access_key:
        return  # AssumeRoleWithWebIdentity: a token, not a signature
    request = Request(call.replayed())
    query = call.environ.get("QUERY_STRING")
    action = call.action
    try:
        asked = IAMRequest(
            account_id=tenant.account,
            method=call.method,
            path=request.raw_path + ("?" + query if query else ""),
            data=dict(request.form),
            body=call.body,
            headers=request.headers,
            action=action,
        )
        asked.check_signature()
        for resource in resources(call, tenant.account):
            try:
                asked.check_action_permitted(resource)
            except AccessDeniedError as error:
                raise AwsError("AccessDenied", f"{error.message} on resource: {resource}", 403)
    except (InvalidClientTokenIdError, SignatureDoesNotMatchError) as error:
        raise AwsError(error.error_type, error.message, 403) from None


def resources(call, account):
    """The ARNs that a request names."""
    if call.service == "rds":
        return _rds_resources(call, account)
    if call.service == "route53":
        match = re.search(r"/(hostedzone|change)/([^/?]+)", call.path)
        return [f"arn:aws:route53:::{match[1]}/{match[2]}" if match else "*"]
    if call.service == "sts" and "RoleArn" in call.params:
        return [call.params["RoleArn"]]
    return ["*"]


def _rds_resources(call, account):
    prefix = f"arn:aws:rds:{call.region}:{account}:"
    found = [call.params["ResourceName"]] if "ResourceName" in call.params else []
    for kind, names in RDS_RESOURCES.items():
        for name in names:
            value = call.params.get(name)
            if value:
                found.append(
                    value if value.startswith("arn:") else f"{prefix}{kind}:{value.lower()}"
                )
    return found or [prefix + "db:*"]


def shortened(tenant, answer):
    """An answer of moto's whose credentials, if there are any, end when the account's settings say so."""
    status, headers, content = answer
    seconds = tenant.settings.session_seconds
    if seconds and b"<Expiration>" in content:
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
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
