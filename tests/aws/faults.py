"""Fault rules: which requests go wrong, and how.

A rule is a JSON object. It is for requests whose `service` equals, whose `action` matches (a
regular expression for the whole name) and whose parameters, written as JSON, contain a match of
`match`. Of these it passes over `skip`, then fires `times` times (for ever, if not given), with
probability `prob`. What it does is `kind`:

    error         the AWS error `code` (with `message`, `status`); the default if `code` is given
    expired-token the error of credentials that have run out
    reset         the connection is reset
    close         the connection is closed without an answer
    html          a 503 page, as a proxy in between makes it
    delay         nothing but `delay` seconds, which every other kind may have too
    record-changed-by-somebody
                  the record `name` (`type`, `ttl`, `zone`) gets the value `value`, then the request
                  is handled: somebody else was faster
    control       the control call `path` with `body` is made first, then the request is handled

With `"after": true` the request is handled first and only its answer is lost.
"""

import json
import random
import re

from errors import ControlError

KINDS = (
    "error",
    "expired-token",
    "reset",
    "close",
    "html",
    "delay",
    "record-changed-by-somebody",
    "control",
)
FIELDS = {
    *("service", "action", "match", "skip", "times", "prob", "kind", "code", "status", "message"),
    *("delay", "after", "name", "type", "ttl", "zone", "value", "path", "body", "id"),
}
THROTTLING = ("Throttling", "ThrottlingException", "RequestLimitExceeded")


class Rule:
    def __init__(self, given):
        unknown = set(given) - FIELDS
        if unknown:
            raise ControlError(f"unknown fields in a fault rule: {sorted(unknown)}")
        self.given = given
        self.kind = given.get("kind") or ("error" if "code" in given else "delay")
        if self.kind not in KINDS:
            raise ControlError(f"unknown kind of fault {self.kind!r}; known: {KINDS}")
        self.seen = 0
        self.fired = 0

    def view(self):
        return {**self.given, "kind": self.kind, "seen": self.seen, "fired": self.fired}

    @property
    def delay(self):
        return self.given.get("delay", 0)

    @property
    def after(self):
        return bool(self.given.get("after"))

    def matches(self, call):
        given = self.given
        return (
            given.get("service", call.service) == call.service
            and re.fullmatch(given.get("action", ".*"), call.action) is not None
            and (
                "match" not in given
                or re.search(given["match"], json.dumps(call.params, default=str)) is not None
            )
        )

    def fires(self):
        """Count one more matching request; says whether this one goes wrong."""
        self.seen += 1
        if self.seen <= self.given.get("skip", 0):
            return False
        if self.fired >= self.given.get("times", float("inf")):
            return False
        if random.random() >= self.given.get("prob", 1):
            return False
        self.fired += 1
        return True

    def error(self, usual):
        """(code, message, status) for the kinds that answer with an AWS error; `usual` are messages by code."""
        if self.kind == "expired-token":
            return "ExpiredToken", "The security token included in the request is expired", 403
        code = self.given.get("code", "InternalFailure")
        plain = "Rate exceeded" if code in THROTTLING else usual.get(code, "An injected fault")
        return code, self.given.get("message", plain), self.given.get("status")


def choose(tenant, call):
    """The first rule that fires for this request, or None."""
    with tenant.lock:
        for rule in tenant.rules:
            if rule.matches(call) and rule.fires():
                return rule
    return None
