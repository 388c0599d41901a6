"""The data channel of sessions: TCP in place of the service's WebSocket.

A client connects to the host and port of the session's StreamUrl and sends one line, the token and a
word. The answer is one line of JSON, `{"session": ..., "host": ..., "port": ...}` or `{"error": ...}`.

    <token> control    opens the data channel, once. It stays open as long as the session lives; its end,
                       on either side, ends the session. The last line from here is {"ended": reason}.
    <token> data       one TCP connection to the session's host and port, from the managed node's side.
                       After the answer line everything is passed on, in both directions.

The account enforces `ssm_idle_seconds` and `ssm_max_seconds`: when a session is over, its connections end.
"""

import json
import selectors
import socket
import threading
import time

from ssm import api

CHUNK = 65536
TICK_SECONDS = 0.05
# A token "is valid only long enough to ensure the connection is successful".
TOKEN_SECONDS = 60


class Channel:
    def __init__(self):
        self._lock = threading.Lock()
        self._expected = {}  # token -> (tenant, session)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True, name="data channels").start()

    def url_of(self, session):
        address, port = self._listener.getsockname()
        return f"ws://{address}:{port}/v1/data-channel/{session.id}?role=publish_subscribe"

    def expect(self, tenant, session):
        with self._lock:
            self._expected[session.token] = (tenant, session)

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                connection.settimeout(10)
                token, _, word = read_line(connection).partition(" ")
                connection.settimeout(None)
                with self._lock:
                    tenant, session = self._expected.get(token, (None, None))
                if not session:
                    send(connection, {"error": "The token is not valid."})
                elif word == "control":
                    self._control(connection, tenant, session)
                elif word == "data":
                    data(connection, tenant, session)
            except OSError:  # the other side went away
                pass

    def _control(self, connection, tenant, session):
        late = time.monotonic() - session.began > TOKEN_SECONDS
        if session.attached or session.ended or late:
            return send(connection, {"error": "The token is not valid any more."})
        session.attached = True
        try:
            send(connection, {"session": session.id, "host": session.host, "port": session.port})
            wait_for_the_end(connection, tenant, session)
            send(connection, {"ended": session.reason})
        finally:
            session.end("the client went away")
            with self._lock:
                self._expected.pop(session.token, None)


def wait_for_the_end(connection, tenant, session):
    connection.settimeout(TICK_SECONDS)
    while not session.ended:
        session.end_if_due(tenant.settings)
        try:
            if not connection.recv(CHUNK):
                session.end("the client closed the data channel")
        except TimeoutError:
            pass


def data(connection, tenant, session):
    if session.ended or not session.attached:
        return send(connection, {"error": "The session is not open."})
    address = api.resolved(tenant, session)
    try:
        if not address:
            raise OSError(f"no such host is known: {session.host}")
        target = socket.create_connection((address, session.port), timeout=10)
    except OSError as error:
        return send(connection, {"error": f"Connection to destination port failed: {error}"})
    session.connections += 1
    with target:
        target.settimeout(None)
        send(connection, {"session": session.id, "host": session.host, "port": session.port})
        pump(connection, target, tenant, session)


def pump(one, other, tenant, session):
    """Pass bytes on in both directions until a side closes or the session is over."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while not session.ended:
            if tenant.settings.ssm_stalled:  # a black hole: nothing arrives, nothing is closed
                time.sleep(TICK_SECONDS)
                continue
            for key, _ in selector.select(TICK_SECONDS):
                chunk = key.fileobj.recv(CHUNK)
                if not chunk:
                    return
                session.touch()
                key.data.sendall(chunk)


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte or len(line) > 400:
            raise ConnectionError("no line")
        line += byte
    return line.decode("ascii", "replace").strip()


def send(connection, message):
    connection.sendall(json.dumps(message).encode() + b"\n")
