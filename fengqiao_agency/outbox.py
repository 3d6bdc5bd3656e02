"""Outbox on disk (SQLite): the events that the agency reported, the state of each, and the receipts and notices of the hub.

    held ──▶ waiting ──▶ published ──▶ accepted ──▶ applied       from `accepted` on, the hub is responsible for the event
                ▲            │     └─▶ refused  └─▶ rejected      with a reason for a person
                └─ resend ── returned                             no queue accepted it, or it cannot be sent: a person must decide

Only one event of a dispute is published at a time; the next is held until the hub has answered. The reason: after a crash, a broker may deliver
returned messages in another order, and an event must not overtake an earlier one that was refused or lost. Only the receipt shows that the next
event may be sent.
"""

import json
import os
import sqlite3
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .envelope import unsendable_reason
from .errors import IdAlreadyUsed
from .events import IncomingEvent, OutgoingEvent

STATES = ("held", "waiting", "returned", "published", "accepted", "refused", "rejected", "applied")
FINAL_STATES = ("refused", "rejected", "applied")  # final: no further receipt is expected
OPEN_STATES = ("held", "waiting", "published", "accepted")  # events for which the hub or this agency still has something to do

# fmt: off
RECEIPT_TRANSITIONS = {
    # receipt type          new state            from one of these states
    "receipt.accepted":    ("accepted",          ("waiting", "returned", "published")),
    "receipt.refused":     ("refused",           ("waiting", "returned", "published")),
    "receipt.applied":     ("applied",           ("waiting", "returned", "published", "accepted")),
    "receipt.rejected":    ("rejected",          ("waiting", "returned", "published", "accepted")),
}
# fmt: on

SCHEMA = """
pragma user_version = 1;
create table if not exists outbox (
    seq          integer primary key autoincrement,
    id           text not null unique,
    type         text not null,
    subject      text not null,
    dispute_key  text not null,             -- groups the events of one dispute: its first subject, report number or code
    publish_order integer,                  -- order of publishing; assigned whenever an event becomes `waiting`
    headers      text,
    body         blob,                      -- the exact bytes; deleted on receipt.accepted, as they may contain personal data
    sha256       text not null,
    state        text not null,
    reported_at  text not null,
    published_at text,
    answered_at  text,
    dispute      text,
    reason       text                       -- JSON: from the receipt, from the broker's return, or why the event cannot be sent
);
create unique index if not exists outbox_publish_order on outbox (publish_order);
create index if not exists outbox_open on outbox (dispute_key) where state in ('held', 'waiting', 'published', 'returned');
create index if not exists outbox_held on outbox (dispute_key, seq) where state = 'held';
create unique index if not exists one_published_event_per_dispute on outbox (dispute_key) where state in ('waiting', 'published', 'returned');
create index if not exists outbox_by_state on outbox (state, publish_order);
create table if not exists receipts (
    cursor integer primary key autoincrement, source text not null, id text not null, type text not null, event_id text,
    dispute text, data text not null, received_at text not null, unique (source, id)
);
create index if not exists receipts_by_event on receipts (event_id);
create table if not exists notices (
    cursor integer primary key autoincrement, source text not null, id text not null, type text not null,
    dispute text, data text not null, received_at text not null, unique (source, id)
);
create table if not exists unreadable (cursor integer primary key autoincrement, body blob, received_at text not null);
create table if not exists disputes (report_no text primary key, dispute text not null);
create index if not exists disputes_by_code on disputes (dispute);
"""


