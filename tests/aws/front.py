"""The WSGI application: control calls, fault rules, the journal, and whoever answers in the end."""

import json
import os
import socket
import struct
import sys
import time
import traceback

import ecr
import faults
import iam
import identity
import wire
from errors import AwsError, ControlError
from rds.store import Store

REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
PAGE_503 = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


class Front:
    def __init__(self, tenants, rds, route53, ssm, moto, control):
        self._tenants = tenants
        self._rds = rds
        self._route53 = route53
        self._ssm = ssm
        self._moto = moto
        self._control = control

    def __call__(self, environ, start_response):
        body = read_body(environ)
        if environ["PATH_INFO"].startswith("/bench/"):
            answer = self._control_answer(environ, body)
        else:
            answer = self._aws_answer(environ, body)
        status, headers, content = answer
        headers = {
            k: v for k, v in headers.items() if k.lower() not in ("status", "content-length")
        }
        headers["Content-Length"] = str(len(content))
        start_response(f"{status} {REASONS.get(status, 'Status')}", list(headers.items()))
        return [content]

    def _control_answer(self, environ, body):
        path, verb = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        try:
            status, answer = 200, self._control.handle(verb, path, environ["QUERY_STRING"], body)
        except (ControlError, AwsError) as error:
            status, answer = 400, {"error": str(error)}
        except Exception as error:  # a test must see why, not an empty connection
            traceback.print_exc(file=sys.stderr)
            status, answer = 500, {"error": f"{type(error).__name__}: {error}"}
        content = json.dumps(answer, default=_plain).encode()
        return status, {"Content-Type": "application/json"}, content

    def _aws_answer(self, environ, body):
        started = time.time()
        try:
            call = wire.understand(environ, body)
        except Exception:  # no such operation, or nonsense
            traceback.print_exc(file=sys.stderr)
            call = wire.Call(environ, body, environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return wire.failure(call, "InvalidAction", "Could not find operation", 400)
        tenant = self._tenants.get(identity.account_of(call))
        rule = faults.choose(tenant, call)
        entry = journal_entry(call, started, rule)
        with tenant.lock:
            entry["n"] = len(tenant.journal)
            tenant.journal.append(entry)
        status, headers, content = self._faulty(call, tenant, rule, entry)
        entry["status"] = status
        entry["code"] = wire.error_code(content) if status >= 400 else None
        entry["seconds"] = time.time() - started
        return status, headers, content

    def _faulty(self, call, tenant, rule, entry):
        if rule is None:
            return self._answer(call, tenant)
        if rule.delay:
            time.sleep(rule.delay)
        if rule.kind == "record-changed-by-somebody":
            self._control.change_record(
                tenant, {"zone": call.params.get("HostedZoneId"), **rule.given}
            )
            return self._answer(call, tenant)
        if rule.kind == "control":
            content = json.dumps({"account": tenant.account, **(rule.given.get("body") or {})})
            self._control.handle("POST", rule.given["path"], "", content.encode())
            return self._answer(call, tenant)
        if rule.kind == "delay":
            return self._answer(call, tenant)
        if rule.after:
            self._answer(call, tenant)
        if rule.kind in ("reset", "close"):
            entry["status"] = rule.kind
            drop(call.environ, rule.kind)
        if rule.kind == "html":
            return rule.given.get("status", 503), {"Content-Type": "text/html"}, PAGE_503
        return wire.failure(call, *rule.error(wire.error_messages(call.service)))

    def _answer(self, call, tenant):
        try:
            if not call.path.startswith("/moto-api/"):
                caller = identity.caller(call, tenant)
                iam.check(call, tenant, caller)
                identity.check_assumption(call, tenant, caller)
            function = self._find(call, tenant)
            if function is None:
                return identity.shortened(tenant, self._from_moto(call))
            return wire.success(call, function())
        except AwsError as error:
            return wire.failure(call, error.code, error.message, error.status)
        except Exception:  # a mistake of ours must not look like a page of the web framework
            traceback.print_exc(file=sys.stderr)
            return wire.failure(call, "InternalFailure", "The simulated account is broken", 500)

    def _find(self, call, tenant):
        """What answers this call, ready to be called; None: moto."""
        if not call.is_ours:
            return None
        if call.service == "route53":
            action = self._route53.actions.get(call.action)
            if not action:
                raise AwsError(
                    "InvalidAction", f"{call.action} is not part of the simulated account."
                )
            return lambda: action(tenant, call.params)
        if call.service in ("ssm", "ecr"):
            actions = self._ssm.actions if call.service == "ssm" else ecr.ACTIONS
            action = actions.get(call.action)
            return action and (lambda: action(call, tenant))
        action = self._rds.find(call.action)
        return action and (lambda: action(Store.of(tenant, call.region), call.params))

    def _from_moto(self, call):
        answered = {}

        def start_response(status, headers, exc_info=None):
            answered.update(status=int(status.split()[0]), headers=dict(headers))

        environ = call.replayed()
        if call.path.startswith("/moto-api/"):
            environ["CONTENT_TYPE"] = "text/plain"  # as a form, which curl sends, it would be lost
        content = b"".join(self._moto(environ, start_response))
        if answered["status"] >= 500:
            return wire.failure(call, "InvalidAction", f"{call.action} is not simulated", 400)
        return answered["status"], answered["headers"], content


def journal_entry(call, started, rule):
    return {
        "time": started,
        "method": call.method,
        "service": call.service,
        "action": call.action,
        "path": call.path,
        "region": call.region,
        "access_key": call.access_key,
        "params": wire.masked(call.params),
        "fault": rule and (rule.given.get("id") or rule.given.get("code") or rule.kind),
        # Filled in with the answer; None as long as there is none.
        "status": None,
        "code": None,
        "seconds": None,
    }


def read_body(environ):
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def drop(environ, how):
    """End the connection without an answer: a reset, or an orderly close."""
    connection = environ["werkzeug.socket"]
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
    else:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("an injected fault")


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
