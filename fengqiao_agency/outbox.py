"""Outbox on disk (SQLite): the events that the agency reported, with the state of each, and the receipts and notices that the hub sent.

    held ──▶ waiting ──▶ published ──▶ accepted ──▶ applied       from `accepted` on, the hub is responsible for the event
                ▲            │     └─▶ refused  └─▶ rejected      the receipt contains the reason
                └─ resend ── returned                             no queue accepts the event, or it cannot be sent: a person must decide

Only one event of each dispute is published at a time; the next event is held until the hub has sent a receipt. The reason: after a crash, a broker
may deliver requeued messages in another order, and an event must not overtake an earlier event that was refused or lost.
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

# How long the content of an answered event is kept: after a loss of data at the hub, the event may have to be sent again.
KEEP_CONTENT = timedelta(days=7)
DELETE_CONTENT_INTERVAL_SECONDS = 3600
CLOCK_TOLERANCE = timedelta(minutes=10)  # possible difference between the clocks of hub and agency, when the hub names a time since which events may be lost

STATES = ("held", "waiting", "returned", "published", "accepted", "refused", "rejected", "applied")
UNANSWERED_STATES = ("held", "waiting", "returned", "published")  # states of events for which no receipt has arrived
RECOVERED = "notice.recovered"  # type of the notice by which the hub asks for events to be sent again
FINAL_STATES = ("refused", "rejected", "applied")  # states after which no further receipt is expected

# fmt: off
RECEIPT_TRANSITIONS = {
    # Receipt type → new state of the event, and the states in which the event must be before.
    # receipt type          new state            previous states
    "receipt.accepted":    ("accepted",          ("waiting", "returned", "published")),
    "receipt.refused":     ("refused",           ("waiting", "returned", "published")),
    "receipt.applied":     ("applied",           ("waiting", "returned", "published", "accepted")),
    "receipt.rejected":    ("rejected",          ("waiting", "returned", "published", "accepted")),
}
# fmt: on

SCHEMA_SQL = """
pragma user_version = 1;
create table if not exists outbox (
    seq          integer primary key autoincrement,
    id           text not null unique,
    type         text not null,
    subject      text not null,
    dispute_key  text not null,             -- the same for all events of one dispute: the subject of its first event
    publish_order integer,                  -- order of publishing; a new number whenever the event becomes `waiting`
    headers      text,
    body         blob,                      -- the message body; deleted KEEP_CONTENT days after receipt.accepted, as it may contain personal data
    sha256       text not null,
    state        text not null,
    reported_at  text not null,
    published_at text,
    answered_at  text,
    dispute      text,
    reason       text                       -- JSON: reason in the receipt, reply text of the broker, or why the event cannot be sent
);
create unique index if not exists outbox_publish_order on outbox (publish_order);
create index if not exists outbox_open on outbox (dispute_key) where state in ('held', 'waiting', 'published', 'returned');
create index if not exists outbox_held on outbox (dispute_key, seq) where state = 'held';
create unique index if not exists one_published_event_per_dispute on outbox (dispute_key) where state in ('waiting', 'published', 'returned');
create index if not exists outbox_by_state on outbox (state, publish_order);
create index if not exists outbox_with_content on outbox (answered_at) where body is not null and state in ('accepted', 'applied', 'rejected');
create table if not exists receipts (
    cursor integer primary key autoincrement, source text not null, id text not null, type text not null, event_id text,
    dispute text, data text not null, received_at text not null, unique (source, id)
);
create index if not exists receipts_by_event on receipts (event_id);
create table if not exists notices (
    cursor integer primary key autoincrement, source text not null, id text not null, type text not null,
    dispute text, data text not null, received_at text not null, unique (source, id)
);
create table if not exists watermark (one integer primary key check (one = 1), up_to text not null);  -- newest time that the hub confirmed for agency.alive
create table if not exists unreadable (cursor integer primary key autoincrement, body blob, received_at text not null);
create table if not exists disputes (report_no text primary key, dispute text not null);
create index if not exists disputes_by_code on disputes (dispute);
"""


NEXT_PUBLISH_ORDER_SQL = "(select coalesce(max(publish_order), 0) + 1 from outbox)"
RELEASE_NEXT_EVENT_SQL = f"""
update outbox set state = 'waiting', publish_order = {NEXT_PUBLISH_ORDER_SQL}
 where seq = (select min(held.seq) from outbox held join outbox answered using (dispute_key) where answered.{{}} = ? and held.state = 'held')
   and not exists (select 1 from outbox out where out.dispute_key = outbox.dispute_key and out.state in ('waiting', 'published', 'returned'))