NEXT_PUBLISH_ORDER = "(select coalesce(max(publish_order), 0) + 1 from outbox)"
RELEASE_NEXT_EVENT = f"""
update outbox set state = 'waiting', publish_order = {NEXT_PUBLISH_ORDER}
 where seq = (select min(held.seq) from outbox held join outbox answered using (dispute_key) where answered.{{}} = ? and held.state = 'held')
   and not exists (select 1 from outbox out where out.dispute_key = outbox.dispute_key and out.state in ('waiting', 'published', 'returned'))
"""
PENDING = """
select 1 from outbox where state in ('waiting', 'published', 'accepted')
    or state = 'held' and dispute_key not in (select dispute_key from outbox where state = 'returned') limit 1
"""
LATEST_RECORDED_TIMES = """
select (select reported_at from outbox order by seq desc limit 1), (select received_at from receipts order by cursor desc limit 1),
       (select received_at from notices order by cursor desc limit 1)
"""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event in the outbox with its state."""

    seq: int
    id: str
    type: str
    subject: str
    state: str
    reported_at: str
    dispute: str | None
    reason: dict | None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored receipt or notice. `cursor` is its position in the table; pass it as `after` to read the next ones."""

    cursor: int
    id: str
    type: str
    dispute: str | None
    data: dict
    received_at: str
    event_id: str | None = None


