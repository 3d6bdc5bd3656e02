"""A cable that can be pulled: TCP on loopback, passed on byte by byte until it is cut."""

import contextlib
import random
import select
import socket
import struct
import threading
from urllib.parse import urlsplit, urlunsplit

from local.ports import allowed, is_free

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a machine that lost power would seem to


class Proxy:
    """`proxy.through(url)` leads to the same server through this cable. `cut()` breaks what is open and refuses what is new."""

    def __init__(self, url: str):
        self.target = urlsplit(url).hostname, urlsplit(url).port
        # Not one from which outgoing connections are made: somebody else's could sit on it while the cable is cut.
        self.port = next(port for port in random.sample(allowed(), len(allowed())) if is_free(port))
        self.server = None
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.connected = 0  # connections so far
        self.mend()

    def through(self, url: str) -> str:
        parts = urlsplit(url)
        account = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{self.port}"))

    def cut(self):
        self._hang_up(self.server)
        for pair in self.pairs:
            for end in pair:
                with contextlib.suppress(OSError):  # it hung up by itself
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self._hang_up(end)
        self.pairs = []

    def mend(self):
        self.server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()

    def _accept(self, server):
        with contextlib.suppress(OSError):
            while True:
                near = server.accept()[0]
                self.connected += 1
                pair = near, socket.create_connection(self.target)
                self.pairs.append(pair)
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, near, far):
        with contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return self._hang_up(near, far)
                    (far if end is near else near).sendall(data)
        self._hang_up(near, far)

    @staticmethod
    def _hang_up(*ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
