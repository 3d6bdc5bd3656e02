"""Relay: publishes the rows of the services' outboxes to the broker: `python -m plumbing.relay intake mediation metrics notify`.

The relay runs without eventlet, with one thread, one database connection and one broker connection per service. Rows are read in order, published
in windows (WINDOW_ROWS rows at a time) as `mandatory` messages, and deleted once the broker has confirmed them. After an error the relay starts again
from the oldest row: an event may then be published twice, which listeners recognise, but is never lost. Several copies of the relay divide the
partitions among themselves by advisory locks.
"""

import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
import zlib

import pika
import psycopg2
from pika.adapters.select_connection import IOLoop
from prometheus_client import REGISTRY
from structlog import get_logger

from contracts.channels import DEFAULT_PARTITIONS
from plumbing import epoch, logs, migrate, pool, telemetry
from plumbing.bundles import content_type
from plumbing.failpoints import failpoint
from plumbing.lag import LagCollector
from plumbing.logs import describe

log = get_logger()

WINDOW_ROWS = 500  # maximum number of rows that are published before the relay waits for their confirms
WINDOW_BYTES = 4 * 2**20  # the same limit in bytes; it bounds the memory of the relay and what waits in its socket
MESSAGES_PER_FLUSH = 50  # number of messages after which the buffered output is written to the socket
POLL_SECONDS = 5.0  # maximum wait for a NOTIFY; it also limits the time between two checks of the heartbeats of the broker connection
CONFIRM_TIMEOUT_SECONDS = 30  # how long the relay waits for the broker's confirms
POSTPONE_SECONDS = 5  # delay before a row that the broker returned as unroutable or refused is published again; until then listeners wait for the missing event
RECORD_SECONDS = 1.0  # interval at which the relay records outside the database up to which message it has published
REBALANCE_SECONDS = 3.0  # interval at which the copies of the relay adjust which partitions each of them holds
STABLE_AFTER_SECONDS = 5.0  # if the connections lasted this long before an error, the back-off starts again at its minimum
NEW_RELAY = "new_relay"  # payload of the notification with which a starting relay asks the others to share their partitions
LOCK_CLASS = 0x0F0E  # first key of the relay's advisory locks in PostgreSQL; the second key is a hash of service and partition

CONNECTION_ERRORS = (psycopg2.Error, pika.exceptions.AMQPError, OSError)
# Errors that a reconnection cannot solve: an operator has to correct the topology, the permissions or the password.
FATAL_ERRORS = (
    psycopg2.ProgrammingError,
    pika.exceptions.ChannelClosedByBroker,
    pika.exceptions.ProbableAuthenticationError,
    pika.exceptions.ProbableAccessDeniedError,
    pika.exceptions.AuthenticationError,
)

# The oldest rows of a window, for partitions $1 without the rows $2. The window ends after $3 rows, or with the row at which it has reached $4 bytes.
PREPARE_FETCH_SQL = """
prepare fetch_rows (smallint[], bigint[], int, bigint) as
select id, exchange, routing_key, message_id, event_count, body
  from (select *, sum(octet_length(body)) over (order by id) - octet_length(body) as bytes_before
          from (select o.id, o.exchange, o.routing_key, o.message_id, o.event_count, coalesce(o.body, p.body) as body
                  from (select * from outbox where partition = any($1) and id <> all($2) order by id limit $3) o left join published p using (id)) oldest) numbered
 where bytes_before < $4 order by id
"""
PREPARE_DELETE_SQL = "prepare delete_rows (bigint[]) as delete from outbox where id = any($1)"


