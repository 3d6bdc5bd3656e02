"""What a service has heard: positions per speaker and dispute, events that wait, and events that are parked. SQL on a cursor that it is given."""

from collections import Counter
from datetime import datetime

import psycopg2

from plumbing import events, telemetry
from plumbing.events import Delivery, Event
from plumbing.failpoints import failpoint
from plumbing.rows import Columns
from plumbing.statements import Statements

KEYS = Columns("source text, subject text")
POSITIONS = Columns(
    "source text, subject text, last_sequence bigint, held boolean, waits boolean, known boolean, last_was bigint, held_was boolean, waits_was boolean"
)
EARLY = Columns("source text, subject text, sequence bigint, event_id text, delivery bytea")

DUE = """
(select 'parked', id, delivery, status = 'discard' from parked
  where source = any(%(sources)s) and status <> 'parked' and next_attempt_at <= now() order by id limit 50)
union all
(select 'waiting', w.id, w.delivery, false from waiting w join heard h using (source, subject)
  where source = any(%(sources)s) and not h.held and coalesce(w.sequence, 0) <= h.last_sequence + 1 order by w.id limit 200)
"""


class SequenceMoved(Exception):
    """Another copy of this service heard the same dispute meanwhile: roll back and look again."""


class Inbox(Statements):
    """The inbox of one transaction. `read` makes an event of a delivery that was kept, `box` encrypts it at rest."""

    def __init__(self, cursor, now: datetime, read, box):
        super().__init__(cursor)
        self._now, self._read, self._box = now, read, box
        self._outcomes: Counter = Counter()
        self._ages: list[float] = []

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
            self._ages.append((self._now - event.time).total_seconds())
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
                taken.append(self._read(Delivery.unpack(self._box.decrypt(bytes(delivery)))))
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

    # ── what failed ───────────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, sources) -> list[tuple]:
        """The kept events to take up now: those to be tried again or discarded, and those that wait although nothing is before them any more."""
        return self.rows(DUE, {"sources": list(sources)})

    def attempts(self, event: Event) -> int:
        """How often a parked event has been tried."""
        found = self.rows("select attempts from parked where source = %s and subject = %s and event_id = %s", (event.source, event.subject, event.id))
        return found[0][0] if found else 0

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
        return self._box.encrypt(event.delivery.pack())

    @property
    def is_used(self) -> bool:
        """Whether anything was heard in this transaction."""
        return bool(self._outcomes)

    def report(self, service: str) -> None:
        """Tells the telemetry what this transaction did, once it has committed."""
        telemetry.transaction_committed(service, self._outcomes, self._ages)
