"""One transaction for what is heard, what follows from it and what is said about it.

The same pool serves green threads (nameko) and real ones (web): under `eventlet.monkey_patch()` the locks are green by themselves.
"""

import contextlib
import threading
import time
import zlib
from collections import Counter

import psycopg2
from nacl.secret import SecretBox

from contracts import AGENCIES
from contracts.channels import INBOXES_EXCHANGE, exchange_of, partition_of, routing_key
from plumbing import events, settings, telemetry
from plumbing.events import Delivery, Event, Posted, Said
from plumbing.failpoints import failpoint
from plumbing.logs import describe
from plumbing.rows import Columns

KEYS = Columns("source text, subject text")
POSITIONS = Columns(
    "source text, subject text, last_sequence bigint, held boolean, waits boolean, known boolean, last_was bigint, held_was boolean, waits_was boolean"
)
COUNTS = Columns("source text, subject text, last_sequence bigint")
LETTERS = Columns("partition smallint, exchange text, routing_key text, event_id text, body utf8")
EARLY = Columns("source text, subject text, sequence bigint, event_id text, delivery bytea")

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


class DatabaseAway(Exception):
    """The database does not answer: stop hearing, ask again later. Nothing was lost, nothing was acknowledged."""


class SequenceMoved(Exception):
    """Another copy of this service heard the same dispute meanwhile: roll back and look again."""


class Pool:
    """At most `size` connections, last in first out. A caller waits its turn for up to `patience` seconds."""

    def __init__(self, settings: "settings.Settings", size: int = 4, patience: float = 30.0, read=events.read):
        self.settings = settings
        self.read = read
        self.patience = patience
        self.box = SecretBox(settings.at_rest_key)
        self._room = threading.BoundedSemaphore(size)
        self._idle: list[tuple[float, psycopg2.extensions.connection]] = []

    @contextlib.contextmanager
    def transaction(self):
        """A Transaction that commits on leaving, or rolls back if an exception leaves it. Raises DatabaseAway."""
        if not self._room.acquire(timeout=self.patience):
            raise DatabaseAway("no connection became free")
        try:
            born, connection = self._take()
            try:
                tx = Transaction(self, connection)
                yield tx
                tx.put_out()
                tx.failpoint("before_commit")
                connection.commit()
                tx.failpoint("after_commit")
                tx.count()
            except BaseException as problem:
                self._roll_back(connection)
                if _is_away(problem, connection):
                    raise DatabaseAway(describe(problem)) from problem
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
        except DatabaseAway:
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
            raise DatabaseAway(" ".join(str(problem).split())[:300]) from problem

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