"""
PENDING_EVENTS_SQL = """
select 1 from outbox where state in ('waiting', 'published', 'accepted')
    or state = 'held' and dispute_key not in (select dispute_key from outbox where state = 'returned') limit 1
"""
LATEST_RECORDED_TIMES_SQL = """
select (select reported_at from outbox order by seq desc limit 1), (select received_at from receipts order by cursor desc limit 1),
       (select received_at from notices order by cursor desc limit 1)
"""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event in the outbox, with its state."""

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
    """A stored receipt or notice. `cursor` is its position: pass it as `after` to read the later messages."""

    cursor: int
    id: str
    type: str
    dispute: str | None
    data: dict
    received_at: str
    event_id: str | None = None


class Outbox:
    """The outbox file. Several threads and several OS processes may use the same file."""

    def __init__(self, path: str | os.PathLike):
        self.path = os.fspath(path)
        self._lock = threading.RLock()
        self.change_condition = threading.Condition(self._lock)
        _create_private_file(self.path)
        self._durable_db = self._connect("full")
        # The relaxed connection only marks events as published. If a power cut undoes the mark, the event is published again, which is harmless.
        self._relaxed_db = self._connect("normal")
        self._next_deletion_at = 0.0

    def close(self):
        with self._lock:
            self._durable_db.close()
            self._relaxed_db.close()

    # Events that the agency reports.

    def add_events(self, events: list[OutgoingEvent]) -> None:
        """Store the events on disk; skip those that are already stored. Raises IdAlreadyUsed, storing none, if an id belongs to an event with other content."""
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
            f"insert into outbox (id, type, subject, dispute_key, headers, body, sha256, reported_at, state, publish_order) values (?, ?, ?, ?, ?, ?, ?, ?, ?, {NEXT_PUBLISH_ORDER_SQL})",
            (event.id, event.type, event.subject, dispute_key, event.headers, event.body, event.sha256, now, "held" if must_wait else "waiting"),
        )

    # Methods for the publisher.

    def load_waiting(self, after: int, limit: int) -> list[tuple]:
        """Return (publish_order, id, type, headers, body) of the waiting events whose publish order is above `after`, sorted by publish order."""
        return self._query(
            "select publish_order, id, type, headers, body from outbox where state = 'waiting' and publish_order > ? order by publish_order limit ?",
            (after, limit),
        )

    def mark_published(self, publish_orders: list[int]) -> None:
        now = _now_text()
        with self._transaction(self._relaxed_db) as db:  # only in state `waiting`: the receipt may have arrived before the publisher confirm
            db.executemany(
                "update outbox set state = 'published', published_at = ? where publish_order = ? and state = 'waiting'",
                [(now, publish_order) for publish_order in publish_orders],
            )

    def mark_returned(self, publish_order: int, reason_code: str) -> None:
        """Set the event to state `returned` (undeliverable). This event and the later events of its dispute wait for a person; all other events are sent."""
        reason_json = json.dumps(unsendable_reason(reason_code), ensure_ascii=False)
        with self._transaction(self._durable_db) as db:
            db.execute("update outbox set state = 'returned', reason = ? where publish_order = ? and state = 'waiting'", (reason_json, publish_order))

    def resend(self, unanswered_for: float = 0) -> int:
        """Set events without a receipt to state `waiting`, so that they are published again. Return their number.

        By default, these are all events in state `published` or `returned`. With `unanswered_for`, only events that were published at least that
        many seconds ago. The hub answers a repeated event with the same receipt.
        """
        before = (datetime.now(UTC) - timedelta(seconds=unanswered_for)).isoformat(timespec="milliseconds")
        states = "('published')" if unanswered_for else "('published', 'returned')"
        with self._transaction(self._durable_db) as db:
            seqs = db.execute(f"select seq from outbox where state in {states} and coalesce(published_at, '') <= ? order by seq", (before,)).fetchall()
            db.executemany(f"update outbox set state = 'waiting', reason = null, publish_order = {NEXT_PUBLISH_ORDER_SQL} where seq = ?", seqs)
        return len(seqs)

    def discard(self, event_id: str) -> bool:
        """Discard an event in state `returned` and release the next event of its dispute. Return False if there is no such event."""
        reason_json = json.dumps(unsendable_reason("discarded"), ensure_ascii=False)
        with self._transaction(self._durable_db) as db:
            returned = db.execute("select seq, id from outbox where state = 'returned'").fetchall()
            seqs = [seq for seq, id in returned if id == event_id]  # compared in Python, because SQL does not find a damaged id by its decoded text
            for seq in seqs:
                db.execute("update outbox set state = 'refused', reason = ?, answered_at = ? where seq = ?", (reason_json, _now_text(), seq))
                db.execute(RELEASE_NEXT_EVENT_SQL.format("seq"), (seq,))
        return bool(seqs)

    # Receipts and notices.

    def store_messages(self, messages: list[IncomingEvent], unreadable: list[bytes] = ()) -> list[IncomingEvent]:
        """Store receipts, notices and bodies of unreadable messages; set the states of the answered events. Return the messages that were not stored before."""
        now, new_messages = _now_text(), []
        with self._transaction(self._durable_db) as db:
            for event in messages:
                if event.type == "receipt.accepted" and "up_to" in event.data:
                    self._record_confirmed_up_to(db, event)
                    continue
                is_new = self._store_message(db, event, now)
                if is_new:
                    new_messages.append(event)
                # A repeated receipt counts, too: the event was sent again after a recovery of the hub, and the hub still had its receipts.
                if event.type in RECEIPT_TRANSITIONS and event.answered_event_id:
                    self._apply_receipt(db, event, now)
                elif is_new and event.type == "receipt.moved":
                    self._record_code(db, event)
                elif is_new and event.type == RECOVERED:
                    self._send_again_since(db, event.data.get("since"))
            self._delete_old_content(db)
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
        db.execute(
            "update outbox set state = ?, answered_at = ?, dispute = coalesce(?, dispute), reason = ?"
            f" where id = ? and state in ({','.join('?' * len(before))})",
            (state, now, dispute, json.dumps(reason, ensure_ascii=False) if reason else None, receipt.answered_event_id, *before),
        )
        db.execute(RELEASE_NEXT_EVENT_SQL.format("id"), (receipt.answered_event_id,))
        if receipt.type == "receipt.accepted" and dispute:
            self._record_code(db, receipt)

    def _record_confirmed_up_to(self, db, receipt):
        """Record the time up to which the hub knows that everything is reported. The receipt itself is not stored: one arrives every few minutes."""
        up_to = _parse_time(receipt.data["up_to"])
        before = next((_parse_time(text) for (text,) in db.execute("select up_to from watermark")), None)
        if up_to is not None and (before is None or before < up_to):
            db.execute("insert into watermark values (1, ?) on conflict (one) do update set up_to = excluded.up_to", (up_to.isoformat(),))

    def _send_again_since(self, db, since):
        """Let all events without a receipt and, with `since`, those answered since then be published again, one of each dispute at a time.

        The hub answers an event that it still has with the same receipts, and processes one that it has lost as a new event.
        """
        answered = "state in ('accepted', 'applied', 'rejected') and body is not null and answered_at >= ?" if since else "state = ?"
        since_text = _utc_text(since) if since else ""
        seqs = db.execute(f"select seq from outbox where state = 'published' or {answered} order by seq", (since_text,)).fetchall()
        db.executemany("update outbox set state = 'held', reason = null where seq = ?", seqs)
        db.executemany(RELEASE_NEXT_EVENT_SQL.format("seq"), seqs)

    def _delete_old_content(self, db):
        """Delete the content of events that were answered long ago: the hub stores it. A refused event is kept complete, because a person must correct it."""
        if time.monotonic() < self._next_deletion_at:
            return
        self._next_deletion_at = time.monotonic() + DELETE_CONTENT_INTERVAL_SECONDS
        before = (datetime.now(UTC) - KEEP_CONTENT).isoformat(timespec="milliseconds")
        db.execute(
            "update outbox set headers = null, body = null where body is not null and state in ('accepted', 'applied', 'rejected') and answered_at < ?",
            (before,),
        )

    def _record_code(self, db, receipt):
        """Record the current code of a reported dispute. The hub sends it on acceptance and whenever it changes, because disputes are joined or a join is undone."""
        dispute = receipt.data["dispute"]
        db.execute("update outbox set dispute = ? where id = ?", (dispute, receipt.answered_event_id))
        db.execute(
            "insert into disputes (report_no, dispute) select subject, ? from outbox where id = ? and subject <> ?"
            " on conflict (report_no) do update set dispute = excluded.dispute",
            (dispute, receipt.answered_event_id, dispute),
        )

    # Queries.

    def code_of(self, report_no: str) -> str | None:
        return next((code for (code,) in self._query("select dispute from disputes where report_no = ?", (report_no,))), None)

    def confirmed_up_to(self) -> datetime | None:
        """Return the newest time for which the hub has confirmed an event agency.alive, or None if there is none."""
        return next((_parse_time(text) for (text,) in self._query("select up_to from watermark")), None)

    def has_refusal(self, event_id: str) -> bool:
        """Return whether a receipt says that the hub refused the event."""
        return bool(self._query("select 1 from receipts where event_id = ? and type = 'receipt.refused'", (event_id,)))

    def find_event(self, event_id: str) -> OutboxEvent | None:
        return next(iter(self._load_events("where id = ?", (event_id,))), None)

    def list_recent_events(self, limit: int, state: str | None = None) -> list[OutboxEvent]:
        return self._load_events(f"{'where state = ?' if state else ''} order by seq desc limit ?", (state, limit) if state else (limit,))

    def count_by_state(self) -> Counter:
        return Counter(dict(self._query("select state, count(*) from outbox group by state")))

    def has_event_in_state(self, *states: str) -> bool:
        return bool(self._query(f"select 1 from outbox where state in ({','.join('?' * len(states))}) limit 1", states))

    def has_pending_events(self) -> bool:
        """Return whether an event still waits for sending or for a receipt. Events in state `returned` and the events held behind them do not count."""
        return bool(self._query(PENDING_EVENTS_SQL))

    def latest_recorded_time(self) -> datetime:
        """Return the newest time that this machine's clock wrote into the outbox; the minimum datetime if there is none."""
        (texts,) = self._query(LATEST_RECORDED_TIMES_SQL)
        return max((time for time in map(_parse_time, texts) if time), default=datetime.min.replace(tzinfo=UTC))

    def receipts(self, after: int = 0, limit: int = 1000) -> list[StoredMessage]:
        rows = self._query(
            "select cursor, id, type, dispute, data, received_at, event_id from receipts where cursor > ? order by cursor limit ?", (after, limit)
        )
        return [
            StoredMessage(cursor, id, type, dispute, json.loads(data), received_at, event_id) for cursor, id, type, dispute, data, received_at, event_id in rows
        ]

    def notices(self, after: int = 0, limit: int = 1000) -> list[StoredMessage]:
        rows = self._query("select cursor, id, type, dispute, data, received_at from notices where cursor > ? order by cursor limit ?", (after, limit))
        return [StoredMessage(cursor, id, type, dispute, json.loads(data), received_at) for cursor, id, type, dispute, data, received_at in rows]

    def newest_cursors(self) -> tuple[int, int]:
        """Return the cursors of the newest receipt and of the newest notice."""
        return self._query("select (select coalesce(max(cursor), 0) from receipts), (select coalesce(max(cursor), 0) from notices)")[0]

    def wait_until(self, condition, timeout: float) -> bool:
        """Wait at most `timeout` seconds until `condition()` is true. Return whether it is. Changes made by other OS processes are seen, too."""
        give_up_at = time.monotonic() + timeout
        with self.change_condition:
            while not condition():
                remaining_seconds = give_up_at - time.monotonic()
                if remaining_seconds <= 0:
                    return False
                self.change_condition.wait(min(remaining_seconds, 0.25))
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
            self.change_condition.notify_all()

    def _connect(self, synchronous):
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        db.text_factory = lambda text: text.decode(errors="replace")  # invalid UTF-8 in one row must not prevent reading the other rows
        db.execute("pragma journal_mode = wal")
        db.execute(f"pragma synchronous = {synchronous}")
        db.executescript(SCHEMA_SQL)
        return db


def _create_private_file(path):
    """Create the file with access for its owner only, because it may contain personal data of the parties."""
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


def _utc_text(text):
    """Return a time of the hub, less CLOCK_TOLERANCE, in the form in which the outbox stores times, so that they can be compared as texts."""
    return (datetime.fromisoformat(text).astimezone(UTC) - CLOCK_TOLERANCE).isoformat(timespec="milliseconds")


def _now_text():
    return datetime.now(UTC).isoformat(timespec="milliseconds")
