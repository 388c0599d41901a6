"""What every check uses: the server, an account of it, and short forms of the usual calls."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SQL = "CREATE TABLE customers(id serial PRIMARY KEY, name text); INSERT INTO customers(name) SELECT 'n' || i FROM generate_series(1, 100) i;"
OLD, NEW = "Prod-pass1", "New-pass-22"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Server:
    def __init__(self, state):
        self.process = subprocess.Popen(
            [sys.executable, HERE, "--state", state, *sys.argv[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = json.loads(self.process.stdout.readline())
        self.url = self.ready["url"]
        options = [each.split("=")[0] for each in sys.argv if each.split("=")[0].isdigit()]
        self.majors = [int(each) for each in options] or [15]
        self._accounts = iter(range(1, 1000))

    def account(self, **settings):
        return Account(self, f"{next(self._accounts):012}", settings)


class Account:
    def __init__(self, server, number, settings):
        self.server, self.number, self.key = server, number, "AKIA" + number
        self.rds, self.route53 = self.client("rds"), self.client("route53")
        self.hosts = self.bench("settings", **settings)["hosts"]

    def client(self, service, key=None, secret="any", token=None, retries=0, **config):
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id=key or self.key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": retries + 1}, **config),
        )

    def bench(self, call, method="POST", /, **fields):
        body = json.dumps({"account": self.number, **fields}).encode()
        url = f"{self.server.url}/bench/{call}"
        if method != "POST":
            url, body = f"{url}?account={self.number}", None
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, method=method)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def production(self, **more):
        return self.bench("production", sql=SQL, password=OLD, snapshot={}, **more)

    def describe(self, name):
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def restore(self, name, snapshot, **more):
        more = {"BackupRetentionPeriod": 0, "Tags": [{"Key": "a", "Value": "b"}], **more}
        return self.rds.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot, **more
        )["DBInstance"]

    def trace(self, name, until="available"):
        """The (status, has an endpoint) pairs seen until a status is reached."""
        seen, end = [], time.time() + 60
        while not seen or seen[-1][0] != until:
            assert time.time() < end, seen
            shown = self.describe(name)
            state = (shown["DBInstanceStatus"], "Endpoint" in shown)
            if not seen or seen[-1] != state:
                seen.append(state)
            time.sleep(0.01)
        return seen

    def psql(self, sql, host, password, user="postgres", **options):
        options = {"host": host, "user": user, "dbname": "app", "connect_timeout": 5, **options}
        done = subprocess.run(
            ["psql", "-XAtc", sql, " ".join(f"{k}={v}" for k, v in options.items())],
            env={
                **os.environ,
                "PGPASSWORD": password,
                "LD_PRELOAD": "libnss_wrapper.so",
                "NSS_WRAPPER_HOSTS": self.hosts,
            },
            capture_output=True,
            text=True,
        )
        return (done.stdout if done.returncode == 0 else done.stderr).strip()

    def change(self, zone, *changes):
        batch = {"Changes": [{"Action": a, "ResourceRecordSet": r} for a, r in changes]}
        answer = self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        return answer["ChangeInfo"]

    def wait_insync(self, change):
        end = time.time() + 20
        while self.route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] != "INSYNC":
            assert time.time() < end
            time.sleep(0.01)


def error(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except ClientError as failure:
        status = failure.response["ResponseMetadata"]["HTTPStatusCode"]
        return failure.response["Error"]["Code"], status, failure.response["Error"]["Message"]
    except BotoCoreError as failure:
        return type(failure).__name__, None, str(failure)
    return None


def code(function, *args, **kwargs):
    failure = error(function, *args, **kwargs)
    return failure and failure[0]


def cname(value, ttl=60, name="db.dev.internal"):
    return {"Name": name, "Type": "CNAME", "TTL": ttl, "ResourceRecords": [{"Value": value}]}