class Transaction:
    """What a service does between hearing and acknowledging. Made by `Pool.transaction`."""

    def __init__(self, pool: Pool, connection):
        self.now = events.utc_now()
        self._pool = pool
        self.settings = pool.settings
        self._service = pool.settings.service
        self._cursor = connection.cursor()
        self._letters: list[tuple] = []
        self._outcomes: Counter = Counter()
        self._ages: list[float] = []

    def rows(self, sql: str, params=None) -> list[tuple]:
        self._cursor.execute(sql, params)
        return self._cursor.fetchall()

    def run(self, sql: str, params=None) -> int:
        self._cursor.execute(sql, params)
        return self._cursor.rowcount

    def insert(self, table: str, columns: Columns, rows: list[tuple], then: str = "") -> None:
        """One statement for many rows, in the order given. `then` is what follows: `on conflict …`."""
        if rows:
            self.run(f"insert into {table} ({columns.names}) select * from {columns.rows} {then}", columns.of(rows))

    def seal(self, text: bytes) -> bytes:
        """Encrypted with this service's key at rest."""
        return self._pool.box.encrypt(text)

    # ── hear ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def unheard(self, batch: list[Event]) -> list[Event]:
        """Those events whose turn it is: no repeats, in sequence per speaker and dispute, with any that had waited for them.

        An event that comes too early, or behind a parked one, is kept in `waiting`. Raises SequenceMoved.
        """
        if not batch:
            return []
        position = self._positions(batch)
        known = dict(position)
        fresh, early, moved, alone = [], [], set(), {(event.source, event.subject) for event in batch if event.alone}
        for event in sorted(batch, key=lambda event: event.sequence or 0):
            key = (event.source, event.subject)
            last, held, waits = position.get(key, (0, False, False))
            if event.kept is not None:
                if not self._take_up(event):
                    continue
                if event.kept[0] == "parked":
                    held = False
                    moved.add(key)
                    position[key] = (last, False, waits)
            if event.sequence is None and not held:
                fresh.append(event)
                if key in known:
                    moved.add(key)  # nowhere; but it must not pass one that another copy parks meanwhile
            elif event.sequence is not None and event.sequence <= last:
                self._outcomes[event.source, event.type, "duplicate"] += 1
            elif not held and event.sequence == last + 1:
                fresh.append(event)
                moved.add(key)
                position[key] = (event.sequence, False, waits)
            else:
                early.append(event)
        gone_on = moved - alone
        self._keep_waiting(early, position, moved)  # first: one of these may be next when the others are in
        fresh += self._no_longer_waiting(position, gone_on)
        self._advance(position, moved, known)
        for event in fresh:
            self._outcomes[event.source, event.type, "discarded" if event.discarded else "applied"] += 1
            self._ages.append((self.now - event.time).total_seconds())
        return fresh

    def _positions(self, batch):
        keys = {(event.source, event.subject) for event in batch}
        return {
            (source, subject): (last, held, waits)
            for source, subject, last, held, waits in self.rows(
                f"select source, subject, last_sequence, held, waits from heard join {KEYS.rows} using (source, subject)", KEYS.of(list(keys))
            )
        }

    def _take_up(self, event) -> bool:
        """Removes the row that kept this event. False if another copy of this service took it up meanwhile."""
        table, row = event.kept
        return self.run(f"delete from {table} where id = %s", (row,)) > 0

    def _no_longer_waiting(self, position, gone_on):
        """Events that had waited for one of these: they are in now, up to the next gap."""
        keys = sorted(key for key in gone_on if position[key][2])
        if not keys:
            return []
        rows = self.rows(
            f"select id, source, subject, sequence, delivery from waiting join {KEYS.rows} using (source, subject) order by source, subject, sequence, id",
            KEYS.of(keys),
        )
        taken, done, left = [], [], set()
        for row, source, subject, sequence, delivery in rows:
            key = (source, subject)
            last = position[key][0]
            if sequence is not None and sequence > last + 1:
                left.add(key)
                continue
            done.append(row)
            if sequence is None or sequence == last + 1:
                taken.append(self._pool.read(Delivery.unpack(self._pool.box.decrypt(bytes(delivery)))))
                position[key] = (last if sequence is None else sequence, False, True)
        self.run("delete from waiting where id = any(%s)", (done,))
        for key in keys:
            position[key] = (position[key][0], position[key][1], key in left)
        return taken

    def _keep_waiting(self, early, position, moved):
        for event in early:
            key = (event.source, event.subject)
            last, held, _ = position.get(key, (0, False, False))
            position[key] = (last, held, True)
            moved.add(key)
            self._outcomes[event.source, event.type, "waiting"] += 1
        self.insert("waiting", EARLY, [(e.source, e.subject, e.sequence, e.id, self._sealed(e)) for e in early], "on conflict do nothing")

    def _advance(self, position, moved, known):
        """Writes the new positions. A row that is no longer as it was read, or that appeared, belongs to another copy of this service: SequenceMoved.

        Looking again costs less than locking: a lock on a row is one more write of it.
        """
        if not moved:
            return
        keys = sorted(moved)
        (written,) = self.rows(
            f"with v as (select * from {POSITIONS.rows}),"
            " u as (update heard h set last_sequence = v.last_sequence, held = v.held, waits = v.waits from v"
            "        where v.known and h.source = v.source and h.subject = v.subject"
            "          and (h.last_sequence, h.held, h.waits) = (v.last_was, v.held_was, v.waits_was) returning 1),"
            " i as (insert into heard (source, subject, last_sequence, held, waits)"
            "        select source, subject, last_sequence, held, waits from v where not known on conflict do nothing returning 1)"
            " select (select count(*) from u) + (select count(*) from i)",
            POSITIONS.of([(*key, *position[key], key in known, *known.get(key, (None, None, None))) for key in keys]),
        )[0]
        if written != len(keys):
            raise SequenceMoved
        failpoint("after_heard")

    # ── say ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, said: list[Said]) -> None:
        """Numbers these facts per dispute and voice; they go into the outbox in the order given."""
        if not said:
            return
        counts = Counter((fact.subject, fact.source or self._service) for fact in said)
        keys = sorted(counts)  # the rows are locked in this order everywhere
        following = {
            (subject, source): last - counts[subject, source]
            for source, subject, last in self.rows(
                f"insert into spoken (source, subject, last_sequence) select * from {COUNTS.rows}"
                " on conflict (subject, source) do update set last_sequence = spoken.last_sequence + excluded.last_sequence"
                " returning source, subject, last_sequence",
                COUNTS.of([(source, subject, counts[subject, source]) for subject, source in keys]),
            )
        }
        partitions = self._pool.settings.partitions
        for fact in said:
            source = fact.source or self._service
            sequence = following[fact.subject, source] = following[fact.subject, source] + 1
            # The two voices count apart, so each has names of its own for what it says.
            event_id = f"{fact.subject}/{sequence}" if fact.source is None else f"{fact.subject}/s{sequence}"
            partition = partition_of(fact.subject, partitions)
            body = events.write(source, fact, event_id, self.now, sequence)
            self._letters.append((partition, exchange_of(source), routing_key(partition, fact.type), event_id, body))

    def post(self, posted: list[Posted]) -> list[bytes]:
        """Puts receipts or notices for single agencies into the outbox; returns their bytes, in the same order."""
        bodies = [events.write(self._service, letter, letter.id, self.now) for letter in posted]
        self.put_out_again([(letter.agency, letter.id, body) for letter, body in zip(posted, bodies, strict=True)])
        return bodies

    def put_out_again(self, letters: list[tuple[str, str, bytes]]) -> None:
        """Puts letters (agency, id, bytes) into the outbox as they are. An agency that was removed has no inbox: the ledgers keep its letters."""
        partitions = self._pool.settings.partitions
        there = [letter for letter in letters if AGENCIES[letter[0]].status != "removed"]
        self._letters += [(zlib.crc32(agency.encode()) % partitions, INBOXES_EXCHANGE, agency, letter, body) for agency, letter, body in there]

    def put_out(self) -> None:
        """The last statement before the commit: all that is said and posted goes into the outbox. The NOTIFY wakes the relay within milliseconds."""
        if not self._letters:
            return
        self.run(
            f"with put as (insert into outbox ({LETTERS.names}) select * from {LETTERS.rows}) select pg_notify(%s, '')",
            [*LETTERS.of(self._letters), f"outbox_{self._service}"],
        )

    # ── park ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def park(self, event: Event, reason: str, retry_at=None) -> int:
        """Keeps an event that failed; later ones of its dispute wait. Returns how often it has been tried.

        With `retry_at` it is tried again then; without, a person decides (plumbing.parked).
        """
        self.run(
            "insert into heard (source, subject, last_sequence, held) values (%s, %s, 0, true) on conflict (source, subject) do update set held = true",
            (event.source, event.subject),
        )
        self.run("delete from waiting where source = %s and subject = %s and event_id = %s", (event.source, event.subject, event.id))
        if event.kept is not None:  # it may have been kept under no name, because it could not be read then
            self.run("delete from parked where id = %s and source = %s", (event.kept[1], events.UNREADABLE))
        (attempts,) = self.rows(
            "insert into parked (source, subject, sequence, event_id, type, delivery, status, reason, next_attempt_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (source, subject, event_id) do update"
            " set status = excluded.status, reason = excluded.reason, next_attempt_at = excluded.next_attempt_at, attempts = parked.attempts + 1"
            " returning attempts",
            (
                event.source,
                event.subject,
                event.sequence,
                event.id,
                event.type,
                psycopg2.Binary(self._sealed(event)),
                "retry" if retry_at else "parked",
                reason,
                retry_at,
            ),
        )[0]
        self._outcomes[event.source, event.type, "retry" if retry_at else "parked"] += 1
        return attempts

    def leave_parked(self, row: int, reason: str) -> None:
        """A parked event that cannot even be read again: it stays, for a person."""
        self.run("update parked set status = 'parked', attempts = attempts + 1, reason = %s where id = %s", (reason, row))

    def _sealed(self, event):
        return self._pool.box.encrypt(event.delivery.pack())

    def failpoint(self, name):
        """Only where something was heard: what a process asks of the database besides is no moment of interest."""
        if self._outcomes:
            failpoint(name)

    def count(self):
        """Tells the telemetry what this transaction did, once it has committed."""
        telemetry.transaction_committed(self._service, self._outcomes, self._ages)
