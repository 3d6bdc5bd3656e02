"""Environment in which a benchmark runs: separate servers and service processes, an administrator's connection to the broker, and copies of the database."""

import contextlib
import json
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg2

from bench.agencies import BrokerConnection, IoLoop, Message
from bench.copies import DatabaseCopies
from bench.resource_usage import cpu_seconds
from deploy.files import make_private_folder
from local import System

MAINTENANCE_SECONDS = 1800  # time limit for vacuum processes of the database server


@dataclass
class Measurement:
    """Result of one measurement.

    `rate`: events per second from the first to the last event. `cpu_us`: CPU time of all processes involved, in microseconds per event.
    """

    rate: float
    cpu_us: float


@dataclass
class Observer:
    """The benchmark's own connection to the system's database: its cursor, and the process id of its server process, whose CPU time is not counted."""

    cursor: object
    pid: int


class Lab:
    """Context manager that starts the servers of a benchmark, and stops servers and processes at the end."""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = make_private_folder(folder)
        self.system = System(folder, restarts=False)
        self.servers = self.system.servers

    def __enter__(self) -> Self:
        try:
            self.system.prepare()
            self.copies = DatabaseCopies(self.servers.database_admin, self.servers.keys["database"])
            self.has_statement_statistics = self._load_statement_statistics()
            # The tag `impersonator` lets the administrator publish with the user id of any agency, to fill the queues before the consumers start.
            self.servers.broker.ctl("set_user_tags", "admin", "administrator", "impersonator")
            self.loop = IoLoop()
            self.connection = BrokerConnection(self.loop, self.servers.amqp_admin)
        except BaseException:
            self.system.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(Exception):
            self.connection.close()
        self.system.close()

    @property
    def server_pids(self) -> tuple[int | None, ...]:
        return self.servers.database.pid(), self.servers.broker.pid()

    @contextlib.contextmanager
    def observe(self) -> Iterator[Observer]:
        """Open the benchmark's own connection to the database of the system. The CPU time of its server process can be left out (see `components`)."""
        with self.copies.admin_cursor("fengqiao") as cursor:
            cursor.execute("select pg_backend_pid()")
            yield Observer(cursor, cursor.fetchone()[0])

    def set_statement_statistics(self, is_on: bool) -> None:
        """Start or end the counting of statements by the module pg_stat_statements."""
        with self.copies.admin_cursor("postgres") as cursor:
            cursor.execute(f"alter system set pg_stat_statements.track = {'top' if is_on else 'none'}")
            cursor.execute("select pg_reload_conf()")

    def _load_statement_statistics(self) -> bool:
        """Restart the database server with the module pg_stat_statements, switched off. Return False if the server does not have the module."""
        with self.copies.admin_cursor("postgres") as cursor:
            cursor.execute("select count(*) from pg_available_extensions where name = 'pg_stat_statements'")
            if not cursor.fetchone()[0]:
                return False
            cursor.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
        self.servers.database.restart()
        with self.copies.admin_cursor("postgres") as cursor:
            cursor.execute("alter system set pg_stat_statements.track_utility = off")
            cursor.execute("create extension if not exists pg_stat_statements")
        self.set_statement_statistics(False)
        return True

    def fill_queues(self, messages: Iterable[Message]) -> None:
        """Publish the messages and wait until the broker has confirmed all of them."""
        self.connection.publish(messages)
        self.loop.run_until(lambda: not self.connection.unconfirmed_count, 600, "filling the queues")
        assert not self.connection.nacked_count, "the broker refused some messages"

    def declare_queue(self, exchange: str, queue: str, routing_key: str) -> None:
        """Declare a durable topic exchange and a durable classic queue bound to it, as nameko does."""
        channel, done = self.connection.channel, []
        channel.exchange_declare(exchange, "topic", durable=True)
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, exchange, routing_key, callback=done.append)
        self.loop.run_until(lambda: done, 10, f"declaring {queue}")

    def purge_queues(self, queues: Iterable[str]) -> int:
        """Empty these queues. Return the number of messages that the broker removed."""
        counts, channel, wanted = [], self.connection.channel, list(queues)
        for queue in wanted:
            channel.queue_purge(queue, callback=lambda frame: counts.append(frame.method.message_count))
        self.loop.run_until(lambda: len(counts) == len(wanted), 30, "emptying the queues")
        return sum(counts)

    def process_environment(self, name: str, database: str | None = None) -> dict[str, str]:
        """Return the environment variables of a process of the system. `database`: URL that replaces its DATABASE_URL."""
        from deploy import processes

        variables = processes.make_launch(processes.PROCESSES[name], self.servers).environment
        # A copy of the database is older than what the system has processed, which the process must not take for a restored database.
        return variables | ({"DATABASE_URL": database, "FENGQIAO_EPOCH_FILE": ""} if database else {})


def listen_to_channel(url: str, channel: str):
    """Return a database connection that listens to this notification channel (LISTEN), on which every commit of the measured service sends a notification."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(f'listen "{channel}"')
    return connection


def wait_for_commits(
    listening, progress: Callable[[], int], wanted: int, pids: Callable[[], tuple], seconds: float = 120
) -> tuple[float, float, list[tuple[float, float]]]:
    """Wait until `progress()` has reached `wanted`. Observe the commits by their notifications. Raises TimeoutError after `seconds`.

    Returns the time of the last commit, the CPU seconds of the processes `pids()` until then, and a list of samples (time, CPU seconds) from before
    the first commit.
    """
    last, samples = None, []
    give_up = checked = time.time()
    give_up += seconds
    while True:
        has_commits = bool(select.select([listening], [], [], 0.1 if last else 0.01)[0])
        now = time.time()
        if last is None:
            samples.append((now, cpu_seconds(*pids())))
        if has_commits:
            listening.poll()
            listening.notifies.clear()
            last = now
        if last and now - checked > (0.1 if not has_commits else 2.0):
            checked = now
            if progress() >= wanted:
                return last, cpu_seconds(*pids()), samples
        if now > give_up:
            raise TimeoutError(f"{progress()} of {wanted} after {seconds:g} s")


def wait_for_maintenance(cursor) -> None:
    """Vacuum the database, run a checkpoint, and wait until no autovacuum process runs, so that earlier work is not measured as that of what follows."""
    cursor.execute("vacuum analyze")
    cursor.execute("checkpoint")
    give_up = time.monotonic() + MAINTENANCE_SECONDS
    while True:
        cursor.execute("select count(*) from pg_stat_activity where backend_type = 'autovacuum worker'")
        if not cursor.fetchone()[0]:
            return
        if time.monotonic() > give_up:
            raise TimeoutError(f"autovacuum still runs after {MAINTENANCE_SECONDS} s")
        time.sleep(1)


def log_progress(text: str) -> None:
    print(f"  … {text}", file=sys.stderr, flush=True)


def read_json(line: str) -> dict:
    return json.loads(line)
