"""Checks of Session Manager: who may start a session, what goes through it and when it ends."""

import json
import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

from checks.harness import HERE, OLD, check, code, error

NODE = "i-0123456789abcdef0"
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"


def forwarding(host, port=5432, local=0):
    return {
        "host": [host],
        "portNumber": [str(port)],
        "localPortNumber": [str(local)],
    }


def start(client, host="db.example", **more):
    given = {"Target": NODE, "DocumentName": DOCUMENT, "Parameters": forwarding(host)}
    return client.start_session(**{**given, **more})


def role_keys(account, name="rotator"):
    return account.client("sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{account.number}:role/{name}",
        RoleSessionName="session",
        WebIdentityToken="t" * 20,
    )["Credentials"]


def ssm_of(account, keys):
    return account.client("ssm", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


@check
def a_session_is_the_configured_roles(server):
    account = server.account(ssm_role="rotator")
    account.bench("node", id=NODE)
    mine, other = role_keys(account), role_keys(account, "somebody")
    refused = error(start, account.client("ssm"))
    assert refused[:2] == ("AccessDeniedException", 400), refused
    assert f"instance/{NODE}" in refused[2], refused
    assert code(start, ssm_of(account, other)) == "AccessDeniedException"
    forged = {**mine, "SecretAccessKey": "x" * 40}
    assert code(start, ssm_of(account, forged)) == "InvalidSignatureException"
    stale = {**mine, "SessionToken": other["SessionToken"]}
    assert code(start, ssm_of(account, stale)) == "UnrecognizedClientException"
    answer = start(ssm_of(account, mine))
    assert answer["SessionId"].startswith("session-") and len(answer["TokenValue"]) <= 300
    assert answer["StreamUrl"].split("?")[0].endswith("/v1/data-channel/" + answer["SessionId"])
    assert answer["TokenValue"] not in json.dumps(account.bench("journal", "GET"))


@check
def sessions_need_a_node_and_a_document(server):
    account = server.account()
    ssm = account.client("ssm")
    assert code(start, ssm) == "TargetNotConnected"
    account.bench("node", id=NODE, ping_status="ConnectionLost")
    assert code(start, ssm) == "TargetNotConnected"
    account.bench("node", id=NODE)
    account.bench("node", id="mi-0123456789abcdef0")
    assert code(start, ssm, DocumentName="AWS-Nothing") == "InvalidDocument"
    assert code(start, ssm, Parameters={"host": ["x"]}) == "InvalidParameters"
    assert code(start, ssm, Parameters=forwarding("x", port=70000)) == "InvalidParameters"
    assert code(start, ssm, Target="mi-0123456789abcdef0") is None
    listed = ssm.describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [NODE]}]
    )["InstanceInformationList"]
    assert [(each["InstanceId"], each["PingStatus"]) for each in listed] == [(NODE, "Online")]
    absent = [{"Key": "InstanceIds", "Values": ["i-00000000"]}]
    assert ssm.describe_instance_information(Filters=absent)["InstanceInformationList"] == []
    bad = [{"Key": "InstanceIds", "Values": ["app-prod"]}]
    assert code(ssm.describe_instance_information, Filters=bad) == "InvalidInstanceId"
    unchecked = account.client("ssm", parameter_validation=False)
    assert code(unchecked.describe_instance_information, MaxResults=4) == "ValidationException"


@check
def policies_name_the_node_and_the_document(server):
    account = server.account(iam=True)
    account.bench("node", id=NODE)
    for number, node in enumerate((f"ec2:us-east-1:{account.number}:instance/{NODE}", "ec2:x")):
        resources = [f"arn:aws:{node}", f"arn:aws:ssm:us-east-1::document/{DOCUMENT}"]
        statement = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": resources}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        user = account.bench("user", name=f"user-{number}", policy=policy)
        client = account.client("ssm", user["access_key_id"], user["secret_access_key"])
        assert code(start, client) == (None if number == 0 else "AccessDeniedException")


class Forwarded:
    """A session through the real AWS CLI and the stand-in of its plugin."""

    def __init__(self, account, keys, host):
        self.port = free_port()
        folder = os.path.dirname(sys.executable)
        given = json.dumps(forwarding(host, local=self.port))
        self.process = subprocess.Popen(
            [f"{folder}/aws", "ssm", "start-session", "--region", "us-east-1", "--target", NODE]
            + ["--document-name", DOCUMENT, "--parameters", given],
            env={
                "PATH": f"{HERE}:{folder}:/usr/bin:/bin",
                "AWS_ENDPOINT_URL": account.server.url,
                "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                "AWS_SESSION_TOKEN": keys["SessionToken"],
                "AWS_EC2_METADATA_DISABLED": "true",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        seen = ""
        while "Waiting for connections" not in seen:
            line = self.process.stdout.readline()
            assert line, seen
            seen += line

    def end(self):
        rest, _ = self.process.communicate(timeout=20)
        return rest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@check
def a_session_reaches_the_instance_until_it_times_out(server):
    account = server.account(delay=0, ssm_role="rotator")
    account.bench("node", id=NODE)
    account.restore("dev-1", account.production()["snapshot"])
    host = account.describe("dev-1")["Endpoint"]["Address"]
    session = Forwarded(account, role_keys(account), host)
    rows = lambda sql: account.psql(sql, host, OLD, hostaddr="127.0.0.1", port=session.port)
    assert rows("SELECT count(*) FROM customers") == "100"
    account.bench("settings", ssm_idle_seconds=1)
    cut = rows("SELECT pg_sleep(10)")
    assert "EOF detected" in cut or "closed the connection" in cut, cut
    assert "inactivity" in session.end()
    account.bench("settings", ssm_idle_seconds=1200)
    session = Forwarded(account, role_keys(account), host)
    assert rows("SELECT 1") == "1"
    account.bench("settings", ssm_max_seconds=1)
    assert "maximum duration" in session.end()
    account.bench("settings", ssm_max_seconds=0)
    session = Forwarded(account, role_keys(account), host)
    identifier = account.bench("state", "GET")["sessions"][-1]["id"]
    ssm_of(account, role_keys(account)).terminate_session(SessionId=identifier)
    assert "TerminateSession" in session.end()
    assert all(each["status"] == "Terminated" for each in account.bench("state", "GET")["sessions"])


@check
def a_token_opens_one_channel_of_its_session(server):
    account = server.account(delay=0)
    account.bench("node", id=NODE)
    answer = start(account.client("ssm"), "nowhere.example")
    address = urlsplit(answer["StreamUrl"])

    def attach(token, word):
        connection = socket.create_connection((address.hostname, address.port), timeout=10)
        connection.sendall(f"{token} {word}\n".encode())
        return connection, json.loads(connection.makefile().readline())

    assert "error" in attach("nonsense", "control")[1]
    assert "error" in attach(answer["TokenValue"], "data")[1], "before the channel is open"
    control, shown = attach(answer["TokenValue"], "control")
    assert shown["host"] == "nowhere.example"
    assert "error" in attach(answer["TokenValue"], "control")[1], "a second time"
    assert "no such host" in attach(answer["TokenValue"], "data")[1]["error"]
    control.close()
    end = time.time() + 5
    while account.bench("state", "GET")["sessions"][0]["status"] != "Terminated":
        assert time.time() < end
        time.sleep(0.02)
