"""Inbox of a service: records which events the service has processed, which wait for an earlier event, and which are parked.

Every producer numbers its events about a dispute 1, 2, 3, … (`sequence`). Terms:

- **heard**: the table `heard` stores, per producer and dispute, the sequence number of the last event that this service has processed.
- **unheard**: `Inbox.unheard` returns the events of a batch that must be processed now, in order. Duplicates (number too low) are left out.
  An event whose number is too high is stored in the table `waiting`, and is returned as soon as the missing event has been processed.
- **parked**: an event that failed is stored in the table `parked`, and the dispute is marked as blocked. Later events of that producer about that
  dispute wait until the event succeeds in a retry or an operator discards it (plumbing.parked).
- **epoch**: a number identifies an event within one epoch of the installation. An event that has the number of another epoch's event is no duplicate:
  it is stored in `parked` with status `conflict`, has no effect and blocks nothing.

The *position* of a dispute is its row in `heard`. Positions, waiting events and parked events change in the transaction that processes the batch.
All SQL runs on the cursor passed in.
"""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

import psycopg2

from plumbing import events, telemetry
from plumbing.events import Delivery, Event
from plumbing.failpoints import failpoint
from plumbing.rows import Columns
from plumbing.statements import StatementPipeline, Statements

KEY_COLUMNS = Columns("source text, subject text")
POSITION_COLUMNS = Columns(
    "source text, subject text, last_sequence bigint, epoch int, last_before_epoch bigint, blocked boolean, has_waiting boolean,"
    " exists_already boolean, old_sequence bigint, old_blocked boolean, old_has_waiting boolean"
)
WAITING_COLUMNS = Columns("source text, subject text, sequence bigint, follows bigint, event_id text, delivery bytea")
CONFLICT_COLUMNS = Columns("source text, subject text, sequence bigint, event_id text, type text, delivery bytea, status text, reason text")
CONFLICT_REASON = "number {} was used in epoch {} too; this event is of epoch {}"

DUE_EVENTS_SQL = """
(select 'parked', id, delivery, status = 'discard' from parked
  where source = any(%(sources)s) and status in ('retry', 'discard') and next_attempt_at <= now() order by id limit 50)
union all
(select 'waiting', w.id, w.delivery, false from waiting w join heard h using (source, subject)
  where source = any(%(sources)s) and not h.blocked and coalesce(w.follows, 0) <= h.last_sequence order by w.id limit 200)
"""


class SequenceConflict(Exception):
    """Another copy of this service has processed events of the same dispute in the meantime. The transaction must be rolled back and retried."""


class Position(NamedTuple):
    """Position of a listener in a stream about one dispute; see the columns of the table `heard`."""

    last: int = 0
    epoch: int = 1
    last_before_epoch: int = 0
    blocked: bool = False
    has_waiting: bool = False

    def advance(self, event: Event) -> "Position":
        """Return the position after this event."""
        if event.epoch == self.epoch:
            return Position(event.sequence, self.epoch, self.last_before_epoch, False, self.has_waiting)
        return Position(event.sequence, event.epoch, self.last, False, self.has_waiting)

    def is_number_of_another_event(self, event: Event) -> bool:
        """Return whether this number belongs to an event of another epoch, so that this event is no duplicate and cannot be processed either."""
        if event.epoch < self.epoch:
            return event.sequence > self.last_before_epoch
        return event.sequence <= (self.last_before_epoch if event.epoch == self.epoch else self.last)


NO_POSITION = Position()


