"""Hears events in batches: raw deliveries in, one transaction, one acknowledgement after its commit.

Two green threads a service: one reads the connection, one works. Every queue has a channel of its own, so that acknowledging
"up to here" is right for each, and a batch takes from them in turn: no queue waits behind another one's burst.

    @hear("intake", "mediation")
    def on_events(self, batch): ...
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

from contracts.channels import HEARS, queue_of
from plumbing import events, telemetry
from plumbing.broker_line import FATAL, RETRYABLE, BrokerLine
from plumbing.dependency import Database
from plumbing.events import Delivery, UnreadableEvent
from plumbing.failed_events import park_unreadable, set_aside
from plumbing.failpoints import failpoint
from plumbing.logs import describe
from plumbing.pool import DatabaseUnavailable, should_try_again

log = get_logger()

SIZE = 200  # events in a batch, at most
BATCH_WAIT_SECONDS = 0.004  # how long a batch waits for more deliveries
WARN_AFTER = 3  # tries of what passes by itself: a deadlock, a row that somebody holds
DUE_SECONDS = 1.0  # how often the tables are asked for events that are to be tried again
RETRY_SHARE = 0.25  # of the time that new events take, while there are any: what failed before never goes before what is new
GIVE_BACK_SECONDS = 5.0  # a database that is away for longer may be in another copy's reach; each giving back counts towards the delivery limit
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0  # a database may answer and still take no work (its disk is full): it is tried ever more slowly


class Consumer(Entrypoint):
    """Consumes some queues and calls the method with lists of events.

    `queues(settings)` names them and `sources` those who speak there; `read(delivery)` makes an event of the bytes, or raises
    UnreadableEvent; `room()` says how many more events may be taken in hand just now (None: as many as fit a batch).
    """

    def __init__(self, queues, sources, read=events.read, size=SIZE, batch_wait=BATCH_WAIT_SECONDS, room=None, **kwargs):
        self.queues, self.sources, self.read, self.size, self.batch_wait, self.room = queues, sources, read, size, batch_wait, room
        super().__init__(expected_exceptions=(Exception,), **kwargs)  # what fails is logged here, without values

    line = database = None  # until setup: somebody may ask before whether we are ready

    def setup(self):
        self.settings = self.container.config["settings"]
        self.service = self.settings.service
        self.database = next(extension for extension in self.container.dependencies if isinstance(extension, Database))
        self.stopping = self.paused = False
        self.in_hand = None  # (line, deliveries, marks) that the database went away under
        self._is_well()
        self.arrived, self.idle, self.reader_done, self.writing = Signal(), Signal(), Signal(), Semaphore()

    def start(self):
        self.container.spawn_managed_thread(self._read_on, identifier="read")
        self.container.spawn_managed_thread(self._work_on, identifier="work")

    def stop(self):
        """Returns when the batch in hand is finished and acknowledged; what was only prefetched goes back to the broker."""
        self.stopping = True
        self._wake()
        with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(self.settings.stop_seconds):
            self.reader_done.wait()

    def kill(self):
        self.stopping = True

    @property
    def ready(self) -> bool:
        return self.line is not None

    def answers(self) -> bool:
        """Whether the database does."""
        return self.database is not None and self.database.pool is not None and self.database.pool.answers()

    # ── the thread that reads ─────────────────────────────────────────────────────────────────────────────────────────

    def _read_on(self):
        wait = 0.1
        while not self.stopping:
            if self.paused:
                eventlet.sleep(0.05)
                continue
            line = None
            try:
                line = self.line = BrokerLine(self.settings.amqp_uri, self.queues(self.settings), 2 * self.size, self._wake, self.writing)
                telemetry.HEARING.labels(self.service).set(1)
                wait = 0.1
                log.info("Hearing.", queues=len(line.inboxes))
                while line.open and not self.stopping:
                    line.listen()
                if self.stopping:
                    line.cancel()
                    while not self.idle.ready():
                        line.listen()
            except RETRYABLE as problem:
                if getattr(problem, "code", None) in FATAL:
                    log.error("The broker refuses this consumer; the process ends.", code=problem.code, next="Load the topology or mend the permissions.")
                    raise
                self._lost(problem)
                eventlet.sleep(wait * random.uniform(0.5, 1.5))
                wait = min(wait * 2, 5)
            finally:
                self.line = None
                telemetry.HEARING.labels(self.service).set(0)
                if line is not None:
                    line.close()
        self.reader_done.send()

    def _lost(self, problem):
        if not (self.stopping or self.paused):
            telemetry.RECONNECTS.labels(self.service, "broker").inc()
            log.warning("The line to the broker is down; what was not acknowledged comes again.", reason=type(problem).__name__)

    def _wake(self):
        if not self.arrived.ready():
            self.arrived.send()

    # ── the thread that works ─────────────────────────────────────────────────────────────────────────────────────────

    def _work_on(self):
        clock = eventlet.hubs.get_hub().clock
        due, look_at = deque(), clock()
        while not self.stopping:
            try:
                if clock() >= look_at:
                    due = deque(self._due())  # afresh: what was not reached is asked for again, as it may have been discarded meanwhile
                    look_at = clock() + DUE_SECONDS
                self._await_deliveries(is_idle=not due)
                began = clock()
                self._one_batch()
                self._retry_due(due, seconds=RETRY_SHARE * (clock() - began))
            except DatabaseUnavailable as problem:
                self._wait_for_database(problem)
            except psycopg2.Error as problem:
                if not should_try_again(problem):
                    raise
                self._wait_for_database(DatabaseUnavailable(describe(problem)))
        self.idle.send()

    def _await_deliveries(self, is_idle):
        """Waits for the first delivery if there is nothing else to do, then a little for more, but never past a full batch."""
        if is_idle and not self._at_hand():
            with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(DUE_SECONDS):
                self.arrived.wait()
        self.arrived = Signal()
        if 0 < self._at_hand() < self.size:
            eventlet.sleep(self.batch_wait)

    def _at_hand(self):
        return self.line.at_hand() + len(self._still_in_hand()[0]) if self.line and self.line.open else 0

    def _still_in_hand(self):
        """What was taken from this line before and is not done yet. Of a line that is gone, the broker gives it again."""
        return self.in_hand[1:] if self.in_hand is not None and self.in_hand[0] is self.line else ((), {})

    def _take(self, line):
        deliveries, marks = self._still_in_hand()
        if deliveries:
            return deliveries, marks
        room = self.size if self.room is None else min(self.size, self.room())
        if room <= 0:
            eventlet.sleep(0.01)
            return (), {}
        return line.take(room)

    def _one_batch(self):
        line = self.line
        if line is None or not line.open or self.stopping:
            return
        deliveries, marks = self._take(line)
        if not deliveries:
            return
        clock = eventlet.hubs.get_hub().clock
        started = clock()
        self.in_hand = (line, deliveries, marks)
        self._hear(self._readable(deliveries))
        self.in_hand = None
        failpoint("before_acknowledge")
        line.acknowledge(marks)
        failpoint("after_acknowledge")
        telemetry.BATCH.labels(self.service).observe(len(deliveries))
        telemetry.DELIVERIES.labels(self.service).inc(len(deliveries))
        telemetry.PROCESSING.labels(self.service).observe(clock() - started)

    def _readable(self, deliveries):
        batch = []
        for delivery in deliveries:
            try:
                batch.append(self.read(delivery))
            except Exception as problem:  # noqa: BLE001 - whatever is wrong with one delivery, the others must not pay for it
                park_unreadable(self.database.pool, delivery, problem)
        return batch

    def _hear(self, batch):
        """All in one transaction; if that fails, each by itself, so that one bad event harms only its own dispute."""
        if not batch:
            return
        problem = self._call(batch)
        if problem is None:
            return
        if len(batch) > 1:
            log.warning("A batch failed and is done one by one.", count=len(batch), reason=describe(problem))
            for event in batch:
                self._hear([event])
        elif batch[0].alone:
            set_aside(self.database.pool, batch[0], problem)
        else:
            batch[0].alone = True  # what had waited for it came with it, and may be what failed
            self._hear(batch)

    def _call(self, batch):
        """Runs the method in a worker; returns what it raised, if anything. Raises DatabaseUnavailable.

        A deadlock, or a row that somebody holds for long, is no fault of any event: it is tried until it has passed.
        """
        for again in count(1):
            problem = self._call_once(batch)
            if problem is None:
                self._is_well()
                return None
            if isinstance(problem, DatabaseUnavailable):
                raise problem
            if not should_try_again(problem):
                return problem
            if self.stopping:
                raise DatabaseUnavailable(describe(problem))
            if again % WARN_AFTER == 0:
                log.warning("Rows are held by somebody else; it is tried again.", count=len(batch), attempts=again, reason=describe(problem))
            eventlet.sleep(0.02 * 2 ** min(again, 6) * random.uniform(0.5, 1.5))

    def _call_once(self, batch):
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

    # ── now and then ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _due(self) -> list[tuple]:
        """The rows to take up again: what failed before, what a person discarded, and what waits though nothing is before it any more."""
        with self.database.pool.transaction() as tx:
            telemetry.backlog(self.service, tx)
            return tx.inbox.due(self.sources)

    def _retry_due(self, due: deque, seconds: float):
        """Takes up rows of `due`: one, and others while nothing new is at hand or until `seconds` have passed."""
        clock = eventlet.hubs.get_hub().clock
        until = clock() + seconds
        while due and not self.stopping:
            self._retry_one(*due.popleft())
            if self._at_hand() and clock() >= until:
                return

    def _retry_one(self, table, row, delivery, discarded):
        try:
            event = self.database.pool.read(Delivery.unpack(self.database.pool.box.decrypt(bytes(delivery))))
        except (UnreadableEvent, CryptoError) as problem:
            log.error(
                "A kept event cannot be read again.",
                event_id=f"{table}/{row}",
                reason=describe(problem),
                next="Run the parked tool; check the key at rest.",
            )
            if table == "parked":
                with self.database.pool.transaction() as tx:
                    tx.inbox.leave_parked(row, describe(problem))
            return
        event.kept, event.discarded = (table, row), discarded
        self._hear([event])

    def _wait_for_database(self, problem):
        """The database is away: what is in hand is kept for a while, then given back, once; it is asked until it answers."""
        log.warning("The database does not answer; hearing stops until it does.", reason=str(problem), consequence="Events wait at the broker.")
        telemetry.RECONNECTS.labels(self.service, "database").inc()
        self.paused = True
        clock = eventlet.hubs.get_hub().clock
        self.away_since = clock() if self.away_since is None else self.away_since
        ask_at, wait = clock() + self.pause * random.uniform(0.5, 1.5), FIRST_PAUSE
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        while not self.stopping:
            if clock() - self.away_since > GIVE_BACK_SECONDS:
                self._give_back()
            if clock() >= ask_at:
                if self.database.pool.answers():
                    log.info("The database answers again.")
                    break
                ask_at, wait = clock() + wait * random.uniform(0.5, 1.5), min(wait * 2, 3)
            eventlet.sleep(0.05)
        self.paused = False

    def _give_back(self):
        if self.line is not None and not self.gave_back:
            self.gave_back = True
            self.line.open = False  # the reader hangs up; the broker gives it to another copy, or to us again

    def _is_well(self):
        self.away_since, self.gave_back, self.pause = None, False, FIRST_PAUSE


def hear(*producers, **options):
    """Hears everything that these speakers say. A service hears all of a speaker or nothing: the sequence counts every event."""

    def queues(settings):
        assert set(producers) <= set(HEARS[settings.service]), f"{settings.service} is not among the listeners of {producers}"
        return [queue_of(settings.service, producer, partition) for producer in producers for partition in settings.partitions_heard]

    return Consumer.decorator(queues=queues, sources=(*producers, events.UNREADABLE), **options)