class Relay:
    """Publishes the outbox of one service until `stop` is set. `database_url` and `amqp_uri` contain the service's own accounts."""

    def __init__(self, service: str, database_url: str, amqp_uri: str, partitions: int, stop: threading.Event, window: int = WINDOW_ROWS):
        self.service, self.database_url, self.amqp_uri = service, database_url, amqp_uri
        self.partitions, self.stop, self.window = partitions, stop, window
        self.connection = self.broker = None
        self.partitions_held: set[int] = set()
        self.next_rows: list[tuple] = []  # outbox rows that are fetched and not yet published
        self.confirmed: list[int] = []  # ids of rows that the broker has confirmed and that the relay has not yet deleted
        self.postponed: dict[int, float] = {}  # row id → monotonic time until which the row is not published
        self.next_rebalance_at = 0.0
        self.is_ready = False
        self.epoch_file = epoch.file_of_this_process()
        self.last_published = self.last_recorded = 0  # highest id of a published message, and the one in the epoch file
        self.next_record_at = 0.0

    def run(self):
        """Publish outbox rows until `stop` is set; reconnect with back-off after errors. Unconfirmed rows always stay in the outbox."""
        wait = 0.1
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self._connect()
                self.is_ready = True
                while not self.stop.is_set():
                    self._publish_window()
            except Exception as error:  # noqa: BLE001 - the thread must continue after any error; unconfirmed rows are still in the outbox
                if isinstance(error, epoch.RecoveryNeeded):
                    log.error("The relay publishes nothing.", reason=str(error), service=self.service)
                    wait = 3
                elif isinstance(error, FATAL_ERRORS):
                    log.error(
                        "The broker or the database refuses the relay; it tries again.",
                        reason=_describe_refusal(error),
                        service=self.service,
                        next="Check the topology, the permissions and the password.",
                    )
                elif isinstance(error, CONNECTION_ERRORS):
                    log.warning("A connection is lost; unconfirmed rows stay in the outbox.", reason=type(error).__name__, service=self.service)
                else:
                    log.error("The relay failed; it starts again from the oldest row.", reason=describe(error), service=self.service)
                telemetry.RECONNECTS.labels(self.service, "database" if isinstance(error, psycopg2.Error) else "broker").inc()
            finally:
                self.is_ready = False
                self._disconnect()
            if time.monotonic() - began > STABLE_AFTER_SECONDS:
                wait = 0.1
            self.stop.wait(wait * random.uniform(0.5, 1.5))
            wait = min(wait * 2, 3)

    # ── one window ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _publish_window(self):
        """Publish one window of rows. While its confirms arrive, delete the rows of the previous window and fetch those of the next."""
        if time.monotonic() >= self.next_rebalance_at:
            self._delete_confirmed()  # partitions may change only while no published row waits for its deletion
            self.next_rows = []
            self._divide_partitions()
        rows = self.next_rows or self._fetch_oldest()
        if not rows:
            self._wait_for_notify()
            return
        failpoint("relay_selected")
        self.broker.publish(rows)
        self._delete_confirmed()
        is_full = len(rows) == self.window or sum(len(row[5]) for row in rows) >= WINDOW_BYTES
        self.next_rows = self._fetch_oldest(excluded=[row[0] for row in rows]) if is_full else []
        self.confirmed = self.broker.wait_for_confirms()
        failpoint("relay_confirmed")
        if len(self.confirmed) < len(rows):
            self._postpone({row[0] for row in rows} - set(self.confirmed))
        if not self.next_rows:
            self._delete_confirmed()
        if not is_full:
            self._wait_for_notify()  # there were no more rows; each later commit sends a NOTIFY, which may have arrived already

    def _fetch_oldest(self, excluded=()):
        if not self.partitions_held:
            return []
        self.postponed = {row: until for row, until in self.postponed.items() if until > time.monotonic()}
        return self._query("execute fetch_rows(%s, %s, %s, %s)", (sorted(self.partitions_held), [*self.postponed, *excluded], self.window, WINDOW_BYTES))

    def _delete_confirmed(self):
        """Delete the outbox rows that the broker has confirmed."""
        if self.confirmed:
            self._query("execute delete_rows(%s)", (self.confirmed,))
            failpoint("relay_deleted")
            self.last_published = max(self.last_published, *self.confirmed)
            self._record_published()
            telemetry.PUBLISHED_ROWS.labels(self.service, "confirmed").inc(len(self.confirmed))
            self.confirmed = []

    def _record_published(self, seconds=RECORD_SECONDS):
        """Record the highest id of a published message outside the database, at most once in `seconds`."""
        if self.epoch_file is not None and self.last_published > self.last_recorded and time.monotonic() >= self.next_record_at:
            self.epoch_file.record_published(self.service, self.last_published)
            self.last_recorded, self.next_record_at = self.last_published, time.monotonic() + seconds

    def _postpone(self, rows):
        for row in rows:
            self.postponed[row] = time.monotonic() + POSTPONE_SECONDS
        telemetry.PUBLISHED_ROWS.labels(self.service, "returned").inc(len(rows))
        log.error("The broker returned or refused some events; they stay in the outbox.", count=len(rows), service=self.service,
                  next="Check that the topology is loaded and no queue is full.")  # fmt: skip

    def wake(self):
        """Let the relay check at once whether it has to stop. May be called by any thread."""
        broker = self.broker
        if broker is not None:
            with contextlib.suppress(OSError, ValueError):  # raised if the relay is closing the connection at this moment
                broker.wake()

    def _wait_for_notify(self):
        """Process the broker connection until the database sends a NOTIFY, or until a postponed row or the next rebalancing is due."""
        self._record_published()
        now = time.monotonic()
        until = min([now + POLL_SECONDS, self.next_rebalance_at, *self.postponed.values()])
        if not self.connection.notifies:  # a NOTIFY that arrived during a query is already in this list
            self.broker.wait_until_readable(self.connection.fileno(), max(0.0, until - now))
            self.connection.poll()
        for notification in self.connection.notifies:
            if notification.payload == NEW_RELAY:
                self.next_rebalance_at = 0.0
        self.connection.notifies.clear()

    # ── partitions ─────────────────────────────────────────────────────────────────────────────────────

    def _divide_partitions(self):
        """Lock or release partitions so that each running copy of the relay holds an equal number. A lost database connection releases its locks."""
        self.next_rebalance_at = time.monotonic() + REBALANCE_SECONDS * random.uniform(0.8, 1.2)
        copies = self._query(
            "select count(*) from pg_locks where locktype = 'advisory' and classid = %s and objid = %s and mode = 'ShareLock'"
            " and database = (select oid from pg_database where datname = current_database())",
            (LOCK_CLASS, self._lock_key(-1)),
        )[0][0]
        share = -(-self.partitions // max(1, copies))  # partitions per copy, rounded up
        while len(self.partitions_held) > share:
            self._query("select pg_advisory_unlock(%s, %s)", (LOCK_CLASS, self._lock_key(self.partitions_held.pop())))
        for partition in range(self.partitions):
            if (
                len(self.partitions_held) < share
                and partition not in self.partitions_held
                and self._query("select pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, self._lock_key(partition)))[0][0]
            ):
                self.partitions_held.add(partition)

    def _lock_key(self, partition):
        return zlib.crc32(f"{self.service}/{partition}".encode()) & 0x7FFFFFFF

    # ── connections ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _connect(self):
        self.connection = pool.connect(self.database_url, pool.PLANNER_SETTINGS_SQL)
        self.connection.autocommit = True
        self._query(PREPARE_FETCH_SQL)
        self._query(PREPARE_DELETE_SQL)
        self.partitions_held, self.next_rows, self.confirmed, self.next_rebalance_at = set(), [], [], 0.0
        # Asynchronous commit: if a crash loses a deletion, the row is published once more, which is harmless.
        self._query("set synchronous_commit = off")
        self._query(f'listen "outbox_{self.service}"')
        self._query("select pg_advisory_lock_shared(%s, %s)", (LOCK_CLASS, self._lock_key(-1)))
        self._query("select pg_notify(%s, %s)", (f"outbox_{self.service}", NEW_RELAY))
        with self.connection.cursor() as cursor:
            number = epoch.check_database(cursor, self.service, self.epoch_file)
        self.broker = Publisher(self.amqp_uri, number)

    def _disconnect(self):
        self.next_record_at = 0.0
        if self.connection is not None:
            with contextlib.suppress(psycopg2.Error, OSError):
                self._delete_confirmed()
                self._record_published()
        for connection in (self.broker, self.connection):
            try:
                if connection is not None:
                    connection.close()
            except (pika.exceptions.AMQPError, psycopg2.Error, OSError):
                pass
        self.connection = self.broker = None
        self.partitions_held = set()

    def _query(self, sql, params=None):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else None


class Publisher:
    """Publishes windows (groups) of messages and collects the broker's confirms.

    pika's blocking channel would wait for a confirm after every message; this class sends a whole window before it waits. The broker also confirms
    a message that it returns because no queue is bound; the returned message contains the message id and arrives before the confirm.
    """

    def __init__(self, amqp_uri: str, number: int | None = None):
        """Connect. `number`: the broker must have the marker of this epoch, else epoch.RecoveryNeeded is raised; None: not checked."""
        self.epoch = number
        parameters = pika.URLParameters(amqp_uri)
        parameters.heartbeat, parameters.blocked_connection_timeout = 15, CONFIRM_TIMEOUT_SECONDS
        parameters.socket_timeout = parameters.stack_timeout = 10
        self.error = None
        self.is_open = False
        self.last_tag = 0
        self.unconfirmed: dict[int, int] = {}  # delivery tag → id of the outbox row, for published messages without a confirm
        self.confirmed: list[int] = []
        self.returned: set[str] = set()  # ids of messages that the broker returned as unroutable
        self.rows_of: dict[str, set[int]] = {}  # message id → ids of the outbox rows with this message id
        self.loop = IOLoop()
        self.loop.activate_poller()
        self.connection = pika.SelectConnection(
            parameters, on_open_callback=self._on_open, on_open_error_callback=self._on_failure, on_close_callback=self._on_failure, custom_ioloop=self.loop
        )
        self._poll_until(lambda: self.is_open, 15)

    def publish(self, rows) -> None:
        """Send rows (id, exchange, routing_key, message_id, event_count, body) without waiting for confirms. Raises pika.exceptions.AMQPError."""
        self.confirmed, self.returned, self.rows_of = [], set(), {}
        for count, (row, exchange, routing_key, message_id, event_count, body) in enumerate(rows, 1):
            self.last_tag += 1
            self.unconfirmed[self.last_tag] = row
            self.rows_of.setdefault(message_id, set()).add(row)  # one message id may have several rows: a window may contain the same receipt twice
            properties = pika.BasicProperties(content_type=content_type(event_count), delivery_mode=2, message_id=message_id)
            self.channel.basic_publish(exchange, routing_key, bytes(body), properties, mandatory=True)
            if count % MESSAGES_PER_FLUSH == 0:
                self._poll(0)  # pika writes to the socket only while its loop runs
        self._poll(0)
        failpoint("relay_published")

    def wait_for_confirms(self) -> list[int]:
        """Wait until the broker has confirmed or refused every published row. Return the ids of the rows that reached a queue, in no particular order.

        Raises pika.exceptions.AMQPError if the connection fails first; then no row counts as confirmed.
        """
        self._poll_until(lambda: not self.unconfirmed, CONFIRM_TIMEOUT_SECONDS)
        returned = set().union(*(self.rows_of[message_id] for message_id in self.returned))
        return [row for row in self.confirmed if row not in returned]

    def wait_until_readable(self, fileno: int, seconds: float) -> None:
        """Process the broker connection until data can be read from the file descriptor, at most `seconds`. May return earlier.

        Raises pika.exceptions.AMQPError if the broker connection is lost.
        """
        self.loop.add_handler(fileno, lambda *_: None, self.loop.READ)
        try:
            self._poll(seconds)
        finally:
            self.loop.remove_handler(fileno)

    def wake(self) -> None:
        """End a running `wait_until_readable`. May be called by any thread."""
        self.loop.add_callback_threadsafe(_end_poll)

    def close(self):
        if self.connection.is_open:
            self.connection.close()
            self._poll_until(lambda: self.connection.is_closed, 2, ignore_errors=True)
        self.loop.deactivate_poller()
        self.loop.close()

    def _on_open(self, connection):
        connection.channel(on_open_callback=self._on_channel_open)

    def _on_channel_open(self, channel):
        self.channel = channel
        channel.add_on_close_callback(self._on_failure)
        channel.add_on_return_callback(lambda _, __, properties, ___: self.returned.add(properties.message_id))
        channel.confirm_delivery(self._on_confirm, callback=self._on_confirms_enabled)

    def _on_confirms_enabled(self, _):
        if self.epoch is None:
            self.is_open = True
        else:
            self.channel.exchange_declare(epoch.marker_of(self.epoch), passive=True, callback=self._on_marker_found)

    def _on_marker_found(self, _):
        self.is_open = True

    def _on_failure(self, _, error):
        if not self.is_open and self.epoch is not None and getattr(error, "reply_code", None) == epoch.NOT_FOUND:
            error = epoch.broker_lost(self.epoch)
        self.error = self.error or (error if isinstance(error, Exception) else pika.exceptions.AMQPConnectionError(str(error)))

    def _on_confirm(self, frame):
        method = frame.method
        tags = [tag for tag in self.unconfirmed if tag <= method.delivery_tag] if method.multiple else [method.delivery_tag]
        accepted = isinstance(method, pika.spec.Basic.Ack)
        for tag in tags:
            row = self.unconfirmed.pop(tag)
            if accepted:
                self.confirmed.append(row)

    def _poll(self, timeout):
        timer = self.loop.call_later(timeout, _end_poll)  # the timer limits how long the poll waits
        self.loop.poll()
        self.loop.process_timeouts()
        self.loop.remove_timeout(timer)
        if self.error:
            raise (
                self.error
                if isinstance(self.error, (pika.exceptions.AMQPError, epoch.RecoveryNeeded))
                else pika.exceptions.AMQPConnectionError(type(self.error).__name__)
            )

    def _poll_until(self, done, seconds, ignore_errors=False):
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() > until:
                if ignore_errors:
                    return
                raise pika.exceptions.AMQPConnectionError("no answer from the broker in time")
            try:
                self._poll(0.1)
            except pika.exceptions.AMQPError:
                if ignore_errors:
                    return
                raise


def _end_poll():
    """Callback that ends a poll. It does nothing, because the poll returns after any callback."""


def _describe_refusal(error) -> str:
    """Return a description of the error for a log line. The broker's text is included: it names an exchange or a user, never the content of a message."""
    if isinstance(error, pika.exceptions.ChannelClosedByBroker):
        return f"{error.reply_code} {error.reply_text}"[:300]
    return describe(error)


def main(services: list[str]) -> None:
    logs.configure("relay", os.environ.get("FENGQIAO_LOG_LEVEL", "INFO"))
    with open(os.environ["FENGQIAO_RELAY"], encoding="utf-8") as file:
        connections = json.load(file)
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    partitions = int(os.environ.get("FENGQIAO_PARTITIONS", DEFAULT_PARTITIONS))
    try:
        for name in services:
            migrate.check_at_start(name, connections[name]["database"])
            epoch.check_at_start(name, connections[name]["database"], connections[name]["amqp"])
    except (epoch.RecoveryNeeded, migrate.UnknownSchema) as reason:
        epoch.refuse_start(reason)
    relays = [Relay(name, connections[name]["database"], connections[name]["amqp"], partitions, stop) for name in services]
    threads = [threading.Thread(target=relay.run, name=f"relay-{relay.service}") for relay in relays]
    for thread in threads:
        thread.start()
    REGISTRY.register(LagCollector({name: addresses["database"] for name, addresses in connections.items()}))
    host, port = os.environ.get("FENGQIAO_TELEMETRY_HOST", "127.0.0.1"), int(os.environ.get("FENGQIAO_TELEMETRY_PORT", 0))
    telemetry.serve(host, port, lambda: {relay.service: relay.is_ready for relay in relays})
    log.info("Relaying.", count=len(relays))
    stop.wait()
    for thread, relay in zip(threads, relays, strict=True):
        while thread.is_alive():
            relay.wake()
            thread.join(0.1)
    log.info("Stopped.")


if __name__ == "__main__":
    main(sys.argv[1:])
