"""TCP proxies on loopback whose connections can be reset, stalled or slowed. One thread serves all proxies; they do not interpret the data."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from local.ports import reserve_port

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # value of SO_LINGER with 0 seconds: closing the socket sends a TCP reset
CHANGE_TIMEOUT_SECONDS = 10.0  # time limit of one change of a proxy; a change does not wait for client or server


class TcpProxy:
    """A TCP proxy to one server. Its methods may be called from any thread and return when the change has been made."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int):
        self.host, self.port_of_server = host, port
        self.connection_count = 0  # number of connections accepted so far
        self._loop = loop
        self._listening: asyncio.Server | None = None
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()  # open connections, each as (stream to the client, stream to the server)
        self._half_open: set[asyncio.StreamWriter] = set()  # streams to the server whose client connection was reset
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay = 0.0
        # The port is outside the range for outgoing connections, because one of those could occupy it while the proxy is interrupted.
        self.port = reserve_port()
        self._apply_change(self._undo_changes())

    def url_through_proxy(self, url: str) -> str:
        """Return the URL with host and port replaced by those of this proxy."""
        parts = urlsplit(url)
        account, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{account}{at}127.0.0.1:{self.port}"))

    def reset_connections(self) -> None:
        """Send a TCP reset to client and server of every open connection. New connections are accepted at once."""
        self._apply_change(self._reset_connections())

    def interrupt_connections(self) -> None:
        """Reset every open connection and refuse new connections until `undo_changes` is called."""
        self._apply_change(self._interrupt_connections())

    def reset_clients(self) -> None:
        """Send a TCP reset to every client only; the connections to the server stay open until `undo_changes` is called."""
        self._apply_change(self._reset_clients())

    def stall_connections(self) -> None:
        """Pass no data in either direction until `undo_changes` is called; the connections stay open."""
        self._apply_change(self._stall_connections())

    def slow_down(self, seconds: float) -> None:
        """Delay every piece of data by this many seconds, in both directions, until `undo_changes` is called."""
        self._delay = seconds

    def undo_changes(self) -> None:
        """Undo all changes: listen again, pass data without delay, and reset half-open connections."""
        self._apply_change(self._undo_changes())

    def _apply_change(self, change):
        return asyncio.run_coroutine_threadsafe(change, self._loop).result(CHANGE_TIMEOUT_SECONDS)

    async def _reset_connections(self):
        for pair in self._pairs:
            for end in pair:
                _reset_stream(end)

    async def _interrupt_connections(self):
        if self._listening:
            self._listening.close()
            self._listening = None
        await self._reset_connections()

    async def _reset_clients(self):
        for client, server in self._pairs:
            self._half_open.add(server)
            _reset_stream(client)

    async def _stall_connections(self):
        self._flowing.clear()

    async def _undo_changes(self):
        self._delay = 0.0
        self._flowing.set()
        for end in self._half_open:
            _reset_stream(end)
        self._half_open.clear()
        if not self._listening:
            self._listening = await asyncio.start_server(self._serve_client, "127.0.0.1", self.port)

    async def _serve_client(self, from_client, client):
        self.connection_count += 1
        try:
            from_server, server = await asyncio.open_connection(self.host, self.port_of_server)
        except OSError:
            _reset_stream(client)
            return
        if not self._listening:  # the proxy was interrupted while the connection to the server was opened
            _reset_stream(client)
            _reset_stream(server)
            return
        pair = (client, server)
        self._pairs.add(pair)
        await asyncio.gather(self._forward_data(from_client, server), self._forward_data(from_server, client), return_exceptions=True)
        self._pairs.discard(pair)

    async def _forward_data(self, reader, writer):
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
    """Collection of named TCP proxies, with the thread that serves them."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._by_name: dict[str, TcpProxy] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="tcp-proxies")
        self._thread.start()

    def __iter__(self) -> Iterator[TcpProxy]:
        return iter(self._by_name.values())

    def proxy_to(self, name: str, host: str, port: int) -> TcpProxy:
        """Return the proxy of this name. The first call creates it, as a proxy to `host` and `port`."""
        if name not in self._by_name:
            self._by_name[name] = TcpProxy(self._loop, host, port)
        return self._by_name[name]

    def close(self) -> None:
        for proxy in self:
            proxy.interrupt_connections()
        asyncio.run_coroutine_threadsafe(_cancel_all_tasks(), self._loop).result(CHANGE_TIMEOUT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@contextlib.contextmanager
def tcp_proxy(url: str) -> Iterator[TcpProxy]:
    """Yield a TCP proxy to the server in `url`. Close it at the end of the block."""
    proxies, parts = TcpProxies(), urlsplit(url)
    try:
        yield proxies.proxy_to(parts.netloc, parts.hostname, parts.port)
    finally:
        proxies.close()


async def _cancel_all_tasks():
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reset_stream(stream):
    connection = stream.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    stream.transport.abort()
