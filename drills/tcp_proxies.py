"""TCP proxies on loopback that can be cut, stalled or slowed, all served by one thread. They do not interpret the data."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from local.ports import allowed_ports, is_free

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 seconds: closing sends a reset, as if the machine had lost power
CHANGE_SECONDS = 10.0  # limit for one change of a proxy; no change waits for a peer


class TcpProxy:
    """A proxy to one server. Every method may be called from any thread and returns when the change has been made."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int):
        self.host, self.port_of_server = host, port
        self.connected = 0  # connections so far
        self._loop = loop
        self._listening: asyncio.Server | None = None
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()  # (connection to the client, connection to the server)
        self._half_open: set[asyncio.StreamWriter] = set()  # connections to the server whose client end was reset
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay = 0.0
        # A port outside the range for outgoing connections: one of those could occupy it while the proxy is interrupted.
        self.port = next(port for port in random.sample(allowed_ports(), len(allowed_ports())) if is_free(port))
        self._do(self._mend())

    def through(self, url: str) -> str:
        """Return the same address through this proxy."""
        parts = urlsplit(url)
        account, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{account}{at}127.0.0.1:{self.port}"))

    def reset(self) -> None:
        """Reset both ends of every open connection. New connections are accepted at once."""
        self._do(self._reset())

    def interrupt(self) -> None:
        """Reset every open connection and refuse new ones until `mend`."""
        self._do(self._interrupt())

    def reset_clients(self) -> None:
        """Reset the client's end only; the server's end stays open until `mend`."""
        self._do(self._reset_clients())

    def stall(self) -> None:
        """Pass no data in either direction until `mend`; the connections stay open."""
        self._do(self._stall())

    def slow(self, seconds: float) -> None:
        """Delay every piece of data by this many seconds, in both directions, until `mend`."""
        self._delay = seconds

    def mend(self) -> None:
        """Undo all changes: listen again, pass data without delay, reset half-open connections."""
        self._do(self._mend())

    def _do(self, change):
        return asyncio.run_coroutine_threadsafe(change, self._loop).result(CHANGE_SECONDS)

    async def _reset(self):
        for pair in self._pairs:
            for end in pair:
                _reset(end)

    async def _interrupt(self):
        if self._listening:
            self._listening.close()
            self._listening = None
        await self._reset()

    async def _reset_clients(self):
        for client, server in self._pairs:
            self._half_open.add(server)
            _reset(client)

    async def _stall(self):
        self._flowing.clear()

    async def _mend(self):
        self._delay = 0.0
        self._flowing.set()
        for end in self._half_open:
            _reset(end)
        self._half_open.clear()
        if not self._listening:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, from_client, client):
        self.connected += 1
        try:
            from_server, server = await asyncio.open_connection(self.host, self.port_of_server)
        except OSError:
            _reset(client)
            return
        if not self._listening:  # interrupted while the connection to the server was opened
            _reset(client)
            _reset(server)
            return
        pair = (client, server)
        self._pairs.add(pair)
        await asyncio.gather(self._pass_on(from_client, server), self._pass_on(from_server, client), return_exceptions=True)
        self._pairs.discard(pair)

    async def _pass_on(self, reader, writer):
        try:
            while piece := await reader.read(65536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flowing.wait()
                writer.write(piece)
                await writer.drain()
        finally:
            if writer not in self._half_open:
                with contextlib.suppress(OSError, RuntimeError):
                    writer.close()


class TcpProxies:
    """Named proxies, and the thread that serves them."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._by_name: dict[str, TcpProxy] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="tcp-proxies")
        self._thread.start()

    def __iter__(self) -> Iterator[TcpProxy]:
        return iter(self._by_name.values())

    def to(self, name: str, host: str, port: int) -> TcpProxy:
        """Return the proxy of this name; the first call creates it."""
        if name not in self._by_name:
            self._by_name[name] = TcpProxy(self._loop, host, port)
        return self._by_name[name]

    def close(self) -> None:
        for proxy in self:
            proxy.interrupt()
        asyncio.run_coroutine_threadsafe(_end_all_tasks(), self._loop).result(CHANGE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@contextlib.contextmanager
def tcp_proxy(url: str) -> Iterator[TcpProxy]:
    """Yield a proxy to the server in `url`."""
    proxies, parts = TcpProxies(), urlsplit(url)
    try:
        yield proxies.to(parts.netloc, parts.hostname, parts.port)
    finally:
        proxies.close()


async def _end_all_tasks():
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reset(end):
    connection = end.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    end.transport.abort()
