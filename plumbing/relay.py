"""Publishes what the services said: `python -m plumbing.relay intake mediation metrics notify`.

A plain process without eventlet; one thread, one database connection and one broker connection per service. Rows are read in
order, published with `mandatory` in a window of confirms, and deleted once confirmed. After any doubt it starts again from the
oldest row: a duplicate is possible and harmless, a loss is not. Several copies share the partitions by advisory locks.
"""

import contextlib
import json
import os
import random
import select
import signal
import sys
import threading
import time
import zlib

import pika
import psycopg2
from pika.adapters.select_connection import IOLoop
from structlog import get_logger

from contracts.channels import DEFAULT_PARTITIONS
from plumbing import logs, pool, telemetry
from plumbing.events import CONTENT_TYPE
from plumbing.failpoints import failpoint
from plumbing.logs import describe

log = get_logger()

WINDOW = 500
SLICE = 50
POLL_SECONDS = 0.5  # if a wake-up was missed
CONFIRM_SECONDS = 30
SET_ASIDE_SECONDS = 5  # a row that the broker returned or refused; its listeners see a gap and wait for it
SHARE_SECONDS = 1.0
SETTLED_SECONDS = 5.0  # connections that lived this long did not fail at their first use: the next try comes at once again
LOCK_SPACE = 0x0F0E  # "fengqiao outbox" among the advisory locks; the second key is service and partition

UNAVAILABLE = (psycopg2.Error, pika.exceptions.AMQPError, OSError)
# The same next time, until somebody mends it.
FATAL = (
    psycopg2.ProgrammingError,
    pika.exceptions.ChannelClosedByBroker,
    pika.exceptions.ProbableAuthenticationError,
    pika.exceptions.ProbableAccessDeniedError,
    pika.exceptions.AuthenticationError,
)

FETCH = """
select id, exchange, routing_key, event_id, body from outbox
 where partition = any(%s) and id <> all(%s::bigint[]) order by id limit %s
"""


