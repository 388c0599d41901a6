"""The simulated AWS account: `python tests/aws --state DIR`.

Prints one line of JSON when it is ready, logs to stderr, and ends when its stdin ends: whoever
started it keeps the other side of the pipe, and cannot forget to stop it even by being killed.
"""

import argparse
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

import identity
from certificates import Authority
from clusters import Postgres
from control import Control
from dns.api import Route53
from dns.hosts import HostsFiles
from front import Front
from rds.api import Rds
from rds.lifecycle import Lifecycle
from ssm.api import Ssm
from ssm.channel import Channel
from tenants import Tenants

MARKER = ".simulated-aws"
# Cleans up after us if we are killed outright: it waits for the end of its stdin, whose other side
# only we hold, and then does in the shell what `close` does.
UNDERTAKER = """
trap '' INT TERM HUP
cat > /dev/null
for file in "$1"/pg/*/postmaster.pid; do
    [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")"
done
rm -rf "$1"
"""


def main():
    args = arguments()
    state = os.path.abspath(args.state)
    os_user = args.pguser if os.geteuid() == 0 else None
    prepare_state(state, os_user)
    undertaker = subprocess.Popen(
        ["sh", "-c", UNDERTAKER, "undertaker", state],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        serve(args, state, os_user)
    finally:
        remove(state)
        undertaker.kill()


def remove(state):
    """Remove a directory into which a copy may still be writing for a moment."""
    for _ in range(50):
        shutil.rmtree(state, ignore_errors=True)
        if not os.path.exists(state):
            return
        time.sleep(0.1)


def serve(args, state, os_user):
    postgres = Postgres(state, dict(args.pgbin), os_user)
    tenants = Tenants(lambda account: hosts_files.path_of(account))
    hosts_files = HostsFiles(state, tenants.all)
    own = (lambda path: shutil.chown(path, os_user, os_user)) if os_user else (lambda path: None)
    authority = Authority(state, own)
    lifecycle = Lifecycle(postgres, authority, hosts_files)
    route53 = Route53(hosts_files)
    identity.install()
    moto = DomainDispatcherApplication(create_backend_app)
    control = Control(tenants, lifecycle, route53, hosts_files)
    front = Front(tenants, Rds(lifecycle), route53, Ssm(Channel()), moto, control)
    server = make_server("127.0.0.1", args.port, front, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True

    end_on_eof_or_signal()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready = {
        "url": f"http://127.0.0.1:{server.server_port}",
        "hosts": hosts_files.path,
        "ca": authority.ca_path,
    }
    print(json.dumps(ready), flush=True)
    STOP.wait()
    postgres.kill_all()


STOP = threading.Event()


def end_on_eof_or_signal():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: STOP.set())

    def watch():
        while os.read(0, 4096):
            pass
        STOP.set()

    threading.Thread(target=watch, daemon=True).start()


class QuietHandler(MotoRequestHandler):
    """The journal is the log: a line for each request would bury everything else."""

    def log_request(self, code="-", size="-"):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:  # a connection that a fault rule has dropped
            pass


def prepare_state(state, os_user):
    """An empty directory that the database servers' OS user can reach.

    Only a directory that is empty, or that an earlier run has marked as its own, is emptied.
    """
    if os.path.isdir(state) and os.listdir(state) and not os.path.exists(f"{state}/{MARKER}"):
        sys.exit(f"{state} holds something else: --state needs a directory of its own")
    shutil.rmtree(state, ignore_errors=True)
    os.makedirs(os.path.join(state, "pg"))
    open(f"{state}/{MARKER}", "w").close()
    os.chmod(state, 0o755)
    if not os_user:
        return
    try:
        pwd.getpwnam(os_user)
    except KeyError:
        sys.exit(f"PostgreSQL does not run as root and there is no OS user {os_user!r}: --pguser")
    shutil.chown(os.path.join(state, "pg"), os_user, os_user)
    reachable = subprocess.run(["test", "-x", state], user=os_user, group=os_user, extra_groups=[])
    if reachable.returncode:
        sys.exit(f"the OS user {os_user!r} cannot enter {state}: open the directories above it")


def arguments():
    parser = argparse.ArgumentParser(prog="python tests/aws", description=__doc__)
    parser.add_argument("--state", required=True, help="a directory of its own: emptied, removed")
    parser.add_argument("--port", type=int, default=0, help="0: any free one (default)")
    parser.add_argument(
        "--pgbin",
        action="append",
        type=program_directory,
        metavar="MAJOR=DIR",
        help="where the programs of a PostgreSQL version are; may be given several times",
    )
    parser.add_argument(
        "--pguser", default="postgres", help="OS user of the servers, if run by root"
    )
    args = parser.parse_args()
    args.pgbin = args.pgbin or [(15, "/usr/lib/postgresql/15/bin")]
    return args


def program_directory(text):
    major, _, directory = text.partition("=")
    if not major.isdigit() or not os.path.exists(os.path.join(directory, "postgres")):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not MAJOR=DIR with a program postgres in DIR"
        )
    return int(major), os.path.abspath(directory)


if __name__ == "__main__":
    main()
