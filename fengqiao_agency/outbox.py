"""The agency's own ledger on disk (SQLite): what it reported, what became of each event, what the hub told it.

    held ──▶ waiting ──▶ published ──▶ accepted ──▶ applied       the hub is responsible from `accepted` on
                ▲            │     └─▶ refused  └─▶ rejected      with a reason that a person understands
                └─ resend ── returned                             no queue took it, or it cannot be sent: a person must look

Of one dispute only one event is out at a time; the next is held until the hub answered. A broker that gives messages back after a crash may
hand them on in another order, and a refused or lost event may not be overtaken by the next: only the receipt tells that it is the next one's turn.
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

from .envelope import reason
from .errors import AlreadySaidOtherwise
from .events import Incoming, Outgoing

STATES = ("held", "waiting", "returned", "published", "accepted", "refused", "rejected", "applied")
OUTCOMES = ("refused", "rejected", "applied")  # nothing more is expected after these
OPEN = ("held", "waiting", "published", "accepted")  # the hub or we still have something to do

# fmt: off
RECEIPTS = {
    # a receipt             moves an event to    from
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
    lane         text not null,             -- one dispute, whichever of its two names the event uses
    turn         integer,                   -- counts up whenever an event becomes `waiting`: the order of publishing
    headers      text,
    body         blob,                      -- the exact bytes; emptied on receipt.accepted, as they may speak of people
    sha256       text not null,
    state        text not null,
    reported_at  text not null,
    published_at text,
    answered_at  text,
    dispute      text,
    reason       text                       -- of the hub, of the broker's return, or why it cannot be sent
);
create unique index if not exists outbox_turn on outbox (turn);
create index if not exists outbox_open on outbox (lane) where state in ('held', 'waiting', 'published', 'returned');
create index if not exists outbox_held on outbox (lane, seq) where state = 'held';
create unique index if not exists one_event_of_a_dispute_is_out_at_a_time on outbox (lane) where state in ('waiting', 'published', 'returned');
create index if not exists outbox_by_state on outbox (state, turn);
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


NEXT_TURN = "(select coalesce(max(turn), 0) + 1 from outbox)"
NEXT_OF_THE_LANE = f"""
update outbox set state = 'waiting', turn = {NEXT_TURN}
 where seq = (select min(held.seq) from outbox held join outbox answered using (lane) where answered.{{}} = ? and held.state = 'held')
   and not exists (select 1 from outbox out where out.lane = outbox.lane and out.state in ('waiting', 'published', 'returned'))
"""
MOVING = """
select 1 from outbox where state in ('waiting', 'published', 'accepted')
    or state = 'held' and lane not in (select lane from outbox where state = 'returned') limit 1
"""
LATEST_TIMES = """
select (select reported_at from outbox order by seq desc limit 1), (select received_at from receipts order by cursor desc limit 1),
       (select received_at from notices order by cursor desc limit 1)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An event of ours and what became of it."""

    seq: int
    id: str
    type: str
    subject: str
    state: str
    reported_at: str
    dispute: str | None
    reason: dict | None


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt or notice as kept: `cursor` says after which one to go on reading."""

    cursor: int
    id: str
    type: str
    dispute: str | None
    data: dict
    received_at: str
    event_id: str | None = None