class Inbox(Statements):
    """Inbox of a service within one transaction. `read` parses a stored delivery into an event, `secret_box` encrypts and decrypts stored deliveries."""

    def __init__(self, cursor, pipeline: StatementPipeline | None, now: datetime, read, secret_box):
        super().__init__(cursor, pipeline)
        self._now, self._read, self._secret_box = now, read, secret_box
        self._outcome_counts: Counter = Counter()
        self._event_ages: list[float] = []
        self.mark = 0  # value of the sequence message_ids after this transaction wrote positions; 0: it wrote none

    def unheard(self, batch: list[Event]) -> list[Event]:
        """Return the events to process now, in sequence per producer and dispute, including waiting events that follow them directly.

        Duplicates are left out. Events that arrive too early or follow a parked event are stored in the table `waiting`. Raises SequenceConflict.
        """
        if not batch:
            return []
        positions = self._load_positions(batch)
        old_positions = dict(positions)
        to_process, early_events, changed, alone = [], [], set(), {(event.source, event.subject) for event in batch if event.is_processed_alone}
        conflicts = []
        for event in sorted(batch, key=lambda event: (event.epoch, event.sequence or 0)):
            key = (event.source, event.subject)
            position = positions.get(key, NO_POSITION)
            if event.stored_in is not None:
                if not self._delete_stored_row(event):
                    continue
                if event.stored_in[0] == "parked":
                    position = positions[key] = position._replace(blocked=False)
                    changed.add(key)
            if event.sequence is None:
                if position.blocked:
                    early_events.append(event)
                    continue
                to_process.append(event)
                if key in old_positions:
                    changed.add(key)  # the position is unchanged, but writing it detects whether another copy of the service has just parked an event
            elif position.is_number_of_another_event(event):
                conflicts.append((event, position))
            elif event.sequence <= position.last:
                self._outcome_counts[event.source, event.type, "duplicate"] += 1
            elif not position.blocked and event.follows <= position.last:
                to_process.append(event)
                changed.add(key)
                positions[key] = position.advance(event)
            else:
                early_events.append(event)
        advanced = changed - alone
        self._store_waiting_events(early_events, positions, changed)  # must come before the next line, which may return one of these events
        to_process += self._take_waiting_events(positions, advanced, conflicts)
        self._store_conflicts(conflicts)
        self._save_positions(positions, changed, old_positions)
        to_process = [event for event in to_process if event.type != events.SEQUENCE_CONTINUED]
        for event in to_process:
            self._outcome_counts[event.source, event.type, "discarded" if event.discarded else "applied"] += 1
            self._event_ages.append((self._now - event.time).total_seconds())
        return to_process

    def _load_positions(self, batch):
        """Return the positions of the batch's disputes: {(source, subject): Position}."""
        keys = {(event.source, event.subject) for event in batch}
        return {
            (source, subject): Position(*position)
            for source, subject, *position in self.rows(
                "select source, subject, last_sequence, epoch, last_before_epoch, blocked, has_waiting"
                f" from heard join {KEY_COLUMNS.rows} using (source, subject)",
                KEY_COLUMNS.parameters(list(keys)),
            )
        }

    def _delete_stored_row(self, event) -> bool:
        """Delete the database row that stores this event. Return False if another copy of this service has already deleted the row."""
        table, row_id = event.stored_in
        return self.run(f"delete from {table} where id = %s", (row_id,)) > 0

    def _take_waiting_events(self, positions, advanced, conflicts):
        """Delete and return the waiting events that follow the new positions directly, up to the next gap. Update `positions`, and add to `conflicts`."""
        keys = sorted(key for key in advanced if positions[key].has_waiting)
        if not keys:
            return []
        rows = self.rows(
            f"select id, source, subject, sequence, follows, delivery from waiting join {KEY_COLUMNS.rows} using (source, subject)"
            " order by source, subject, sequence, id",
            KEY_COLUMNS.parameters(keys),
        )
        taken, to_delete, still_waiting = [], [], set()
        for row_id, source, subject, sequence, follows, delivery in rows:
            key = (source, subject)
            position = positions[key]
            if sequence is not None and follows > position.last:
                still_waiting.add(key)
                continue
            to_delete.append(row_id)
            event = self._read(Delivery.unpack(self._secret_box.decrypt(bytes(delivery))))
            if sequence is None:
                taken.append(event)
            elif position.is_number_of_another_event(event):
                conflicts.append((event, position))
            elif sequence > position.last:
                taken.append(event)
                positions[key] = position.advance(event)
        self.write("delete from waiting where id = any(%s)", (to_delete,))
        for key in keys:
            positions[key] = positions[key]._replace(has_waiting=key in still_waiting)
        return taken

    def _store_waiting_events(self, early_events, positions, changed):
        for event in early_events:
            key = (event.source, event.subject)
            positions[key] = positions.get(key, NO_POSITION)._replace(has_waiting=True)
            changed.add(key)
            self._outcome_counts[event.source, event.type, "waiting"] += 1
        rows = [(e.source, e.subject, e.sequence, e.follows, e.id, self._encrypt(e)) for e in early_events]
        self.insert("waiting", WAITING_COLUMNS, rows, "on conflict do nothing")

    def _store_conflicts(self, conflicts):
        """Store events whose number belongs to another epoch's event. They have no effect; an operator can look at them."""
        rows = []
        for event, position in conflicts:
            self._outcome_counts[event.source, event.type, "conflict"] += 1
            reason = CONFLICT_REASON.format(event.sequence, position.epoch, event.epoch)
            rows.append((event.source, event.subject, event.sequence, event.id, event.type, self._encrypt(event), "conflict", reason))
        self.insert("parked", CONFLICT_COLUMNS, rows, "on conflict do nothing")

    def _save_positions(self, positions, changed, old_positions):
        """Write the changed positions. Raises SequenceConflict if another copy of this service has changed or inserted one of the rows.

        Optimistic locking is used because a row lock would write every row once more, which costs more than a rare retry.
        """
        if not changed:
            return
        keys = sorted(changed)
        # Each change of positions draws a number, so that the last value shows how far this copy of the database goes (plumbing.epoch).
        written, self.mark = self.rows(
            f"with v as (select * from {POSITION_COLUMNS.rows}),"
            " u as (update heard h set last_sequence = v.last_sequence, epoch = v.epoch, last_before_epoch = v.last_before_epoch,"
            "                          blocked = v.blocked, has_waiting = v.has_waiting from v"
            "        where v.exists_already and h.source = v.source and h.subject = v.subject"
            "          and (h.last_sequence, h.blocked, h.has_waiting) = (v.old_sequence, v.old_blocked, v.old_has_waiting) returning 1),"
            " i as (insert into heard (source, subject, last_sequence, epoch, last_before_epoch, blocked, has_waiting)"
            "        select source, subject, last_sequence, epoch, last_before_epoch, blocked, has_waiting from v where not exists_already on conflict do nothing returning 1)"
            " select (select count(*) from u) + (select count(*) from i), nextval('message_ids')",
            POSITION_COLUMNS.parameters([(*key, *positions[key], key in old_positions, *_compared_columns(old_positions.get(key))) for key in keys]),
        )[0]
        if written != len(keys):
            raise SequenceConflict
        failpoint("after_heard")

    # ── failed events ─────────────────────────────────────────────────────────────────────────────────────────────────

    def load_due_events(self, sources) -> list[tuple]:
        """Return the stored events to process now as rows (table, row id, encrypted delivery, discarded).

        They are: failed events that are due for a retry, events that an operator discarded, and waiting events whose predecessor was processed.
        """
        return self.rows(DUE_EVENTS_SQL, {"sources": list(sources)})

    def count_attempts(self, event: Event) -> int:
        """Return how many times processing this event was attempted and failed."""
        found = self.rows("select attempts from parked where source = %s and subject = %s and event_id = %s", (event.source, event.subject, event.id))
        return found[0][0] if found else 0

    def park(self, event: Event, reason: str, retry_at=None) -> int:
        """Store an event that failed and block its dispute. Return the number of failed attempts.

        If `retry_at` is given, the event is retried at that time; otherwise an operator replays or discards it (plumbing.parked).
        """
        self.run(
            "insert into heard (source, subject, last_sequence, blocked) values (%s, %s, 0, true) on conflict (source, subject) do update set blocked = true",
            (event.source, event.subject),
        )
        self.run("delete from waiting where source = %s and subject = %s and event_id = %s", (event.source, event.subject, event.id))
        if event.stored_in is not None:  # an earlier attempt may have stored the event as UNREADABLE, without its source and id
            self.run("delete from parked where id = %s and source = %s", (event.stored_in[1], events.UNREADABLE))
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
                psycopg2.Binary(self._encrypt(event)),
                "retry" if retry_at else "parked",
                reason,
                retry_at,
            ),
        )[0]
        self._outcome_counts[event.source, event.type, "retry" if retry_at else "parked"] += 1
        return attempts

    def mark_as_parked(self, row_id: int, reason: str) -> None:
        """Set the status of a stored event that cannot be read to `parked`, so that an operator decides about it."""
        self.run("update parked set status = 'parked', attempts = attempts + 1, reason = %s where id = %s", (reason, row_id))

    def _encrypt(self, event):
        return self._secret_box.encrypt(event.delivery.pack())

    @property
    def has_outcomes(self) -> bool:
        """Whether this transaction has processed, stored or skipped at least one event."""
        return bool(self._outcome_counts)

    def report_metrics(self, service: str) -> None:
        """Add this transaction's events to the Prometheus counters. Must be called after the commit."""
        telemetry.count_transaction(service, self._outcome_counts, self._event_ages)


def _compared_columns(position):
    """Return the columns of a stored position by which another writer of the row is detected; nulls if there is no stored position."""
    return (None, None, None) if position is None else (position.last, position.blocked, position.has_waiting)
