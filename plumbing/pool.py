"""Pool of connections to one service's database, each with time limits. `Pool.transaction` opens a transaction on a free connection.

The pool can be used by green threads (nameko) and by operating system threads (web): after `eventlet.monkey_patch()` its locks are green.
"""

import contextlib
import threading
import time
from dataclasses import dataclass

import psycopg2
from nacl.secret import SecretBox
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from plumbing import epoch, events
from plumbing.inbox import SequenceConflict
from plumbing.logs import describe
from plumbing.settings import Settings
from plumbing.statements import StatementPipeline
from plumbing.transaction import Transaction

# Time limits for server and client. The server ends statements and transactions that take too long. TCP keepalives detect that the other machine is
# down; without them the server would hold the locks of a dead client for hours. The limits are set by a statement, because PgBouncer does not pass on the
# startup parameter `options`.
TIME_LIMITS_SQL = (
    "set statement_timeout = '30s'; set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '60s';"
    " set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; set tcp_user_timeout = '30s'"
)
# A prepared statement is planned once, without its values, often when the tables are still empty. All statements of the services find their rows by an
# index; these settings make the planner choose it whatever the statistics say.
PLANNER_SETTINGS_SQL = (
    "set plan_cache_mode = force_generic_plan; set jit = off; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off"
)
CONNECT_OPTIONS = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
MAX_CONNECTION_AGE_SECONDS = 1800
RETRYABLE_SQLSTATES = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock timeout
# Prefixes of SQLSTATE: out of resources, server shutting down or starting, system error, connection error.
UNAVAILABLE_SQLSTATE_PREFIXES = ("53", "57P", "58", "08")
# A prepared statement that no longer exists (for example after DISCARD ALL), or whose result has other columns after a migration.
STALE_STATEMENT_SQLSTATES = ("26000", "0A000")


class DatabaseUnavailable(Exception):
    """The database does not answer, or must not be used. The caller stops consuming and tries again later; no event was acknowledged, so none is lost."""


@dataclass(slots=True)
class PooledConnection:
    """A database connection with the monotonic time at which it was opened. `pipeline`: None if the pool does not prepare statements."""

    opened_at: float
    connection: psycopg2.extensions.connection
    cursor: psycopg2.extensions.cursor
    pipeline: StatementPipeline | None

    def begin(self):
        if self.pipeline is not None:
            self.pipeline.begin()

    def commit(self):
        if self.pipeline is not None:
            self.pipeline.commit()
        else:
            self.connection.commit()

    def roll_back(self):
        """End the transaction without effect. The connection is closed if that is not possible."""
        with contextlib.suppress(psycopg2.Error):
            if self.pipeline is not None:
                self.pipeline.roll_back()
            else:
                self.connection.rollback()
        if not self.connection.closed and self.connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            self.connection.close()


class Pool:
    """Pool of at most `size` connections; the connection returned last is reused first. A caller waits up to `acquire_timeout` seconds for a free one.

    `prepares_statements`: whether statements are prepared, for processes that repeat a limited number of statements. The planner then uses indexes only.
    """

    def __init__(self, settings: Settings, size: int = 4, acquire_timeout: float = 30.0, read=events.read, prepares_statements: bool = False):
        self.settings = settings
        self.prepares_statements = prepares_statements
        self.read = read
        self.acquire_timeout = acquire_timeout
        self.secret_box = SecretBox(settings.at_rest_key)
        self.epoch: int | None = None  # epoch of the installation when the last connection was opened; None: not checked
        self._epoch_file = epoch.file_of_this_process()
        self._last_mark = self._recorded_mark = 0  # last value of message_ids after a committed change of positions, and the one in the epoch file
        self._free_slots = threading.BoundedSemaphore(size)
        self._idle_connections: list[PooledConnection] = []

    @contextlib.contextmanager
    def transaction(self):
        """Yield a Transaction; commit at the end of the block, or roll back if the block raises. Raises DatabaseUnavailable."""
        if not self._free_slots.acquire(timeout=self.acquire_timeout):
            raise DatabaseUnavailable("no connection became free")
        try:
            pooled = self._acquire_connection()
            connection = pooled.connection
            try:
                pooled.begin()
                tx = Transaction(self, pooled.cursor, pooled.pipeline)
                yield tx
                tx.flush_outbox()
                tx.failpoint("before_commit")
                pooled.commit()
                tx.failpoint("after_commit")
                self._last_mark = max(self._last_mark, tx.inbox.mark)
                tx.report_metrics()
            except BaseException as error:
                pooled.roll_back()
                if pooled.pipeline is not None and pooled.pipeline.is_reused and getattr(error, "pgcode", None) in STALE_STATEMENT_SQLSTATES:
                    connection.close()
                if _is_unavailable(error, connection):
                    raise DatabaseUnavailable(describe(error)) from error
                raise
            finally:
                if not connection.closed:
                    self._idle_connections.append(pooled)
        finally:
            self._free_slots.release()

    def record_mark(self) -> None:
        """Record outside the database up to where this service has processed events, so that a restore of its tables is noticed."""
        if self._epoch_file is not None and self._last_mark > self._recorded_mark:
            self._epoch_file.record_published(self.settings.service, self._last_mark)
            self._recorded_mark = self._last_mark

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
            self._idle_connections.pop().connection.close()

    def _acquire_connection(self):
        while self._idle_connections:
            pooled = self._idle_connections.pop()
            if not pooled.connection.closed and time.monotonic() - pooled.opened_at < MAX_CONNECTION_AGE_SECONDS:
                return pooled
            pooled.connection.close()
        try:
            connection = connect(self.settings.database_url, PLANNER_SETTINGS_SQL if self.prepares_statements else None)
            cursor = connection.cursor()
            self._check_epoch(connection, cursor)
            connection.autocommit = self.prepares_statements
            return PooledConnection(time.monotonic(), connection, cursor, StatementPipeline(cursor) if self.prepares_statements else None)
        except psycopg2.Error as error:
            # The error message of a failed connection attempt contains addresses and users, never stored data, so it may be logged.
            raise DatabaseUnavailable(" ".join(str(error).split())[:300]) from error

    def _check_epoch(self, connection, cursor):
        """Check that the database was not restored to an earlier point. While it is checked, no statement of a service can reach it."""
        try:
            self.epoch = epoch.check_database(cursor, self.settings.service, self._epoch_file)
            connection.rollback()
        except epoch.RecoveryNeeded as reason:
            connection.close()
            raise DatabaseUnavailable(str(reason)) from None


def connect(url: str, settings_sql: str | None = None):
    """Open a database connection with the time limits TIME_LIMITS_SQL and CONNECT_OPTIONS. `settings_sql`: further SET statements. Raises psycopg2.Error."""
    connection = psycopg2.connect(url, application_name="fengqiao", **CONNECT_OPTIONS)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(TIME_LIMITS_SQL + (f"; {settings_sql}" if settings_sql else ""))
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _is_unavailable(error, connection) -> bool:
    if isinstance(error, psycopg2.InterfaceError):
        return True
    if not isinstance(error, psycopg2.Error):
        return bool(connection.closed) and isinstance(error, Exception)
    return bool(connection.closed) or (error.pgcode or "").startswith(UNAVAILABLE_SQLSTATE_PREFIXES)


def should_try_again(error) -> bool:
    """Return whether the transaction may succeed when repeated: after a sequence conflict, deadlock or lock timeout."""
    return isinstance(error, SequenceConflict) or (isinstance(error, psycopg2.Error) and error.pgcode in RETRYABLE_SQLSTATES)
