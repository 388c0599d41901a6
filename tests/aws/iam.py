"""May they: IAM policies against real ARNs.

Moto evaluates policies well, but would check every RDS and Route 53 request against the resource
`*`: a policy for one instance would never match, a Deny on another would be ignored.
"""

import re

import moto.core.authorization
from moto import settings
from moto.core.exceptions import AccessDeniedError

from errors import AwsError

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


def check(call, tenant, caller):
    """Refuse what the caller's policies do not allow, if the account asks for that."""
    mixin = moto.core.authorization.ActionAuthenticatorMixin
    everywhere = mixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT
    if not (tenant.settings.iam or everywhere) or caller is None or caller.asked is None:
        return
    for resource in resources(call, tenant.account):
        try:
            caller.asked.check_action_permitted(resource)
        except AccessDeniedError as error:
            raise AwsError("AccessDenied", f"{error.message} on resource: {resource}", 403)


def denied(arn, action, resource):
    return AwsError(
        "AccessDenied",
        f"User: {arn} is not authorized to perform: {action} on resource: {resource}"
        f" because no identity-based policy allows the {action} action",
        403,
    )


def resources(call, account):
    """The ARNs that a request names."""
    if call.service == "rds":
        return _rds_resources(call, account)
    if call.service == "route53":
        match = re.search(r"/(hostedzone|change)/([^/?]+)", call.path)
        return [f"arn:aws:route53:::{match[1]}/{match[2]}" if match else "*"]
    if call.service == "ssm" and call.action == "StartSession":
        return _ssm_resources(call, account)
    if call.service == "sts" and "RoleArn" in call.params:
        return [call.params["RoleArn"]]
    return ["*"]


def _ssm_resources(call, account):
    """The managed node and the document, which a policy both has to allow."""
    target, document = call.params["Target"], call.params.get("DocumentName", "")
    kind = "ssm:{}:{}:managed-instance" if target.startswith("mi-") else "ec2:{}:{}:instance"
    owner = "" if document.startswith("AWS-") else account
    return [
        f"arn:aws:{kind.format(call.region, account)}/{target}",
        f"arn:aws:ssm:{call.region}:{owner}:document/{document or 'SSM-SessionManagerRunShell'}",
    ]


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
