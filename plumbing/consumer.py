"""Consumer of events in batches: many deliveries are processed in one transaction and acknowledged together after its commit.

To *hear* a stream means to consume all of its events. A service method with the decorator `@hear` receives a list of events and takes five steps
in one transaction (see plumbing.transaction):

    @hear("intake", "mediation")
    def on_events(self, batch): ...

Each consumer runs two green threads: one reads the broker connection, one processes batches. Every queue has its own channel, because an
acknowledgement covers all deliveries of a channel up to a tag. A batch takes deliveries from each queue in turn, so that a burst in one
queue does not delay the others.
"""

import contextlib
import random
from collections import deque
from itertools import count

import eventlet
import psycopg2
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from nacl.exceptions import CryptoError
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from structlog import get_logger

from contracts.channels import SUBSCRIPTIONS, queue_of
from plumbing import events, telemetry
from plumbing.broker_connection import FATAL_REPLY_CODES, RETRYABLE_ERRORS, BrokerConnection
from plumbing.dependency import Database
from plumbing.epoch import RecoveryNeeded
from plumbing.events import Delivery, UnreadableEvent
from plumbing.failed_events import park_unreadable, store_failed_event
from plumbing.failpoints import failpoint
from plumbing.logs import describe
from plumbing.pool import DatabaseUnavailable, should_try_again

log = get_logger()

BATCH_SIZE = 800  # number of events after which a batch takes no further message
PREFETCHED_BUNDLES = 100  # unacknowledged messages per queue of a service; each has up to 64 kB
BATCH_WAIT_SECONDS = 0.0  # how long a batch waits for more deliveries
WARN_AFTER_RETRIES = 3  # number of retries of a deadlock or a lock timeout after which a warning is logged
DUE_QUERY_SECONDS = 1.0  # interval between queries for stored events that are due for another attempt, while any event is stored
IDLE_QUERY_SECONDS = 5.0  # the same interval while no event is stored
RETRY_TIME_SHARE = 0.25  # maximum time for retries while new events arrive, as a fraction of the time spent on the new events
REQUEUE_AFTER_SECONDS = (
    5.0  # length of a database outage after which deliveries are requeued for another copy of the service; each requeue counts towards the delivery limit
)
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.1, 30.0  # the pause doubles, because a database may answer queries and still refuse writes (disk full)