class Outbox:
    """Owns the file. Safe for several threads, and for several processes on the same file."""

    def __init__(self, path: str | os.PathLike):
        self.path = os.fspath(path)
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        _private(self.path)
        self._sure = self._open("full")
        # That an event was published need not survive a power cut: it would be published again, which is harmless.
        self._quick = self._open("normal")

    def close(self):
        with self._lock:
            self._sure.close()
            self._quick.close()

    # what the agency says

    def add(self, events: list[Outgoing]) -> None:
        """On disk when this returns: all of them or, with AlreadySaidOtherwise, none. The same event twice is one."""
        now = _now()
        with self._transaction(self._sure) as db:
            for event in events:
                before = db.execute("select sha256 from outbox where id = ?", (event.id,)).fetchone()
                if before is None:
                    self._insert(db, event, now)
                elif before[0] != event.sha256:
                    raise AlreadySaidOtherwise(event.id)

    def _insert(self, db, event, now):
        lane = next(db.execute("select report_no from disputes where dispute = ? order by rowid limit 1", (event.subject,)), (event.subject,))[0]
        is_held = db.execute("select 1 from outbox where lane = ? and state in ('held', 'waiting', 'published', 'returned') limit 1", (lane,)).fetchone()
        db.execute(
            f"insert into outbox (id, type, subject, lane, headers, body, sha256, reported_at, state, turn) values (?, ?, ?, ?, ?, ?, ?, ?, ?, {NEXT_TURN})",
            (event.id, event.type, event.subject, lane, event.headers, event.body, event.sha256, now, "held" if is_held else "waiting"),
        )

    # what the publisher asks and tells

    def to_publish(self, after: int, limit: int) -> list[tuple]:
        """(turn, id, type, headers, body) of what is waiting, in turn."""
        return self._rows("select turn, id, type, headers, body from outbox where state = 'waiting' and turn > ? order by turn limit ?", (after, limit))

    def published(self, turns: list[int]) -> None:
        now = _now()
        with self._transaction(self._quick) as db:  # a receipt may have been faster than the broker's confirm
            db.executemany("update outbox set state = 'published', published_at = ? where turn = ? and state = 'waiting'", [(now, turn) for turn in turns])

    def returned(self, turn: int, why: str) -> None:
        """It waits for a person, and the later ones of its dispute with it; all others go on."""
        said = json.dumps(reason(why), ensure_ascii=False)
        with self._transaction(self._sure) as db:
            db.execute("update outbox set state = 'returned', reason = ? where turn = ? and state = 'waiting'", (said, turn))

    def resend(self, silent_for: float = 0) -> int:
        """Events sent at least so many seconds ago and without any receipt are published again, with those that no queue took.

        The hub answers a repeated event with the same receipt.
        """
        before = (datetime.now(UTC) - timedelta(seconds=silent_for)).isoformat(timespec="milliseconds")
        states = "('published')" if silent_for else "('published', 'returned')"
        with self._transaction(self._sure) as db:
            seqs = db.execute(f"select seq from outbox where state in {states} and coalesce(published_at, '') <= ? order by seq", (before,)).fetchall()
            db.executemany(f"update outbox set state = 'waiting', reason = null, turn = {NEXT_TURN} where seq = ?", seqs)
        return len(seqs)

    def discard(self, event_id: str) -> bool:
        """A person gives up a returned event; the next one of its dispute may go. False if there is no such event."""
        said = json.dumps(reason("discarded"), ensure_ascii=False)
        with self._transaction(self._sure) as db:
            returned = db.execute("select seq, id from outbox where state = 'returned'").fetchall()
            seqs = [seq for seq, id in returned if id == event_id]  # compared as it is shown: a damaged id is not what SQL would compare
            for seq in seqs:
                db.execute("update outbox set state = 'refused', reason = ?, answered_at = ? where seq = ?", (said, _now(), seq))
                db.execute(NEXT_OF_THE_LANE.format("seq"), (seq,))
        return bool(seqs)

    # what the hub says

    def hear(self, told: list[Incoming], unreadable: list[bytes] = ()) -> list[Incoming]:
        """Keeps them on disk; returns those not heard before."""
        now, news = _now(), []
        with self._transaction(self._sure) as db:
            for event in told:
                if self._keep(db, event, now):
                    news.append(event)
                    if event.type in RECEIPTS and event.about:
                        self._settle(db, event, now)
                    elif event.type == "receipt.moved":
                        self._enter_code(db, event)
            db.executemany("insert into unreadable (body, received_at) values (?, ?)", [(body, now) for body in unreadable])
        return news

    def _keep(self, db, event, now):
        data = json.dumps(event.data, ensure_ascii=False)
        dispute = event.data.get("dispute")
        if event.type.startswith("receipt."):
            return db.execute(
                "insert into receipts (source, id, type, event_id, dispute, data, received_at) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                (event.source, event.id, event.type, event.about, dispute, data, now),
            ).rowcount
        return db.execute(
            "insert into notices (source, id, type, dispute, data, received_at) values (?, ?, ?, ?, ?, ?) on conflict do nothing",
            (event.source, event.id, event.type, dispute, data, now),
        ).rowcount

    def _settle(self, db, receipt, now):
        state, before = RECEIPTS[receipt.type]
        dispute, reason = receipt.data.get("dispute"), receipt.data.get("reason")
        # What was refused stays readable until it is put right; what was taken is the hub's to keep, and may speak of people.
        forget = ", headers = null, body = null" if state != "refused" else ""
        db.execute(
            f"update outbox set state = ?, answered_at = ?, dispute = coalesce(?, dispute), reason = ?{forget}"
            f" where id = ? and state in ({','.join('?' * len(before))})",
            (state, now, dispute, json.dumps(reason, ensure_ascii=False) if reason else None, receipt.about, *before),
        )
        db.execute(NEXT_OF_THE_LANE.format("id"), (receipt.about,))
        if receipt.type == "receipt.accepted" and dispute:
            self._enter_code(db, receipt)

    def _enter_code(self, db, receipt):
        """The code that holds for a report: told when it was accepted, and again when its dispute was joined to another or taken out."""
        dispute = receipt.data["dispute"]
        db.execute("update outbox set dispute = ? where id = ?", (dispute, receipt.about))
        db.execute(
            "insert into disputes (report_no, dispute) select subject, ? from outbox where id = ? and subject <> ?"
            " on conflict (report_no) do update set dispute = excluded.dispute",
            (dispute, receipt.about, dispute),
        )

    # what a person asks

    def code_of(self, report_no: str) -> str | None:
        return next((code for (code,) in self._rows("select dispute from disputes where report_no = ?", (report_no,))), None)

    def find(self, event_id: str) -> Row | None:
        return next(iter(self._events("where id = ?", (event_id,))), None)

    def recent(self, limit: int, state: str | None = None) -> list[Row]:
        return self._events(f"{'where state = ?' if state else ''} order by seq desc limit ?", (state, limit) if state else (limit,))

    def counts(self) -> Counter:
        return Counter(dict(self._rows("select state, count(*) from outbox group by state")))

    def has(self, *states: str) -> bool:
        return bool(self._rows(f"select 1 from outbox where state in ({','.join('?' * len(states))}) limit 1", states))

    def is_moving(self) -> bool:
        """Whether something becomes of at least one event without a person: it is under way, or held behind one that is."""
        return bool(self._rows(MOVING))

    def latest_time(self) -> datetime:
        """The latest time that this machine's clock had shown when it last wrote here."""
        (texts,) = self._rows(LATEST_TIMES)
        return max((time for time in map(_time, texts) if time), default=datetime.min.replace(tzinfo=UTC))

    def receipts(self, after: int = 0, limit: int = 1000) -> list[Told]:
        rows = self._rows(
            "select cursor, id, type, dispute, data, received_at, event_id from receipts where cursor > ? order by cursor limit ?", (after, limit)
        )
        return [Told(c, i, t, d, json.loads(data), at, event) for c, i, t, d, data, at, event in rows]

    def notices(self, after: int = 0, limit: int = 1000) -> list[Told]:
        rows = self._rows("select cursor, id, type, dispute, data, received_at from notices where cursor > ? order by cursor limit ?", (after, limit))
        return [Told(c, i, t, d, json.loads(data), at) for c, i, t, d, data, at in rows]

    def newest(self) -> tuple[int, int]:
        """The cursors of the newest receipt and of the newest notice."""
        return self._rows("select (select coalesce(max(cursor), 0) from receipts), (select coalesce(max(cursor), 0) from notices)")[0]

    def wait_until(self, true, timeout: float) -> bool:
        """Waits for a change by this or any other process on the file until `true()`, at most `timeout` seconds."""
        end = time.monotonic() + timeout
        with self.changed:
            while not true():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.25))
            return True

    def _events(self, where, values):
        rows = self._rows(f"select seq, id, type, subject, state, reported_at, dispute, reason from outbox {where}", values)
        return [Row(*row[:7], _reason(row[7])) for row in rows]

    def _rows(self, sql, values=()):
        with self._lock:
            return self._sure.execute(sql, values).fetchall()

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

    def _open(self, synchronous):
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        db.text_factory = lambda text: text.decode(errors="replace")  # a damaged text must not keep the other rows from being read
        db.execute("pragma journal_mode = wal")
        db.execute(f"pragma synchronous = {synchronous}")
        db.executescript(SCHEMA)
        return db


def _private(path):
    """The file may hold what parties told the agency: readable by its owner only."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _reason(text):
    try:
        return json.loads(text) if text else None
    except ValueError:
        return {"code": "unreadable"}


def _time(text):
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _now():
    return datetime.now(UTC).isoformat(timespec="milliseconds")
