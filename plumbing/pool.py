"""Connections to one service's database, each with time limits; `Pool.transaction` lends one for a transaction.

The same pool serves green threads (nameko) and real ones (web): under `eventlet.monkey_patch()` the locks are green by themselves.
"""

import contextlib
import threading
import time

import psycopg2
from nacl.secret import SecretBox

from plumbing import events
from plumbing.inbox import SequenceMoved
from plumbing.logs import describe
from plumbing.settings import Settings
from plumbing.transaction import Transaction

# The server ends what takes too long, whoever waits for it. Connections die with their peers instead of hanging, at both ends: a server that
# believed for hours in a client whose machine is gone would keep its locks.
OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=30s"
)
CONNECT = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
MAX_AGE_SECONDS = 1800
TRY_AGAIN = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock timeout
SERVER_IS_AWAY = ("53", "57P", "58", "08")  # out of resources, shut down or starting, system error, connection


class DatabaseUnavailable(Exception):
    """The database does not answer: stop hearing, ask again later. Nothing was lost, nothing was acknowledged."""


class Pool:
    """At most `size` connections, last in first out. A caller waits its turn for up to `patience` seconds."""

    def __init__(self, settings: Settings, size: int = 4, patience: float = 30.0, read=events.read):
        self.settings = settings
        self.read = read
        self.patience = patience
        self.box = SecretBox(settings.at_rest_key)
        self._room = threading.BoundedSemaphore(size)
        self._idle: list[tuple[float, psycopg2.extensions.connection]] = []

    @contextlib.contextmanager
    def transaction(self):
        """A Transaction that commits on leaving, or rolls back if an exception leaves it. Raises DatabaseUnavailable."""
        if not self._room.acquire(timeout=self.patience):
            raise DatabaseUnavailable("no connection became free")
        try:
            born, connection = self._take()
            try:
                tx = Transaction(self, connection)
                yield tx
                tx.flush_outbox()
                tx.failpoint("before_commit")
                connection.commit()
                tx.failpoint("after_commit")
                tx.report()
            except BaseException as problem:
                self._roll_back(connection)
                if _is_away(problem, connection):
                    raise DatabaseUnavailable(describe(problem)) from problem
                raise
            finally:
                self._give_back(born, connection)
        finally:
            self._room.release()

    def answers(self) -> bool:
        """Whether the database does work right now."""
        try:
            with self.transaction() as tx:
                tx.rows("select 1")
            return True
        except DatabaseUnavailable:
            return False

    def close(self):
        while self._idle:
            self._idle.pop()[1].close()

    def _take(self):
        while self._idle:
            born, connection = self._idle.pop()
            if not connection.closed and time.monotonic() - born < MAX_AGE_SECONDS:
                return born, connection
            connection.close()
        try:
            return time.monotonic(), connect(self.settings.database_url)
        except psycopg2.Error as problem:
            # What a server says about connecting names addresses and users, never what is kept there.
            raise DatabaseUnavailable(" ".join(str(problem).split())[:300]) from problem

    def _roll_back(self, connection):
        with contextlib.suppress(psycopg2.Error):
            connection.rollback()

    def _give_back(self, born, connection):
        if connection.closed:
            return
        self._idle.append((born, connection))


def connect(url: str, **overrides):
    """A connection with our time limits. Raises psycopg2.Error."""
    return psycopg2.connect(url, options=OPTIONS, application_name="fengqiao", **{**CONNECT, **overrides})


def _is_away(problem, connection) -> bool:
    if isinstance(problem, psycopg2.InterfaceError):
        return True
    if not isinstance(problem, psycopg2.Error):
        return bool(connection.closed) and isinstance(problem, Exception)
    return bool(connection.closed) or (problem.pgcode or "").startswith(SERVER_IS_AWAY)


def should_try_again(problem) -> bool:
    return isinstance(problem, SequenceMoved) or (isinstance(problem, psycopg2.Error) and problem.pgcode in TRY_AGAIN)