class Consumer(Entrypoint):
    """nameko entrypoint that consumes queues and calls the service method with lists of events.

    `queues(settings)` returns the queue names, `sources` are the producers that publish to these queues. `read(delivery)` parses a delivery into
    an event or raises UnreadableEvent. `room()` returns how many more events the service may process now; if `room` is None, only `size` limits
    a batch. `may_be_bundles`: whether a message may contain several events (plumbing.bundles).
    """

    def __init__(
        self,
        queues,
        sources,
        read=events.read,
        size=BATCH_SIZE,
        batch_wait=BATCH_WAIT_SECONDS,
        room=None,
        prefetch=2 * BATCH_SIZE,
        may_be_bundles=False,
        **kwargs,
    ):
        self.queues, self.sources, self.read, self.size, self.batch_wait, self.room = queues, sources, read, size, batch_wait, room
        self.prefetch, self.may_be_bundles = prefetch, may_be_bundles
        # nameko is to treat every exception as expected, because this module logs failures itself, without values.
        super().__init__(expected_exceptions=(Exception,), **kwargs)

    broker = database = None  # the readiness check may run before `setup` has been called

    def setup(self):
        self.settings = self.container.config["settings"]
        self.service = self.settings.service
        self.database = next(extension for extension in self.container.dependencies if isinstance(extension, Database))
        self.is_stopping = self.is_paused = False
        self.interrupted_batch = None  # (connection, deliveries, last delivery tags) of a batch that an outage of the database interrupted
        self._reset_pause()
        self.delivery_arrived, self.worker_done, self.reader_done, self.write_lock = Signal(), Signal(), Signal(), Semaphore()

    def start(self):
        self.container.spawn_managed_thread(self._run_reader, identifier="read")
        self.container.spawn_managed_thread(self._run_worker, identifier="work")

    def stop(self):
        """Stop consuming. Return when the current batch is acknowledged; the broker requeues the prefetched deliveries."""
        self.is_stopping = True
        self._signal_arrival()
        if self.broker is not None:
            self.broker.wake()
        with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(self.settings.stop_seconds):
            self.reader_done.wait()

    def kill(self):
        self.is_stopping = True

    @property
    def is_ready(self) -> bool:
        return self.broker is not None

    def is_database_answering(self) -> bool:
        return self.database is not None and self.database.pool is not None and self.database.pool.is_answering()

    # ── the reader thread ─────────────────────────────────────────────────────────────────────────────────────────────

    def _run_reader(self):
        wait = 0.1
        while not self.is_stopping:
            if self.is_paused:
                eventlet.sleep(0.05)
                continue
            connection = None
            try:
                connection = self.broker = BrokerConnection(
                    self.settings.amqp_uri, self.queues(self.settings), self.prefetch, self._signal_arrival, self.write_lock, self.may_be_bundles,
                    self.database.pool.epoch,
                )  # fmt: skip
                telemetry.HEARING.labels(self.service).set(1)
                wait = 0.1
                log.info("Consuming.", queues=len(connection.buffers))
                while connection.is_open and not self.is_stopping:
                    connection.receive()
                if self.is_stopping:
                    connection.cancel()
                    while not self.worker_done.ready():
                        connection.receive()
            except RecoveryNeeded as reason:
                log.error("The broker has lost its data; the process ends.", reason=str(reason))
                raise
            except RETRYABLE_ERRORS as error:
                if getattr(error, "code", None) in FATAL_REPLY_CODES:
                    log.error("The broker refuses this consumer; the process ends.", code=error.code, next="Load the topology or correct the permissions.")
                    raise
                self._log_disconnection(error)
                eventlet.sleep(wait * random.uniform(0.5, 1.5))
                wait = min(wait * 2, 5)
            finally:
                self.broker = None
                telemetry.HEARING.labels(self.service).set(0)
                if connection is not None:
                    connection.close()
        self.reader_done.send()

    def _log_disconnection(self, error):
        if not (self.is_stopping or self.is_paused):
            telemetry.RECONNECTS.labels(self.service, "broker").inc()
            log.warning("The connection to the broker is lost; unacknowledged events will be delivered again.", reason=type(error).__name__)

    def _signal_arrival(self):
        if not self.delivery_arrived.ready():
            self.delivery_arrived.send()

    # ── the worker thread ─────────────────────────────────────────────────────────────────────────────────────────────

    def _run_worker(self):
        clock = eventlet.hubs.get_hub().clock
        due, self.next_due_query_at = deque(), clock()
        while not self.is_stopping:
            try:
                if clock() >= self.next_due_query_at:
                    due = deque(self._load_due_events())  # replaces the previous list, because an operator may have discarded one of the listed events
                    self.next_due_query_at = clock() + (DUE_QUERY_SECONDS if self.has_stored_events else IDLE_QUERY_SECONDS)
                self._wait_for_deliveries(is_idle=not due)
                began = clock()
                self._process_next_batch()
                self._retry_due_events(due, seconds=RETRY_TIME_SHARE * (clock() - began))
            except DatabaseUnavailable as error:
                self._wait_for_database(error)
            except psycopg2.Error as error:
                if not should_try_again(error):
                    raise
                self._wait_for_database(DatabaseUnavailable(describe(error)))
        with contextlib.suppress(OSError):
            self.database.pool.record_mark()
        self.worker_done.send()
        if self.broker is not None:
            self.broker.wake()

    def _wait_for_deliveries(self, is_idle):
        """If no event is due for a retry, wait for the first delivery. Then wait `batch_wait` seconds for more, unless the batch is full already."""
        if is_idle and not self._count_available_deliveries():
            wait = max(0.01, self.next_due_query_at - eventlet.hubs.get_hub().clock())
            with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(wait):
                self.delivery_arrived.wait()
        self.delivery_arrived = Signal()
        if 0 < self._count_available_deliveries() < self.size:
            eventlet.sleep(self.batch_wait)

    def _count_available_deliveries(self):
        return self.broker.buffered_events + len(self._get_interrupted_batch()[0]) if self.broker and self.broker.is_open else 0

    def _get_interrupted_batch(self):
        """Return the interrupted batch of the current connection, else an empty one. The broker redelivers the batches of earlier connections."""
        return self.interrupted_batch[1:] if self.interrupted_batch is not None and self.interrupted_batch[0] is self.broker else ((), {})

    def _take_batch(self, connection):
        deliveries, last_tags = self._get_interrupted_batch()
        if deliveries:
            return deliveries, last_tags
        limit = self.size if self.room is None else min(self.size, self.room())
        if limit <= 0:
            eventlet.sleep(0.01)
            return (), {}
        return connection.take_deliveries(limit)

    def _process_next_batch(self):
        connection = self.broker
        if connection is None or not connection.is_open or self.is_stopping:
            return
        deliveries, last_tags = self._take_batch(connection)
        if not deliveries:
            return
        clock = eventlet.hubs.get_hub().clock
        began = clock()
        self.interrupted_batch = (connection, deliveries, last_tags)
        self._process_batch(self._parse_deliveries(deliveries))
        self.interrupted_batch = None
        failpoint("before_acknowledge")
        connection.acknowledge(last_tags)
        failpoint("after_acknowledge")
        telemetry.BATCH_EVENTS.labels(self.service).observe(len(deliveries))
        telemetry.DELIVERIES.labels(self.service).inc(len(deliveries))
        telemetry.BATCH_SECONDS.labels(self.service).observe(clock() - began)

    def _parse_deliveries(self, deliveries):
        batch = []
        for delivery in deliveries:
            try:
                batch.append(self.read(delivery))
            except Exception as error:  # noqa: BLE001 - an error in one delivery must not affect the others
                park_unreadable(self.database.pool, delivery, error)
        return batch

    def _process_batch(self, batch):
        """Process the batch in one transaction. If it fails, process each event separately, so that only the failing event is stored for a retry."""
        if not batch:
            return
        error = self._call_method(batch)
        if error is None:
            return
        if len(batch) > 1:
            log.warning("A batch failed; its events are processed one by one.", count=len(batch), reason=describe(error))
            for event in batch:
                self._process_batch([event])
        elif batch[0].is_processed_alone:
            store_failed_event(self.database.pool, batch[0], error)
            self.next_due_query_at = 0.0
        else:
            batch[
                0
            ].is_processed_alone = True  # retried without the waiting events that were processed together with this event, because one of those may have failed
            self._process_batch(batch)

    def _call_method(self, batch):
        """Call the service method in a nameko worker. Return the exception that the method raised, or None. Raises DatabaseUnavailable.

        After a deadlock or lock timeout the call is repeated without limit, because no event of the batch is the cause.
        """
        for attempt in count(1):
            error = self._call_method_once(batch)
            if error is None:
                self._reset_pause()
                return None
            if isinstance(error, DatabaseUnavailable):
                raise error
            if not should_try_again(error):
                return error
            if self.is_stopping:
                raise DatabaseUnavailable(describe(error))
            if attempt % WARN_AFTER_RETRIES == 0:
                log.warning("Another transaction holds the rows; the batch is retried.", count=len(batch), attempts=attempt, reason=describe(error))
            eventlet.sleep(0.02 * 2 ** min(attempt, 6) * random.uniform(0.5, 1.5))

    def _call_method_once(self, batch):
        done = Signal()

        def handle_result(worker_ctx, result=None, exc_info=None):
            done.send(exc_info)
            return result, exc_info

        try:
            self.container.spawn_worker(self, (batch,), {}, handle_result=handle_result)
        except ContainerBeingKilled as killed:
            raise DatabaseUnavailable("the container is being killed") from killed
        exc_info = done.wait()
        return exc_info and exc_info[1]

    # ── retries and outages ───────────────────────────────────────────────────────────────────────────────────────────

    def _load_due_events(self) -> list[tuple]:
        """Return the stored events that are due for another attempt (see Inbox.load_due_events), and update the gauges of the backlog.

        Record whether any event is stored, due or not.
        """
        self.database.pool.record_mark()
        with self.database.pool.transaction() as tx:
            self.has_stored_events = telemetry.update_backlog(self.service, tx)
            return tx.inbox.load_due_events(self.sources)

    def _retry_due_events(self, due: deque, seconds: float):
        """Process stored events from `due`: all of them if no new delivery is buffered, else at least one and more until `seconds` have passed."""
        clock = eventlet.hubs.get_hub().clock
        until = clock() + seconds
        while due and not self.is_stopping:
            self._retry_stored_event(*due.popleft())
            if self._count_available_deliveries() and clock() >= until:
                return

    def _retry_stored_event(self, table, row_id, delivery, discarded):
        try:
            event = self.database.pool.read(Delivery.unpack(self.database.pool.secret_box.decrypt(bytes(delivery))))
        except (UnreadableEvent, CryptoError) as error:
            log.error(
                "A stored event cannot be read.",
                event_id=f"{table}/{row_id}",
                reason=describe(error),
                next="Run the parked tool; check the encryption key FENGQIAO_AT_REST_KEY.",
            )
            if table == "parked":
                with self.database.pool.transaction() as tx:
                    tx.inbox.mark_as_parked(row_id, describe(error))
            return
        event.stored_in, event.discarded = (table, row_id), discarded
        self._process_batch([event])

    def _wait_for_database(self, error):
        """Wait until the database answers. After REQUEUE_AFTER_SECONDS close the broker connection, so that another copy of the service gets the deliveries."""
        log.warning("The database does not answer; consuming is paused.", reason=str(error), consequence="Events wait at the broker.")
        telemetry.RECONNECTS.labels(self.service, "database").inc()
        self.is_paused = True
        clock = eventlet.hubs.get_hub().clock
        self.outage_began = clock() if self.outage_began is None else self.outage_began
        next_check_at, wait = clock() + self.pause_seconds * random.uniform(0.5, 1.5), FIRST_PAUSE_SECONDS
        self.pause_seconds = min(self.pause_seconds * 2, MAX_PAUSE_SECONDS)
        while not self.is_stopping:
            if clock() - self.outage_began > REQUEUE_AFTER_SECONDS:
                self._requeue_deliveries()
            if clock() >= next_check_at:
                if self.database.pool.is_answering():
                    log.info("The database answers again.")
                    break
                next_check_at, wait = clock() + wait * random.uniform(0.5, 1.5), min(wait * 2, 3)
            eventlet.sleep(0.05)
        self.is_paused = False

    def _requeue_deliveries(self):
        if self.broker is not None and not self.has_requeued:
            self.has_requeued = True
            self.broker.is_open = False  # makes the reader thread close the connection
            self.broker.wake()

    def _reset_pause(self):
        self.outage_began, self.has_requeued, self.pause_seconds = None, False, FIRST_PAUSE_SECONDS


def hear(*producers, **options):
    """Return the nameko entrypoint decorator for a method that hears (consumes completely) the streams of these producers.

    A service consumes every event of a stream or none: sequence numbers count all events of a stream about a dispute, so a skipped event would be a gap.
    """

    def queues(settings):
        assert set(producers) <= set(SUBSCRIPTIONS[settings.service]), f"{settings.service} is not among the listeners of {producers}"
        return [queue_of(settings.service, producer, partition) for producer in producers for partition in settings.partitions_heard]

    return Consumer.decorator(queues=queues, sources=(*producers, events.UNREADABLE), prefetch=PREFETCHED_BUNDLES, may_be_bundles=True, **options)
