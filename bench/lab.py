"""Where it is measured: private servers and processes of its own, an administrator's line to the broker, copies of the database."""

import contextlib
import json
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg2

from bench.agencies import Line, Loop, Message
from bench.copies import Copies
from bench.watching import cpu_seconds
from deploy.files import private
from local import System


@dataclass
class Run:
    """One run of one side: events a second from the first to the last, and the CPU of all that took part."""

    rate: float
    cpu_us: float


class Ground:
    """Owns the servers, and whatever is measured on them. As a context manager."""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = private(folder)
        self.system = System(folder, restarts=False)
        self.servers = self.system.servers

    def __enter__(self) -> Self:
        try:
            self.system.prepare()
            self.copies = Copies(self.servers.database_admin, self.servers.keys["database"])
            # Only it may publish in an agency's name: the queues are filled before anybody hears.
            self.servers.broker.ctl("set_user_tags", "admin", "administrator", "impersonator")
            self.loop = Loop()
            self.line = Line(self.loop, self.servers.amqp_admin)
        except BaseException:
            self.system.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(Exception):
            self.line.close()
        self.system.close()

    @property
    def server_pids(self) -> tuple[int | None, ...]:
        return self.servers.database.pid(), self.servers.broker.pid()

    def fill(self, messages: Iterable[Message]) -> None:
        """Publishes all and waits for every confirm."""
        self.line.publish(messages)
        self.loop.until(lambda: not self.line.unconfirmed, 120, "filling the queues")
        assert not self.line.nacked, "the broker refused some messages"

    def declare(self, exchange: str, queue: str, routing_key: str) -> None:
        """A durable topic exchange and a classic durable queue on it: nameko's own."""
        channel, done = self.line.channel, []
        channel.exchange_declare(exchange, "topic", durable=True)
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, exchange, routing_key, callback=done.append)
        self.loop.until(lambda: done, 10, f"declaring {queue}")

    def purge(self, queues: Iterable[str]) -> int:
        """Empties these queues. Returns how many messages were in them, as counted by the broker."""
        counts, channel, wanted = [], self.line.channel, list(queues)
        for queue in wanted:
            channel.queue_purge(queue, callback=lambda frame: counts.append(frame.method.message_count))
        self.loop.until(lambda: len(counts) == len(wanted), 30, "emptying the queues")
        return sum(counts)

    def environment(self, name: str, database: str | None = None) -> dict[str, str]:
        """What the process of this name is told; with another database, if one is given."""
        from deploy import processes

        told = processes.launch(processes.KINDS[name], self.servers).environment
        return told | ({"DATABASE_URL": database} if database else {})


def listen(url: str, channel: str):
    """A connection that hears every commit which says something."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(f'listen "{channel}"')
    return connection


def watch(
    listening, progress: Callable[[], int], wanted: int, pids: Callable[[], tuple], seconds: float = 120
) -> tuple[float, float, list[tuple[float, float]]]:
    """Waits until all is done, by the commits themselves.

    Returns when the last one was, the CPU seconds so far, and the CPU seconds at some instants up to the first commit: (time, seconds).
    """
    last, before = None, []
    give_up = checked = time.time()
    give_up += seconds
    while True:
        heard = bool(select.select([listening], [], [], 0.1 if last else 0.01)[0])
        now = time.time()
        if last is None:
            before.append((now, cpu_seconds(*pids())))
        if heard:
            listening.poll()
            listening.notifies.clear()
            last = now
        if last and now - checked > (0.1 if not heard else 2.0):
            checked = now
            if progress() >= wanted:
                return last, cpu_seconds(*pids()), before
        if now > give_up:
            raise TimeoutError(f"{progress()} of {wanted} after {seconds:g} s")


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"  … {text}", file=sys.stderr, flush=True)


def read_json(line: str) -> dict:
    return json.loads(line)
