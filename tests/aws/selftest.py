"""Checks that the simulated account does what its README says: `python tests/aws/selftest.py`.

Each check uses an account of its own, as tests do. Prints a line per check and exits with 1 if any
failed. `--only WORD` runs the checks whose names contain it. Other options are handed on to the server
(`--pgbin`, `--pguser`).
"""

import os
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from checks import documents, groups, identities, instances, limits, platform, records, sessions
from checks.harness import CHECKS, Server

SUBJECTS = (documents, groups, identities, instances, limits, records, platform, sessions)  # importing them has filled CHECKS
# Each check waits most of the time, for statuses to change.
AT_ONCE = 6
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


def only():
    """The word after `--only`, taken off the command line; "" if there is none."""
    if "--only" not in sys.argv:
        return ""
    at = sys.argv.index("--only")
    word = sys.argv[at + 1]
    del sys.argv[at : at + 2]
    return word


def passes(name, run):
    """Run one check, and print how it went."""
    started = time.time()
    try:
        run()
        print(f"OK   {name} ({time.time() - started:.1f} s)", flush=True)
        return True
    except Exception:
        print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
        return False


def main():
    word = only()
    with tempfile.TemporaryDirectory(dir=WHERE) as top:
        os.chmod(top, 0o755)
        started = time.time()
        server = Server(top + "/state")
        print(f"ready after {time.time() - started:.1f} s, subjects: {len(SUBJECTS)}")
        checks = [check for check in CHECKS if word in check.__name__]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = pool.map(lambda check: passes(check.__name__, lambda: check(server)), checks)
        ends = {
            "everything_ends_with_stdin": lambda: ends_with_stdin(server, top + "/state"),
            "killed_outright": lambda: killed_outright(top + "/killed"),
        }
        done = [*done, *(passes(name, run) for name, run in ends.items() if word in name)]
    sys.exit(0 if done and all(done) else 1)


if __name__ == "__main__":
    main()
