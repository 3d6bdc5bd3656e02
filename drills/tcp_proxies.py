"""Wires that can be cut: a TCP proxy for each process and server, all on one thread. Knows ports, no protocol."""

import asyncio
import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

ABRUPTLY = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Wire:
    """One process's way to one server. Every method may be called from any thread."""

    def __init__(self, wires: "Wires", name: str, target: int):
        self.name, self.target = name, target
        self._loop = wires.loop
        self._pairs: set[tuple] = set()
        self._zombies: set = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._slow = 0.0
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop).result(10)
        self.port = server.sockets[0].getsockname()[1]

    def leads(self, url: str) -> str:
        """The same address, by this wire."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{self.port}").geturl()

    def cut(self) -> None:
        """Both ends get a reset."""
        self._soon(lambda: [_reset(end) for pair in self._pairs for end in pair])

    def cut_here(self) -> None:
        """Our process gets a reset; the server hears nothing and believes that it is still there, until `mend`."""
        self._soon(self._cut_here)

    def stall(self) -> None:
        """Nothing gets through any more, either way; no end notices."""
        self._soon(self._flowing.clear)

    def slow(self, seconds: float) -> None:
        """Every piece takes this much longer, either way."""
        self._soon(lambda: setattr(self, "_slow", seconds))

    def mend(self) -> None:
        self._soon(self._mend)

    def _soon(self, do):
        self._loop.call_soon_threadsafe(do)

    def _cut_here(self):
        for ours, theirs in self._pairs:
            self._zombies.add(theirs)
            _reset(ours)

    def _mend(self):
        self._slow = 0.0
        self._flowing.set()
        for end in self._zombies:
            _reset(end)
        self._zombies.clear()

    async def _serve(self, reader, ours):
        try:
            far, theirs = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _reset(ours)
            return
        pair = (ours, theirs)
        self._pairs.add(pair)
        await asyncio.gather(self._pass_on(reader, theirs), self._pass_on(far, ours), return_exceptions=True)
        self._pairs.discard(pair)

    async def _pass_on(self, reader, writer):
        try:
            while piece := await reader.read(65536):
                if self._slow:
                    await asyncio.sleep(self._slow)
                await self._flowing.wait()
                writer.write(piece)
                await writer.drain()
        finally:
            if writer not in self._zombies:
                with contextlib.suppress(OSError, RuntimeError):
                    writer.close()


class Wires:
    """Owns the thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._all: dict[str, Wire] = {}
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True, name="wires")
        self._thread.start()

    def __getitem__(self, name: str) -> Wire:
        return self._all[name]

    def __iter__(self):
        return iter(self._all.values())

    def lay(self, name: str, target: int) -> Wire:
        """A wire of this name, to this port of this machine."""
        if name not in self._all:
            self._all[name] = Wire(self, name, target)
        return self._all[name]

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


def _reset(end):
    connection = end.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
    end.transport.abort()