class Relay:
    """Relays one service's outbox until `stop` is set. `database_url` and `amqp_uri` are those of the service itself."""

    def __init__(self, service: str, database_url: str, amqp_uri: str, partitions: int, stop: threading.Event, window: int = WINDOW):
        self.service, self.database_url, self.amqp_uri = service, database_url, amqp_uri
        self.partitions, self.stop, self.window = partitions, stop, window
        self.connection = self.broker = None
        self.mine: set[int] = set()
        self.following: list[tuple] = []  # fetched, not yet published
        self.confirmed: list[int] = []  # published, not yet deleted
        self.aside: dict[int, float] = {}
        self.shared_at = 0.0
        self.ready = False

    def run(self):
        """Reconnects with back-off for as long as it runs; every way out leaves unconfirmed rows in the outbox."""
        wait = 0.1
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self._connect()
                self.ready = True
                while not self.stop.is_set():
                    self._round()
            except Exception as problem:  # noqa: BLE001 - whatever it was: unconfirmed rows are in the outbox, and a thread that ended would relay nothing
                if isinstance(problem, FATAL):
                    log.error("Refused; trying again.", reason=_said_by_server(problem), service=self.service, next="Check the topology and the permissions.")
                elif isinstance(problem, UNAVAILABLE):
                    log.warning("A connection is down; unconfirmed rows stay in the outbox.", reason=type(problem).__name__, service=self.service)
                else:
                    log.error("The relay failed; it starts again from the oldest row.", reason=describe(problem), service=self.service)
                telemetry.RECONNECTS.labels(self.service, "database" if isinstance(problem, psycopg2.Error) else "broker").inc()
            finally:
                self.ready = False
                self._disconnect()
            if time.monotonic() - began > SETTLED_SECONDS:
                wait = 0.1
            self.stop.wait(wait * random.uniform(0.5, 1.5))
            wait = min(wait * 2, 3)

    # ── one round ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _round(self):
        """While one window is on its way to the broker, the one before is deleted and the next one fetched."""
        if time.monotonic() >= self.shared_at:
            self._delete()  # partitions change hands only while nothing of them is in ours
            self.following = []
            self._share()
        rows = self.following or self._oldest()
        if not rows:
            self._sleep_until_woken()
            return
        failpoint("relay_selected")
        self.broker.publish(rows)
        self._delete()
        self.following = self._oldest(under_way=[row[0] for row in rows])
        self.confirmed = self.broker.settle()
        failpoint("relay_confirmed")
        if len(self.confirmed) < len(rows):
            self._set_aside({row[0] for row in rows} - set(self.confirmed))
        if not self.following:
            self._delete()

    def _oldest(self, under_way=()):
        if not self.mine:
            return []
        self.aside = {row: until for row, until in self.aside.items() if until > time.monotonic()}
        return self._query(FETCH, (sorted(self.mine), [*self.aside, *under_way], self.window))

    def _delete(self):
        """Deletes what the broker confirmed."""
        if self.confirmed:
            self._query("delete from outbox where id = any(%s)", (self.confirmed,))
            telemetry.PUBLISHED.labels(self.service, "confirmed").inc(len(self.confirmed))
            self.confirmed = []

    def _set_aside(self, rows):
        for row in rows:
            self.aside[row] = time.monotonic() + SET_ASIDE_SECONDS
        telemetry.PUBLISHED.labels(self.service, "returned").inc(len(rows))
        log.error("The broker found no queue for some events, or refused them; they stay in the outbox.", count=len(rows), service=self.service,
                  next="Check that the topology is loaded and the queues are not full.")  # fmt: skip

    def _sleep_until_woken(self):
        """Until a NOTIFY, or the next poll. Meanwhile the broker connection is kept alive."""
        self.broker.process_heartbeats()
        if select.select([self.connection], [], [], POLL_SECONDS)[0]:
            self.connection.poll()
            self.connection.notifies.clear()

    # ── sharing with other copies ─────────────────────────────────────────────────────────────────────────────────────

    def _share(self):
        """Takes or gives partitions so that every copy that is there holds its share. A lock dies with its connection."""
        self.shared_at = time.monotonic() + SHARE_SECONDS * random.uniform(0.8, 1.2)
        copies = self._query(
            "select count(*) from pg_locks where locktype = 'advisory' and classid = %s and objid = %s and mode = 'ShareLock'"
            " and database = (select oid from pg_database where datname = current_database())",
            (LOCK_SPACE, self._key(-1)),
        )[0][0]
        share = -(-self.partitions // max(1, copies))
        while len(self.mine) > share:
            self._query("select pg_advisory_unlock(%s, %s)", (LOCK_SPACE, self._key(self.mine.pop())))
        for partition in range(self.partitions):
            if (
                len(self.mine) < share
                and partition not in self.mine
                and self._query("select pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, self._key(partition)))[0][0]
            ):
                self.mine.add(partition)

    def _key(self, partition):
        return zlib.crc32(f"{self.service}/{partition}".encode()) & 0x7FFFFFFF

    # ── connections ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _connect(self):
        self.connection = pool.connect(self.database_url)
        self.connection.autocommit = True
        self.mine, self.following, self.confirmed, self.shared_at = set(), [], [], 0.0
        # A deletion lost in a crash only means that a row is published again.
        self._query("set synchronous_commit = off")
        self._query(f'listen "outbox_{self.service}"')
        self._query("select pg_advisory_lock_shared(%s, %s)", (LOCK_SPACE, self._key(-1)))
        self.broker = Publisher(self.amqp_uri)

    def _disconnect(self):
        if self.connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._delete()
        for thing in (self.broker, self.connection):
            try:
                if thing is not None:
                    thing.close()
            except (pika.exceptions.AMQPError, psycopg2.Error, OSError):
                pass
        self.connection = self.broker = None
        self.mine = set()

    def _query(self, sql, params=None):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else None


class Publisher:
    """Publishes windows of messages and waits for the broker's word on each.

    pika's blocking channel would wait after every single message; here all of a window travel, then all confirms are
    collected. A returned message (no queue) is confirmed as well, so it is told apart by its id, which comes first.
    """

    def __init__(self, amqp_uri: str):
        parameters = pika.URLParameters(amqp_uri)
        parameters.heartbeat, parameters.blocked_connection_timeout = 15, CONFIRM_SECONDS
        parameters.socket_timeout = parameters.stack_timeout = 10
        self.problem = None
        self.open = False
        self.tag = 0
        self.unconfirmed: dict[int, int] = {}
        self.confirmed: list[int] = []
        self.returned: set[str] = set()
        self.rows_of: dict[str, set[int]] = {}
        self.loop = IOLoop()
        self.loop.activate_poller()
        self.connection = pika.SelectConnection(
            parameters, on_open_callback=self._on_open, on_open_error_callback=self._on_problem, on_close_callback=self._on_problem, custom_ioloop=self.loop
        )
        self._turn_until(lambda: self.open, 15)

    def publish(self, rows) -> None:
        """Sends (id, exchange, routing_key, event_id, body) rows on their way; `settle` says what became of them. Raises pika.exceptions.AMQPError."""
        self.confirmed, self.returned, self.rows_of = [], set(), {}
        for count, (row, exchange, routing_key, event_id, body) in enumerate(rows, 1):
            self.tag += 1
            self.unconfirmed[self.tag] = row
            self.rows_of.setdefault(event_id, set()).add(row)  # a receipt may be given twice within one window
            properties = pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2, message_id=event_id)
            self.channel.basic_publish(exchange, routing_key, bytes(body), properties, mandatory=True)
            if count % SLICE == 0:
                self._turn(0)  # pika only writes when its loop turns: let the broker begin
        self._turn(0)
        failpoint("relay_published")

    def settle(self) -> list[int]:
        """Waits for the broker's word on all that was published; returns the ids of the rows that are safe there, in no order.

        Raises pika.exceptions.AMQPError if the line fails before all are answered: then none counts as confirmed.
        """
        self._turn_until(lambda: not self.unconfirmed, CONFIRM_SECONDS)
        lost = set().union(*(self.rows_of[event_id] for event_id in self.returned))
        return [row for row in self.confirmed if row not in lost]

    def process_heartbeats(self):
        """Lets heartbeats pass. Raises pika.exceptions.AMQPError if the line is gone."""
        self._turn(0)

    def close(self):
        if self.connection.is_open:
            self.connection.close()
            self._turn_until(lambda: self.connection.is_closed, 2, quietly=True)
        self.loop.deactivate_poller()
        self.loop.close()

    def _on_open(self, connection):
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel):
        self.channel = channel
        channel.add_on_close_callback(self._on_problem)
        channel.add_on_return_callback(lambda _, __, properties, ___: self.returned.add(properties.message_id))
        channel.confirm_delivery(self._on_confirm, callback=self._on_ready)

    def _on_ready(self, _):
        self.open = True

    def _on_problem(self, _, problem):
        self.problem = self.problem or (problem if isinstance(problem, Exception) else pika.exceptions.AMQPConnectionError(str(problem)))

    def _on_confirm(self, frame):
        method = frame.method
        tags = [tag for tag in self.unconfirmed if tag <= method.delivery_tag] if method.multiple else [method.delivery_tag]
        accepted = isinstance(method, pika.spec.Basic.Ack)
        for tag in tags:
            row = self.unconfirmed.pop(tag)
            if accepted:
                self.confirmed.append(row)

    def _turn(self, timeout):
        end = self.loop.call_later(timeout, _nothing)  # an upper bound for the poll
        self.loop.poll()
        self.loop.process_timeouts()
        self.loop.remove_timeout(end)
        if self.problem:
            raise self.problem if isinstance(self.problem, pika.exceptions.AMQPError) else pika.exceptions.AMQPConnectionError(type(self.problem).__name__)

    def _turn_until(self, done, seconds, quietly=False):
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() > until:
                if quietly:
                    return
                raise pika.exceptions.AMQPConnectionError("no answer from the broker in time")
            try:
                self._turn(0.1)
            except pika.exceptions.AMQPError:
                if quietly:
                    return
                raise


