"""What resolvers see: hosts files for libnss_wrapper, one per account and one with all of them.

Each account has a file of its own because two tests may well use the same record name. A line
appears for every endpoint and for every record that leads to an address; a record whose target is
gone has no line, as a resolver would answer NXDOMAIN.
"""

import os
import threading

LONGEST_CHAIN = 8


def address_book(tenant):
    """Endpoint name -> address, of the instances that have an endpoint at this moment."""
    return {
        instance.address_name: instance.cluster.address
        for store in tenant.stores.values()
        for instance in store.instances.values()
        if instance.cluster and instance.has_endpoint and instance.cluster.address
    }


def resolve(tenant, name, endpoints=None):
    """The chain of (name, type, value) from `name` to an address; [] if there is no such name."""
    endpoints = address_book(tenant) if endpoints is None else endpoints
    chain, name = [], name.rstrip(".").lower()
    for _ in range(LONGEST_CHAIN):
        if name in endpoints:
            return chain + [(name, "A", endpoints[name])]
        found = _record(tenant, name + ".")
        if not found:
            return []
        chain.append((name, *found))
        if found[0] == "A":
            return chain
        name = found[1].rstrip(".").lower()
    return []


def _record(tenant, name):
    """(type, first value) of the published record of that name; aliases read like a CNAME."""
    for zone in tenant.zones.values():
        for (owner, type_, _), record in zone.published.items():
            if owner != name or type_ not in ("A", "CNAME") or record.get("Weight") == 0:
                continue
            if record.get("AliasTarget"):
                return "CNAME", record["AliasTarget"]["DNSName"]
            return type_, record["ResourceRecords"][0]["Value"]
    return None


def addresses(tenant):
    """Every resolvable name of the account -> address."""
    with tenant.lock:
        endpoints = address_book(tenant)
        names = list(endpoints)
        for zone in tenant.zones.values():
            names += [owner.rstrip(".") for owner, _, _ in zone.published]
        found = {}
        for name in names:
            chain = resolve(tenant, name, endpoints)
            if chain:
                found[name] = chain[-1][2]
        return found


class HostsFiles:
    def __init__(self, directory, tenants):
        """`tenants` is a function giving all tenants; it is not called before the first refresh."""
        self._directory = directory
        self._tenants = tenants
        self._lock = threading.Lock()
        self._stamps = {}
        self._written = {}
        self.path = os.path.join(directory, "hosts")
        os.makedirs(os.path.join(directory, "hosts.d"), exist_ok=True)
        self._write(self.path, {})

    def path_of(self, account):
        path = os.path.join(self._directory, "hosts.d", account)
        self._write(path, {})
        return path

    def refresh(self, tenant):
        """Bring the tenant's file, and the common one, up to date. Locks: ours, then the tenants'."""
        with self._lock:
            self._write(tenant.hosts_path, addresses(tenant))
            everybody = {}
            for each in self._tenants():
                everybody.update(self._written.get(each.hosts_path, {}))
            self._write(self.path, everybody)

    def _write(self, path, found):
        if self._written.get(path) == found:
            return
        self._written[path] = found
        lines = ["127.0.0.1 localhost"]
        lines += [f"{address} {name}" for name, address in sorted(found.items())]
        with open(path + ".new", "w") as file:
            file.write("\n".join(lines) + "\n")
        # nss_wrapper reads a file again when its time in whole seconds differs from the last
        # reading: two changes within one second need two different times, hence the counting.
        now = int(os.stat(path + ".new").st_mtime)
        stamp = self._stamps[path] = max(now, self._stamps.get(path, 0) + 1)
        os.utime(path + ".new", (stamp, stamp))
        os.replace(path + ".new", path)
