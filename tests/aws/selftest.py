"""Checks that the simulated account does what its README says: `python tests/aws/selftest.py`.

Each check uses an account of its own, as tests do. Prints a line per check and exits with 1 if any
failed. Options are handed on to the server (`--pgbin`, `--pguser`).
"""

import os
import sys
import tempfile
import time
import traceback

from checks import instances, platform, records
from checks.harness import CHECKS, Server

SUBJECTS = (instances, records, platform)  # importing them has filled CHECKS
# In memory if possible: on a disk most of the time goes into copying data directories.
WHERE = "/dev/shm" if os.path.isdir("/dev/shm") else None


def ends_with_stdin(server, state):
    account = server.account()
    directory = account.production()["socket"]
    pid = int(open(directory + "/postmaster.pid").readline())
    server.process.stdin.close()
    assert server.process.wait(20) == 0
    assert not os.path.exists(state), os.listdir(state)
    assert not os.path.exists(f"/proc/{pid}")


def killed_outright(state):
    server = Server(state)
    pid = int(open(server.account().production()["socket"] + "/postmaster.pid").readline())
    server.process.kill()
    end = time.time() + 10
    while os.path.exists(state) or os.path.exists(f"/proc/{pid}"):
        assert time.time() < end, "something is left"
        time.sleep(0.05)


def main():
    failed = 0
    with tempfile.TemporaryDirectory(dir=WHERE) as top:
        os.chmod(top, 0o755)
        started = time.time()
        server = Server(top + "/state")
        print(f"ready after {time.time() - started:.1f} s, subjects: {len(SUBJECTS)}")
        runs = [(check.__name__, lambda check=check: check(server)) for check in CHECKS]
        runs.append(("everything_ends_with_stdin", lambda: ends_with_stdin(server, top + "/state")))
        runs.append(("killed_outright", lambda: killed_outright(top + "/killed")))
        for name, run in runs:
            started = time.time()
            try:
                run()
                print(f"OK   {name} ({time.time() - started:.1f} s)", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
