"""Checks of credentials: every call needs ones that are known, in date, and that made its signature."""

import base64
import json
import time
import urllib.error
import urllib.request

from checks.harness import check, code, error

PROVIDER = "https://token.actions.githubusercontent.com"


def calls(account, *keys, region="us-east-1"):
    """One call of every service that is simulated or used from moto, ready to be made."""
    client = lambda service: account.client(service, *keys)
    return {
        "rds": client("rds").describe_db_instances,
        "route53": client("route53").list_hosted_zones,
        "ssm": client("ssm").describe_instance_information,
        "sts": client("sts").get_caller_identity,
        "ecr": client("ecr").get_authorization_token,
        "secretsmanager": client("secretsmanager").list_secrets,
    }


def session(keys):
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]


def expect(account, keys, query, json_):
    """Every call fails with its protocol's code; the services with JSON answer 400, the others 403."""
    for service, call in calls(account, *keys).items():
        failure = error(call)
        speaks_json = service in ("ssm", "ecr", "secretsmanager")
        expected = (json_, 400) if speaks_json else (query, 403)
        assert failure and failure[:2] == expected, (service, failure)


@check
def every_call_needs_credentials(server):
    account = server.account()
    expect(account, ("AKIAUNKNOWNKEY000000", "x"), "InvalidClientTokenId", "UnrecognizedClientException")
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    user = account.bench("user", name="u", policy={"Version": "2012-10-17", "Statement": [allow]})
    forged = (user["access_key_id"], "x" * 40)
    expect(account, forged, "SignatureDoesNotMatch", "InvalidSignatureException")
    for call in calls(account, user["access_key_id"], user["secret_access_key"]).values():
        assert code(call) is None, call
    body = b"Action=DescribeDBInstances&Version=2014-10-31"
    try:
        urllib.request.urlopen(urllib.request.Request(server.url, body))
        raise AssertionError("an unsigned request was answered")
    except urllib.error.HTTPError as failure:
        assert failure.code == 403 and b"<Code>MissingAuthenticationToken<" in failure.read()


@check
def a_session_ends(server):
    account = server.account(session_seconds=1)
    assume = lambda: account.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account.number}:role/r", RoleSessionName="session"
    )["Credentials"]
    keys = assume()
    untokened = (keys["AccessKeyId"], keys["SecretAccessKey"])
    assert code(account.client("rds", *untokened).describe_db_instances) == "InvalidClientTokenId"
    time.sleep(1.1)
    expect(account, session(keys), "ExpiredToken", "ExpiredTokenException")
    account.bench("settings", session_seconds=0)
    for call in calls(account, *session(assume())).values():
        assert code(call) is None, call


@check
def sessions_of_roles_have_limits(server):
    account = server.account()

    def assume(client, name="session", **more):
        role = f"arn:aws:iam::{account.number}:role/r"
        return client.assume_role(RoleArn=role, RoleSessionName=name, **more)["Credentials"]

    sts = account.client("sts", parameter_validation=False)
    for bad in ("x", "a b", "a" * 65):
        assert code(assume, sts, bad) == "ValidationError", bad
    for seconds in (899, 43201):
        assert code(assume, sts, DurationSeconds=seconds) == "ValidationError", seconds
    chained = account.client("sts", *session(assume(sts, DurationSeconds=43200)))
    assert code(assume, chained, DurationSeconds=3601) == "ValidationError"
    assert code(assume, chained, DurationSeconds=3600) is None


def token(**claims):
    claims = {"iss": PROVIDER, "aud": "sts.amazonaws.com", "exp": time.time() + 300, **claims}
    encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    return ".".join((encode({"alg": "RS256"}), encode(claims), "signature"))


@check
def a_planted_role_takes_only_its_own_tokens(server):
    account = server.account(iam=True)
    allow = {"Effect": "Allow", "Action": "rds:Describe*", "Resource": "*"}
    subject = "repo:acme/data:environment:devdb"
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    role = account.bench("role", name="rotator", subject=subject, policy=policy)["arn"]
    sts = account.client("sts")

    def assume(token, role=role, **more):
        return sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="session", WebIdentityToken=token, **more
        )["Credentials"]

    invalid = ("InvalidIdentityToken", 400)
    assert error(assume, "eyJ-no-token")[:2] == invalid
    assert error(assume, token(sub=subject, aud="other"))[:2] == invalid
    assert error(assume, token(sub=subject, iss="https://gitlab.com"))[:2] == invalid
    assert error(assume, token(sub=subject, exp=1))[:2] == ("ExpiredTokenException", 400)
    assert error(assume, token(sub="repo:evil/data"))[:2] == ("AccessDenied", 403)
    assert error(assume, token(sub=subject), role + "x")[:2] == ("AccessDenied", 403)
    assert code(assume, token(sub=subject), DurationSeconds=7200) == "ValidationError"
    client = account.client("rds", *session(assume(token(sub=subject))))
    assert client.describe_db_instances()["DBInstances"] == []
    assert code(client.delete_db_instance, DBInstanceIdentifier="x") == "AccessDenied"