def _nothing():
    """The end of a poll."""


def _said_by_server(problem) -> str:
    """A broker's refusal names an exchange or a user, never what was in a message."""
    if isinstance(problem, pika.exceptions.ChannelClosedByBroker):
        return f"{problem.reply_code} {problem.reply_text}"[:300]
    return describe(problem)


def main(services: list[str]) -> None:
    logs.configure("relay", os.environ.get("FENGQIAO_LOG_LEVEL", "INFO"))
    with open(os.environ["FENGQIAO_RELAY"], encoding="utf-8") as file:
        places = json.load(file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    partitions = int(os.environ.get("FENGQIAO_PARTITIONS", DEFAULT_PARTITIONS))
    relays = [Relay(name, places[name]["database"], places[name]["amqp"], partitions, stop) for name in services]
    threads = [threading.Thread(target=relay.run, name=f"relay-{relay.service}") for relay in relays]
    for thread in threads:
        thread.start()
    host, port = os.environ.get("FENGQIAO_TELEMETRY_HOST", "127.0.0.1"), int(os.environ.get("FENGQIAO_TELEMETRY_PORT", 0))
    telemetry.serve(host, port, lambda: {relay.service: relay.ready for relay in relays})
    log.info("Relaying.", count=len(relays))
    for thread in threads:
        while thread.is_alive():
            thread.join(0.5)
    log.info("Stopped.")


if __name__ == "__main__":
    main(sys.argv[1:])
