"""Loopback addresses for database servers."""

import itertools
import random
import socket
import threading

PORT = 5432
TRIES = 1000


class Addresses:
    """Addresses 127.66.a.b, each handed out once.

    The walk starts at a random place because other servers on this machine may use the same range;
    an address where somebody already listens is passed over.
    """

    def __init__(self):
        start = random.randrange(1 << 16)
        self._lock = threading.Lock()
        self._numbers = ((start + n) % (1 << 16) for n in itertools.count())

    def take(self, port=PORT):
        with self._lock:
            for _ in range(TRIES):
                high, low = divmod(next(self._numbers), 256)
                address = f"127.66.{high}.{low}"
                if low not in (0, 255) and self._is_free(address, port):
                    return address
        raise RuntimeError(f"no free address: does a server listen on 0.0.0.0:{port}?")

    @staticmethod
    def _is_free(address, port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
        return True
