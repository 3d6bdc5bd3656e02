"""SQL of the safeguard lane at the door. Is given a transaction, under the lock of the log's head; never commits or decides."""

import hashlib
from operator import itemgetter

import orjson
import psycopg2

from plumbing.events import DomainEvent, Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake import hash_chain
from services.intake.lane import Seal

HOLDS = Columns("code text, holds text[]")
SEALS = Columns("code text, born boolean, holds text[], sealed_at timestamptz, registration jsonb")
ENTRIES = Columns("code text, sequence bigint, said_at timestamptz, type text, told jsonb")
HELD, RELEASED = "safeguard.held", "safeguard.released"


def load(tx: Transaction, codes: list[str]) -> dict[str, Seal]:
    """The seals of those among these disputes that are in the lane now."""
    if not codes:
        return {}
    found = {
        code: Seal(born, set(holds))
        for code, born, holds in tx.rows("select code, born, holds from intake.seals where code = any(%s) and holds <> '{}'", (codes,))
    }
    born = [code for code, seal in found.items() if seal.born]
    if born:
        for code, agency in tx.rows("select code, agency from intake.reports where code = any(%s)", (born,)):
            found[code].reporters.add(agency)
    return found


def save(tx: Transaction, opened: list[tuple[str, Seal, dict | None]]) -> None:
    """Writes the seals that a batch opened: (code, seal, what the ordinary voice would have said of its registration)."""
    told = {code: registration for code, _, registration in opened if registration is not None}
    seals = {code: seal for code, seal, _ in sorted(opened, key=itemgetter(0))}
    again = [(code, sorted(seal.holds)) for code, seal in seals.items() if seal.born and code not in told]  # what would be said of these is written already
    if again:
        tx.run(f"update intake.seals set holds = v.holds from {HOLDS.rows} where seals.code = v.code", HOLDS.of(again))
    tx.insert(
        "intake.seals",
        SEALS,
        [(code, seal.born, sorted(seal.holds), tx.now, told.get(code)) for code, seal in seals.items() if not seal.born or code in told],
        "on conflict (code) do update set holds = excluded.holds, sealed_at = case when seals.holds = '{}' then excluded.sealed_at else seals.sealed_at end",
    )


def hear(tx: Transaction, events: list[Event]) -> None:
    """Mediation said something in the lane: it is entered, and what has ended comes out, as if it were reported today."""
    if not events:
        return
    tx.rows("select seq from intake.log_head for update")
    rows = [(event.subject, event.sequence, event.time, event.type, event.data) for event in events]
    tx.insert("intake.entries", ENTRIES, rows, "on conflict do nothing")
    for event in events:
        if event.type not in (HELD, RELEASED):
            continue
        if event.type == RELEASED:
            tx.run("update intake.seals set holds = %s::text[] where code = %s", (event.data["left"], event.subject))
        else:
            which = "stay" if event.data["cause"] == "stay" else "hold"
            tx.run("update intake.seals set holds = array_remove(holds, %s) || array[%s] where code = %s", (which, which, event.subject))
    _come_out(tx, {event.subject: event.time for event in events if event.type == RELEASED})


def _come_out(tx, released):
    """A dispute that was reported into the lane is named outside it from its release on, and from then on only: nothing says that it is older.

    `released` has the time at which each was released in the world. The time at which that is processed would be later than steps that follow it.
    """
    for code, registration in tx.rows(
        "update intake.seals set born = false where code = any(%s) and born and holds = '{}' returning code, registration", (sorted(released),)
    ):
        tx.say([DomainEvent("dispute.registered", code, {**registration, "happened_at": released[code]}, time=released[code])])


# ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def look(tx: Transaction, agency: str, officer: str, reason: str, dispute: str, is_inside: bool) -> dict | None:
    """Writes down that somebody asked, first; then what is in the lane about a dispute, or None: nothing, or not for this agency."""
    (found,) = tx.rows("select (select true from intake.seals where code = %s)", (dispute,))[0]
    granted = bool(found) and is_inside
    seq, head = tx.rows("select seq, hash from intake.looks_head for update")[0]
    entry = (seq + 1, agency, officer, reason, dispute, granted, tx.now.isoformat())
    head = chain(bytes(head), entry)
    tx.run("insert into intake.looks values (%s, %s, %s, %s, %s, %s, %s, %s)", (seq + 1, tx.now, *entry[1:6], psycopg2.Binary(head)))
    tx.run("update intake.looks_head set seq = %s, hash = %s", (seq + 1, psycopg2.Binary(head)))
    return _view(tx, dispute) if granted else None


def _view(tx, code):
    born, holds, sealed_at, registration = tx.rows("select born, holds, sealed_at, registration from intake.seals where code = %s", (code,))[0]
    entries = tx.rows("select said_at, type, told from intake.entries where code = %s order by sequence", (code,))
    looks = tx.rows("select looked_at, agency, officer, reason from intake.looks where dispute = %s and granted order by seq", (code,))
    deadlines = {}
    for _, type, told in entries:
        if type.startswith("deadline."):
            deadlines[told["clock"]] = {"clock": told["clock"], "due_at": told["due_at"], "state": type.removeprefix("deadline.")}
    about = {name: registration[name] for name in ("agency", "township", "village", "kind", "channel") if registration and name in registration}
    return {
        "dispute": code,
        "held_by": sorted(holds),
        "since": sealed_at,
        "reported_into_the_lane": born,
        "about": about,
        "deadlines": list(deadlines.values()),
        "entries": [{"at": at, "type": type, **told} for at, type, told in entries],
        "looks": [dict(zip(("at", "agency", "officer", "reason"), row, strict=True)) for row in looks],
    }


def chain(before: bytes, entry: tuple) -> bytes:
    """The hash of an entry (seq, agency, officer, reason, dispute, granted, instant) that follows one with the hash `before`."""
    return hashlib.sha256(before + orjson.dumps([str(part) for part in entry])).digest()


def check_looks(tx: Transaction, page: int = hash_chain.PAGE) -> hash_chain.Checked:
    """Whether every look is on record as it was written down. What is appended meanwhile is left out, unless the head does not know of it."""
    last, head, newest = tx.rows("select seq, hash, (select max(seq) from intake.looks) from intake.looks_head")[0]
    return hash_chain.walk(
        lambda after: [
            (seq, *rest, at.astimezone(tx.now.tzinfo).isoformat(), stored)
            for seq, at, *rest, stored in tx.rows(
                "select seq, looked_at, agency, officer, reason, dispute, granted, hash from intake.looks where seq > %s and seq <= %s order by seq limit %s",
                (after, last, page),
            )
        ],
        chain,
        last,
        bytes(head),
        newest,
    )