class Outbox:
    """The outbox file. Safe for several threads, and for several processes on the same file."""

    def __init__(self, path: str | os.PathLike):
        self.path = os.fspath(path)
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        _create_private_file(self.path)
        self._durable_db = self._connect("full")
        # This connection only marks events as published. After a power cut they would be published again, which is harmless.
        self._relaxed_db = self._connect("normal")

    def close(self):
        with self._lock:
            self._durable_db.close()
            self._relaxed_db.close()

    # events that the agency reports

    def add(self, events: list[OutgoingEvent]) -> None:
        """Store the events on disk. An event that is already stored is skipped. Raises IdAlreadyUsed for an id with other content, and then stores none."""
        now = _now_text()
        with self._transaction(self._durable_db) as db:
            for event in events:
                before = db.execute("select sha256 from outbox where id = ?", (event.id,)).fetchone()
                if before is None:
                    self._insert(db, event, now)
                elif before[0] != event.sha256:
                    raise IdAlreadyUsed(event.id)

    def _insert(self, db, event, now):
        dispute_key = next(db.execute("select report_no from disputes where dispute = ? order by rowid limit 1", (event.subject,)), (event.subject,))[0]
        must_wait = db.execute(
            "select 1 from outbox where dispute_key = ? and state in ('held', 'waiting', 'published', 'returned') limit 1", (dispute_key,)
        ).fetchone()
        db.execute(
            f"insert into outbox (id, type, subject, dispute_key, headers, body, sha256, reported_at, state, publish_order) values (?, ?, ?, ?, ?, ?, ?, ?, ?, {NEXT_PUBLISH_ORDER})",
            (event.id, event.type, event.subject, dispute_key, event.headers, event.body, event.sha256, now, "held" if must_wait else "waiting"),
        )

    # access by the publisher

    def load_waiting(self, after: int, limit: int) -> list[tuple]:
        """Return (publish_order, id, type, headers, body) of the waiting events after `after`, in publish order."""
        return self._query(
            "select publish_order, id, type, headers, body from outbox where state = 'waiting' and publish_order > ? order by publish_order limit ?",
            (after, limit),
        )

    def mark_published(self, publish_orders: list[int]) -> None:
        now = _now_text()
        with self._transaction(self._relaxed_db) as db:  # a receipt may arrive before the broker's confirm
            db.executemany(
                "update outbox set state = 'published', published_at = ? where publish_order = ? and state = 'waiting'",
                [(now, publish_order) for publish_order in publish_orders],
            )

    def mark_returned(self, publish_order: int, reason_code: str) -> None:
        """Record that the event cannot be sent. It waits for a person, as do the later events of its dispute; all other events are sent."""
        reason_json = json.dumps(unsendable_reason(reason_code), ensure_ascii=False)
        with self._transaction(self._durable_db) as db:
            db.execute("update outbox set state = 'returned', reason = ? where publish_order = ? and state = 'waiting'", (reason_json, publish_order))

    def resend(self, unanswered_for: float = 0) -> int:
        """Set events without a receipt to `waiting` and return their number.

        By default these are all published and returned events. With `unanswered_for`, only events published at least so many seconds ago.
        The hub answers a repeated event with the same receipt.
        """
        before = (datetime.now(UTC) - timedelta(seconds=unanswered_for)).isoformat(timespec="milliseconds")
        states = "('published')" if unanswered_for else "('published', 'returned')"
        with self._transaction(self._durable_db) as db:
            seqs = db.execute(f"select seq from outbox where state in {states} and coalesce(published_at, '') <= ? order by seq", (before,)).fetchall()
            db.executemany(f"update outbox set state = 'waiting', reason = null, publish_order = {NEXT_PUBLISH_ORDER} where seq = ?", seqs)
        return len(seqs)

    def discard(self, event_id: str) -> bool:
        """Give up a returned event and release the next event of its dispute. Return False if there is no such event."""
        reason_json = json.dumps(unsendable_reason("discarded"), ensure_ascii=False)
        with self._transaction(self._durable_db) as db:
            returned = db.execute("select seq, id from outbox where state = 'returned'").fetchall()
            seqs = [seq for seq, id in returned if id == event_id]  # compared in Python, as decoded for display: SQL would not find a damaged id
            for seq in seqs:
                db.execute("update outbox set state = 'refused', reason = ?, answered_at = ? where seq = ?", (reason_json, _now_text(), seq))
                db.execute(RELEASE_NEXT_EVENT.format("seq"), (seq,))
        return bool(seqs)

    # messages from the hub

    def store_messages(self, messages: list[IncomingEvent], unreadable: list[bytes] = ()) -> list[IncomingEvent]:
        """Store receipts, notices and unreadable bodies, and apply the receipts to their events. Return the messages that were not stored before."""
        now, new_messages = _now_text(), []
        with self._transaction(self._durable_db) as db:
            for event in messages:
                if self._store_message(db, event, now):
                    new_messages.append(event)
                    if event.type in RECEIPT_TRANSITIONS and event.answered_event_id:
                        self._apply_receipt(db, event, now)
                    elif event.type == "receipt.moved":
                        self._record_code(db, event)
            db.executemany("insert into unreadable (body, received_at) values (?, ?)", [(body, now) for body in unreadable])
        return new_messages

    def _store_message(self, db, event, now):
        data = json.dumps(event.data, ensure_ascii=False)
        dispute = event.data.get("dispute")
        if event.type.startswith("receipt."):
            return db.execute(
                "insert into receipts (source, id, type, event_id, dispute, data, received_at) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                (event.source, event.id, event.type, event.answered_event_id, dispute, data, now),
            ).rowcount
        return db.execute(
            "insert into notices (source, id, type, dispute, data, received_at) values (?, ?, ?, ?, ?, ?) on conflict do nothing",
            (event.source, event.id, event.type, dispute, data, now),
        ).rowcount

    def _apply_receipt(self, db, receipt, now):
        state, before = RECEIPT_TRANSITIONS[receipt.type]
        dispute, reason = receipt.data.get("dispute"), receipt.data.get("reason")
        # The content of a refused event is needed for its correction. The content of other events is stored at the hub and may contain personal data.
        clear_content = ", headers = null, body = null" if state != "refused" else ""
        db.execute(
            f"update outbox set state = ?, answered_at = ?, dispute = coalesce(?, dispute), reason = ?{clear_content}"
            f" where id = ? and state in ({','.join('?' * len(before))})",
            (state, now, dispute, json.dumps(reason, ensure_ascii=False) if reason else None, receipt.answered_event_id, *before),
        )
        db.execute(RELEASE_NEXT_EVENT.format("id"), (receipt.answered_event_id,))
        if receipt.type == "receipt.accepted" and dispute:
            self._record_code(db, receipt)

    def _record_code(self, db, receipt):
        """Record the current code of a reported dispute. The hub sends it on acceptance and whenever the dispute is joined to another or separated from it."""
        dispute = receipt.data["dispute"]
        db.execute("update outbox set dispute = ? where id = ?", (dispute, receipt.answered_event_id))
        db.execute(
            "insert into disputes (report_no, dispute) select subject, ? from outbox where id = ? and subject <> ?"
            " on conflict (report_no) do update set dispute = excluded.dispute",
            (dispute, receipt.answered_event_id, dispute),
        )

    # queries

    def code_of(self, report_no: str) -> str | None:
        return next((code for (code,) in self._query("select dispute from disputes where report_no = ?", (report_no,))), None)

    def find(self, event_id: str) -> OutboxEvent | None:
        return next(iter(self._load_events("where id = ?", (event_id,))), None)

    def list_recent(self, limit: int, state: str | None = None) -> list[OutboxEvent]:
        return self._load_events(f"{'where state = ?' if state else ''} order by seq desc limit ?", (state, limit) if state else (limit,))

    def count_by_state(self) -> Counter:
        return Counter(dict(self._query("select state, count(*) from outbox group by state")))

    def has_any(self, *states: str) -> bool:
        return bool(self._query(f"select 1 from outbox where state in ({','.join('?' * len(states))}) limit 1", states))

    def has_pending(self) -> bool:
        """Return whether the state of at least one event will still change without a person: it is on its way, or held behind such an event."""
        return bool(self._query(PENDING))

    def latest_recorded_time(self) -> datetime:
        """Return the newest time of this machine's clock that is stored in the outbox."""
        (texts,) = self._query(LATEST_RECORDED_TIMES)
        return max((time for time in map(_parse_time, texts) if time), default=datetime.min.replace(tzinfo=UTC))

    def receipts(self, after: int = 0, limit: int = 1000) -> list[StoredMessage]:
        rows = self._query(
            "select cursor, id, type, dispute, data, received_at, event_id from receipts where cursor > ? order by cursor limit ?", (after, limit)
        )
        return [StoredMessage(c, i, t, d, json.loads(data), at, event) for c, i, t, d, data, at, event in rows]

    def notices(self, after: int = 0, limit: int = 1000) -> list[StoredMessage]:
        rows = self._query("select cursor, id, type, dispute, data, received_at from notices where cursor > ? order by cursor limit ?", (after, limit))
        return [StoredMessage(c, i, t, d, json.loads(data), at) for c, i, t, d, data, at in rows]

    def newest_cursors(self) -> tuple[int, int]:
        """Return the cursors of the newest receipt and of the newest notice."""
        return self._query("select (select coalesce(max(cursor), 0) from receipts), (select coalesce(max(cursor), 0) from notices)")[0]

    def wait_until(self, condition, timeout: float) -> bool:
        """Wait until `condition()` is true, at most `timeout` seconds, and return whether it is. Changes by other processes are noticed as well."""
        end = time.monotonic() + timeout
        with self.changed:
            while not condition():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.25))
            return True

    def _load_events(self, where, values):
        rows = self._query(f"select seq, id, type, subject, state, reported_at, dispute, reason from outbox {where}", values)
        return [OutboxEvent(*row[:7], _parse_reason(row[7])) for row in rows]

    def _query(self, sql, values=()):
        with self._lock:
            return self._durable_db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self, db):
        with self._lock:
            db.execute("begin immediate")
            try:
                yield db
            except BaseException:
                db.execute("rollback")
                raise
            db.execute("commit")
            self.changed.notify_all()

    def _connect(self, synchronous):
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        db.text_factory = lambda text: text.decode(errors="replace")  # damaged text in one row must not prevent reading the others
        db.execute("pragma journal_mode = wal")
        db.execute(f"pragma synchronous = {synchronous}")
        db.executescript(SCHEMA)
        return db


def _create_private_file(path):
    """Create the file with access for its owner only: it may contain personal data of parties."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _parse_reason(text):
    try:
        return json.loads(text) if text else None
    except ValueError:
        return {"code": "unreadable"}


def _parse_time(text):
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _now_text():
    return datetime.now(UTC).isoformat(timespec="milliseconds")
