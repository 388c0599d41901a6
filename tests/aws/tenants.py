"""Tenants: one simulated AWS account each, so that many tests share one process.

A test chooses its account by its access key id: `AKIA` and twelve digits. Nothing that a test can
set (faults, delays, forced outcomes) and nothing it can read (journal) is shared between tenants.
"""

import re
import threading
from dataclasses import dataclass, field, fields

from errors import ControlError

DEFAULT_ACCOUNT = "123456789012"
ROOT_KEY = re.compile(r"AKIA(\d{12})")


@dataclass
class Settings:
    """How an account behaves. All times are seconds; a test sets them with `POST /bench/settings`."""

    # Length of every transitional status. With 0 the work is done inside the request, so that the
    # next describe already shows its end: that measures a client's own overhead.
    delay: float = 0.1
    # How long a modified instance still reads `available` before the change starts.
    lag: float = 0.1
    # From a record change to INSYNC, and from INSYNC to the resolvers (the hosts file).
    dns_delay: float = 0.1
    dns_lag: float = 0.0
    # False: no change ever becomes INSYNC.
    insync: bool = True
    # Eventual consistency: a new instance cannot be described, changed tags are not shown, for so long.
    not_found_after_create_seconds: float = 0.0
    tags_lag: float = 0.0
    # The probability that a restore with a parameter group of one's own shows `pending-reboot`.
    pending_reboot: float = 0.0
    # How long security groups read `adding` after a restore or a modification.
    group_lag: float = 0.0
    # Largest page of any list, so that a test of paging needs only a few rows.
    page_size: int = 100
    # True: requests are checked against IAM policies (never those made with the account's root key).
    iam: bool = False
    # Seconds until credentials that STS hands out say they end; 0: as moto has it.
    session_seconds: float = 0.0
    # True: clusters started from now on refuse connections without TLS.
    force_ssl: bool = False
    # The role whose sessions alone may start a Session Manager session, by name or ARN; "": anybody.
    ssm_role: str = ""
    # The idle timeout of a session, and its maximum duration (0: none).
    ssm_idle_seconds: float = 1200.0
    ssm_max_seconds: float = 0.0
    # True: sessions pass nothing on, and close nothing.
    ssm_stalled: bool = False
    # Quotas as `DescribeAccountAttributes` names them; the ones shown there and here are enforced.
    quotas: dict = field(
        default_factory=lambda: {
            "DBInstances": 40,
            "AllocatedStorage": 100000,
            "ManualSnapshots": 100,
        }
    )

    def update(self, changes):
        known = {f.name: f.type for f in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ControlError(f"unknown setting {name!r}; known: {sorted(known)}")
            if name == "quotas":
                self.quotas.update(value)
            else:
                setattr(self, name, type(getattr(self, name))(value))


class Tenant:
    """Everything of one account. `lock` guards all of it; no cluster work is done while holding it."""

    def __init__(self, account, hosts_path):
        self.account = account
        self.lock = threading.RLock()
        self.hosts_path = hosts_path
        self.forget()

    def forget(self):
        """Back to an account that nobody has used."""
        self.settings = Settings()
        self.rules = []  # faults.Rule
        self.journal = []
        self.outcomes = []  # forced outcomes, see take_outcome
        self.stores = {}  # region -> rds.store.Store
        self.zones = {}  # id -> dns.zones.Zone
        self.changes = {}  # id -> Route 53 ChangeInfo
        self.roles = {}  # name -> identity.Role
        self.nodes = {}  # id -> ssm.sessions.Node
        self.sessions = {}  # id -> ssm.sessions.Session

    def take_outcome(self, action):
        """The next forced outcome for `action`, used up by taking it; {} if there is none."""
        with self.lock:
            for outcome in self.outcomes:
                if outcome.get("action") == action:
                    outcome["times"] = outcome.get("times", 1) - 1
                    if outcome["times"] <= 0:
                        self.outcomes.remove(outcome)
                    return outcome
        return {}


class Tenants:
    """All accounts of this process; an account exists from the first time anybody names it."""

    def __init__(self, hosts_path_of):
        self._hosts_path_of = hosts_path_of
        self._lock = threading.Lock()
        self._tenants = {}

    def get(self, account):
        if not re.fullmatch(r"\d{12}", str(account)):
            raise ControlError(f"{account!r} is not an account: twelve digits are")
        with self._lock:
            if account not in self._tenants:
                self._tenants[account] = Tenant(account, self._hosts_path_of(account))
            return self._tenants[account]

    def all(self):
        with self._lock:
            return list(self._tenants.values())


def root_account(access_key):
    """The account whose root key this is, or None."""
    match = ROOT_KEY.fullmatch(access_key or "")
    return match and match[1]
