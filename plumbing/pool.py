"""Pool of connections to one service's database, each with time limits. `Pool.transaction` opens a transaction on a free connection.

The pool can be used by green threads (nameko) and by operating system threads (web): after `eventlet.monkey_patch()` its locks are green.
"""

import contextlib
import threading
import time

import psycopg2
from nacl.secret import SecretBox

from plumbing import events
from plumbing.inbox import SequenceConflict
from plumbing.logs import describe
from plumbing.settings import Settings
from plumbing.transaction import Transaction

# Time limits for server and client. The server ends statements and transactions that take too long. TCP keepalives detect that the other machine is
# down; without them the server would hold the locks of a dead client for hours.
SERVER_OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=30s"
)
CONNECT_OPTIONS = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
MAX_CONNECTION_AGE_SECONDS = 1800
RETRYABLE_SQLSTATES = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock timeout
# Prefixes of SQLSTATE: out of resources, server shutting down or starting, system error, connection error.
UNAVAILABLE_SQLSTATE_PREFIXES = ("53", "57P", "58", "08")


class DatabaseUnavailable(Exception):
    """The database does not answer. The caller stops consuming and tries again later; no event was acknowledged, so none is lost."""


class Pool:
    """Pool of at most `size` connections; the connection returned last is reused first. A caller waits up to `acquire_timeout` seconds for a free one."""

    def __init__(self, settings: Settings, size: int = 4, acquire_timeout: float = 30.0, read=events.read):
        self.settings = settings
        self.read = read
        self.acquire_timeout = acquire_timeout
        self.secret_box = SecretBox(settings.at_rest_key)
        self._free_slots = threading.BoundedSemaphore(size)
        self._idle_connections: list[tuple[float, psycopg2.extensions.connection]] = []

    @contextlib.contextmanager
    def transaction(self):
        """Yield a Transaction; commit at the end of the block, or roll back if the block raises. Raises DatabaseUnavailable."""
        if not self._free_slots.acquire(timeout=self.acquire_timeout):
            raise DatabaseUnavailable("no connection became free")
        try:
            opened_at, connection = self._acquire_connection()
            try:
                tx = Transaction(self, connection)
                yield tx
                tx.flush_outbox()
                tx.failpoint("before_commit")
                connection.commit()
                tx.failpoint("after_commit")
                tx.report_metrics()
            except BaseException as error:
                self._roll_back(connection)
                if _is_unavailable(error, connection):
                    raise DatabaseUnavailable(describe(error)) from error
                raise
            finally:
                self._return_connection(opened_at, connection)
        finally:
            self._free_slots.release()

    def is_answering(self) -> bool:
        """Return whether the database answers a test query."""
        try:
            with self.transaction() as tx:
                tx.rows("select 1")
            return True
        except DatabaseUnavailable:
            return False

    def close(self):
        while self._idle_connections:
            self._idle_connections.pop()[1].close()

    def _acquire_connection(self):
        while self._idle_connections:
            opened_at, connection = self._idle_connections.pop()
            if not connection.closed and time.monotonic() - opened_at < MAX_CONNECTION_AGE_SECONDS:
                return opened_at, connection
            connection.close()
        try:
            return time.monotonic(), connect(self.settings.database_url)
        except psycopg2.Error as error:
            # The error message of a failed connection attempt contains addresses and users, never stored data, so it may be logged.
            raise DatabaseUnavailable(" ".join(str(error).split())[:300]) from error

    def _roll_back(self, connection):
        with contextlib.suppress(psycopg2.Error):
            connection.rollback()

    def _return_connection(self, opened_at, connection):
        if connection.closed:
            return
        self._idle_connections.append((opened_at, connection))


def connect(url: str, **overrides):
    """Open a database connection with the time limits SERVER_OPTIONS and CONNECT_OPTIONS. Raises psycopg2.Error."""
    return psycopg2.connect(url, options=SERVER_OPTIONS, application_name="fengqiao", **{**CONNECT_OPTIONS, **overrides})


def _is_unavailable(error, connection) -> bool:
    if isinstance(error, psycopg2.InterfaceError):
        return True
    if not isinstance(error, psycopg2.Error):
        return bool(connection.closed) and isinstance(error, Exception)
    return bool(connection.closed) or (error.pgcode or "").startswith(UNAVAILABLE_SQLSTATE_PREFIXES)


def should_try_again(error) -> bool:
    """Return whether the transaction may succeed when repeated: after a sequence conflict, deadlock or lock timeout."""
    return isinstance(error, SequenceConflict) or (isinstance(error, psycopg2.Error) and error.pgcode in RETRYABLE_SQLSTATES)
