"""Managed nodes and the port forwarding sessions through them."""

import datetime
import secrets
import threading
import time

# As the service's own documents have them: host is any text, a port is 1 to 65535.
PORT_FORWARDING = "AWS-StartPortForwardingSessionToRemoteHost"


class Node:
    """A managed node: an EC2 instance `i-...`, or a machine elsewhere `mi-...`."""

    def __init__(self, identifier, ping_status="Online"):
        self.identifier = identifier
        self.ping_status = ping_status

    def view(self):
        elsewhere = self.identifier.startswith("mi-")
        return {
            "InstanceId": self.identifier,
            "PingStatus": self.ping_status,
            "LastPingDateTime": datetime.datetime.now(datetime.timezone.utc),
            "AgentVersion": "3.3.3050.0",
            "PlatformType": "Linux",
            "ResourceType": "ManagedInstance" if elsewhere else "EC2Instance",
        }


class Session:
    """One session. `Connected` until its data channel ends; an ended one never comes back."""

    def __init__(self, owner, owner_arn, node, host, port):
        self.id = f"{owner}-{secrets.token_hex(9)[:17]}"
        self.token = secrets.token_urlsafe(96)
        self.owner_arn = owner_arn
        self.node = node
        self.host = host
        self.port = port
        self.status = "Connected"
        self.reason = None
        self.attached = False  # the data channel was opened; a token opens it once
        self.connections = 0  # that reached the host
        self.began = self.active = time.monotonic()
        self._lock = threading.Lock()

    @property
    def ended(self):
        return self.status != "Connected"

    def end(self, reason):
        """The first reason stays."""
        with self._lock:
            if not self.ended:
                self.status, self.reason = "Terminated", reason

    def touch(self):
        """Bytes went through."""
        self.active = time.monotonic()

    def end_if_due(self, settings):
        """Enforce the account's idle timeout and maximum session duration."""
        now = time.monotonic()
        if now - self.active >= settings.ssm_idle_seconds:
            self.end("Session timed out due to inactivity")
        elif settings.ssm_max_seconds and now - self.began >= settings.ssm_max_seconds:
            self.end("Session reached its maximum duration")

    def view(self):
        names = ("id", "node", "host", "port", "status", "reason", "owner_arn", "connections")
        return {name: getattr(self, name) for name in names}
