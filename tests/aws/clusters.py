"""Real PostgreSQL clusters, each on a loopback address of its own.

As on RDS the superuser is `rdsadmin`, who can log in through the socket only, and the master user
is an ordinary role in `rds_superuser`. Settings are small and unsafe (no fsync): a cluster lives
for the length of one test.
"""

import csv
import glob
import io
import itertools
import os
import shutil
import signal
import subprocess
import threading
import time

from addresses import PORT, Addresses
from roles import identifier, literal, roles_of

START_SECONDS = 60
NULL = "\x01null\x01"

SERVER_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # in the data directory: a killed server leaves nothing
    "max_connections": "30",
    "max_prepared_transactions": "10",
    "wal_level": "logical",  # so that tests can have slots, publications and subscriptions
    "max_wal_senders": "5",
    "min_wal_size": "2MB",
    "max_wal_size": "64MB",
    "jit": "off",
}

HBA = """\
local all rdsadmin trust
local replication rdsadmin trust
host all rdsadmin all reject
host rdsadmin all all reject
{host} all all all scram-sha-256
"""


class Postgres:
    """The installed server programs, and the data directories that clusters are copied from."""

    def __init__(self, state, programs, os_user):
        """`programs` maps a major version to its bin directory; `os_user` is None unless we are root."""
        self.state = state
        self.programs = programs
        self.addresses = Addresses()
        self._as_user = {"user": os_user, "group": os_user, "extra_groups": []} if os_user else {}
        self._lock = threading.Lock()
        self._template_locks = {}
        self._parameters = {}  # major -> {name: whether a change needs a restart}
        self._numbers = itertools.count(1)
        self._closed = False
        self._running = set()

    def major_of(self, engine_version):
        """The major version to run for an EngineVersion: its own one, else the newest there is."""
        major = int(str(engine_version or 0).split(".")[0])
        return major if major in self.programs else max(self.programs)

    def parameters(self, major):
        """The server's own parameters: name -> whether a change needs a restart."""
        with self._lock:
            if major not in self._parameters:
                lines = self.run(major, "postgres", "--describe-config").splitlines()
                rows = [line.split("\t") for line in lines if "\t" in line]
                self._parameters[major] = {row[0]: row[1] == "postmaster" for row in rows}
            return self._parameters[major]

    def libraries(self, major, names):
        """Those of the names that the installation has a library for, as a value."""
        folders = [os.path.join(self.programs[major], "..", each) for each in ("lib", "lib/postgresql")]
        names = [each.strip() for each in names.split(",")]
        found = lambda name: any(os.path.exists(f"{each}/{name}.so") for each in folders)
        return ",".join(each for each in names if each and found(each))

    def run(self, major, *command):
        """Run a program of PostgreSQL or of the system as the servers' OS user."""
        path = f"{self.programs[major]}:/usr/bin:/bin"
        done = subprocess.run(
            command,
            cwd=self.state,
            env={"PATH": path, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self._as_user,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)[:300]}: {done.stdout[-1000:]}")
        return done.stdout

    def new_directory(self, kind):
        return os.path.join(self.state, "pg", f"{kind}{next(self._numbers)}")

    def template(self, major, key, fill):
        """A stopped data directory, made once per `key`; `fill(cluster)` gives it its contents.

        Whoever comes second waits for the first instead of building the same thing beside it.
        """
        with self._lock:
            lock = self._template_locks.setdefault((major, key), threading.Lock())
        path = os.path.join(self.state, "pg", f"template-{major}-{key}")
        with lock:
            if not os.path.exists(path):
                draft = self._initialized(major) if key != "empty" else None
                cluster = Cluster(self, major)
                try:
                    if draft:
                        cluster.start_copy_of(draft)
                    else:
                        cluster.start_new()
                    fill(cluster)
                    cluster.stop()
                    os.rename(cluster.directory, path)
                except BaseException:
                    cluster.destroy()
                    raise
        return path

    def _initialized(self, major):
        return self.template(major, "empty", lambda cluster: cluster.psql(roles_of(major)))

    def spawn(self, cluster, arguments, log):
        program = os.path.join(self.programs[cluster.major], "postgres")
        with self._lock:
            if self._closed:
                raise RuntimeError("the simulated account is shutting down")
            server = subprocess.Popen(
                [program, *arguments],
                cwd=self.state,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C meant for the test must not reach the server
                **self._as_user,
            )
            self._running.add(cluster)
            cluster.server = server

    def remove_backup(self, directory):
        """Remove a backup's files, unless it is a template, which others share."""
        if directory and not os.path.basename(directory).startswith("template-"):
            shutil.rmtree(directory, ignore_errors=True)

    def forget(self, cluster):
        with self._lock:
            self._running.discard(cluster)

    def kill_all(self):
        """The end: stop every server, and let none start any more."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for cluster in running:
            cluster.signal(signal.SIGQUIT)
        for cluster in running:
            cluster.kill()


class Cluster:
    """One data directory and the server running on it."""

    def __init__(self, postgres, major, files=None, force_ssl=False, port=PORT):
        """`files` are the TLS certificate and key; None while a template is being built."""
        self.postgres = postgres
        self.major = major
        self.port = port
        self.files = files
        self.force_ssl = force_ssl
        self.address = None
        self.directory = postgres.new_directory("c")
        self.server = None
        self.quiet = False  # True: no autovacuum, so that nothing writes unless somebody connects
        self.parameters = {}  # of the parameter group, as far as they are in effect
        self._lock = threading.Lock()

    def start_new(self):
        self.postgres.run(
            self.major,
            *("initdb", "-D", self.directory, "-U", "rdsadmin", "--auth=trust", "-E", "UTF8"),
            # Small WAL segments make every copy of the directory 15 MB smaller.
            *("--locale=C.UTF-8", "--wal-segsize=1", "--no-sync", "--no-instructions"),
        )
        self.start()

    def start_copy_of(self, directory):
        self.postgres.run(self.major, "cp", "-a", "--reflink=auto", directory, self.directory)
        self.start()

    def start(self):
        host = "hostssl" if self.force_ssl else "host"
        with open(os.path.join(self.directory, "pg_hba.conf"), "w") as file:
            file.write(HBA.format(host=host))
        # Several tries: between the choice of an address and the start somebody may have taken it.
        for attempt in range(3):
            self.address = self.postgres.addresses.take(self.port) if self.files else None
            if self._try_start(last=attempt == 2):
                return

    def _try_start(self, last):
        self._write_settings()
        settings = {"unix_socket_directories": self.directory}
        settings["config_file"] = os.path.join(self.directory, "rds.conf")
        if self.files:
            settings.update(
                ssl="on",
                listen_addresses=self.address,
                ssl_cert_file=self.files[0],
                ssl_key_file=self.files[1],
            )
        else:
            settings.update(listen_addresses="", ssl="off")
        arguments = ["-D", self.directory, "-p", str(self.port)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        with open(self.directory + ".log", "ab") as log:
            self.postgres.spawn(self, arguments, log)
        if self._wait_until_ready():
            return True
        self.kill()
        if last:
            with open(self.directory + ".log", errors="replace") as log:
                raise RuntimeError(f"PostgreSQL did not start: {log.read()[-1000:]}")
        return False

    def _write_settings(self):
        quiet = {"autovacuum": "off"} if self.quiet else {}
        settings = {**SERVER_SETTINGS, **self.parameters, **quiet}
        lines = [f"{name} = {literal(value)}" for name, value in settings.items()]
        with open(os.path.join(self.directory, "rds.conf"), "w") as file:
            file.write("\n".join(["include 'postgresql.conf'", *lines]) + "\n")

    def reload(self):
        """Bring changed parameters into effect, but for those that need a restart."""
        self._write_settings()
        self.signal(signal.SIGHUP)

    def _wait_until_ready(self):
        """Watch the pid file, whose eighth line says `ready`; pg_ctl does the same, ten times slower."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                with open(os.path.join(self.directory, "postmaster.pid")) as file:
                    lines = file.read().splitlines()
                # The file of a copied directory names the process of the original.
                if (
                    len(lines) >= 8
                    and lines[0] == str(self.server.pid)
                    and lines[7].strip() == "ready"
                ):
                    return True
            except FileNotFoundError:
                pass
            time.sleep(0.01)
        return False

    def psql(self, sql, database="postgres"):
        """Run statements as `rdsadmin`; the rows of all of them as lists of strings (NULL is None)."""
        program = os.path.join(self.postgres.programs[self.major], "psql")
        done = subprocess.run(
            [program, "-qXt", "--csv", "-v", "ON_ERROR_STOP=1", "-P", f"null={NULL}", "-f", "-"]
            + ["-h", self.directory, "-p", str(self.port), "-U", "rdsadmin", "-d", database],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"},
            input=sql,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip()[-2000:])
        rows = csv.reader(io.StringIO(done.stdout))
        return [[None if value == NULL else value for value in row] for row in rows]

    def set_password(self, user, password):
        self.psql(f"ALTER ROLE {identifier(user)} PASSWORD {literal(password)}")

    def backup(self):
        """A base backup in a new directory, taken while the server runs; returns the directory."""
        directory = self.postgres.new_directory("s")
        self.postgres.run(
            self.major,
            *("pg_basebackup", "-h", self.directory, "-p", str(self.port), "-U", "rdsadmin"),
            *("-D", directory, "-c", "fast", "-X", "fetch", "--no-sync", "--no-manifest"),
        )
        # Our socket lives in the data directory; its lock file would stop the copy from starting.
        for name in glob.glob(os.path.join(glob.escape(directory), ".s.PGSQL.*")):
            os.remove(name)
        return directory

    def stop(self):
        """An orderly stop: what is left is a data directory that starts without recovery."""
        with self._lock:
            if self.signal(signal.SIGINT):
                self.server.wait(START_SECONDS)
            self.postgres.forget(self)

    def resume(self):
        """Start again what `stop` has stopped, at the same address."""
        self._try_start(last=True)

    def restart(self):
        self.stop()
        self.resume()

    def kill(self):
        with self._lock:
            if self.signal(signal.SIGQUIT):
                try:
                    self.server.wait(10)
                except subprocess.TimeoutExpired:
                    self.server.kill()
                    self.server.wait()
            self.postgres.forget(self)

    def signal(self, number):
        """Signal the server if it runs; says whether it did."""
        running = self.server is not None and self.server.poll() is None
        if running:
            self.server.send_signal(number)
        return running

    def destroy(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
