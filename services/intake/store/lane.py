"""SQL of the safeguard lane at the door. Is given a transaction, under the lock of the log's head; never commits or decides."""

from datetime import UTC, datetime
from operator import itemgetter

import orjson
import psycopg2

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import Dispute, Seal
from services.intake.store.hash_chain import HashChain

HOLDS = Columns("code text, holds text[]")
SEALS = Columns("code text, reported_in_lane boolean, holds text[], sealed_at timestamptz, registration jsonb")
ENTRIES = Columns("code text, sequence bigint, said_at timestamptz, type text, told jsonb")
LOOKS = HashChain(
    "intake.looks",
    "seq, agency, officer, reason, dispute, granted, looked_at",
    lambda entry: orjson.dumps([part.astimezone(UTC).isoformat() if isinstance(part, datetime) else str(part) for part in entry]),
)
HELD, RELEASED = "safeguard.held", "safeguard.released"


def load(tx: Transaction, disputes: dict[str, Dispute]) -> None:
    """Puts their seals to those among these disputes (by code) that are in the lane now."""
    if not disputes:
        return
    found = {
        code: Seal(reported_in_lane, set(holds))
        for code, reported_in_lane, holds in tx.rows(
            "select code, reported_in_lane, holds from intake.seals where code = any(%s) and holds <> '{}'", (list(disputes),)
        )
    }
    reported_in_lane = [code for code, seal in found.items() if seal.reported_in_lane]
    if reported_in_lane:
        for code, agency in tx.rows("select code, agency from intake.reports where code = any(%s)", (reported_in_lane,)):
            found[code].reporters.add(agency)
    for code, seal in found.items():
        disputes[code].seal = seal


def save(tx: Transaction, opened: list[tuple[str, Seal, dict | None]]) -> None:
    """Writes the seals that a batch opened: (code, seal, what the ordinary voice would have said of its registration)."""
    if not opened:
        return
    told = {code: registration for code, _, registration in opened if registration is not None}
    seals = {code: seal for code, seal, _ in sorted(opened, key=itemgetter(0))}
    again = [
        (code, sorted(seal.holds)) for code, seal in seals.items() if seal.reported_in_lane and code not in told
    ]  # what would be said of these is written already
    if again:
        tx.run(f"update intake.seals set holds = v.holds from {HOLDS.rows} where seals.code = v.code", HOLDS.of(again))
    tx.insert(
        "intake.seals",
        SEALS,
        [
            (code, seal.reported_in_lane, sorted(seal.holds), tx.now, told.get(code))
            for code, seal in seals.items()
            if not seal.reported_in_lane or code in told
        ],
        "on conflict (code) do update set holds = excluded.holds, sealed_at = case when seals.holds = '{}' then excluded.sealed_at else seals.sealed_at end",
    )


def hear(tx: Transaction, events: list[Event]) -> list[tuple[str, dict, datetime]]:
    """Enters what mediation said in the lane. Returns the disputes that come out of it, to be named outside: (code, registration, time of release).

    The time is that in the world. The time at which the release is processed would be later than steps that follow it.
    """
    if not events:
        return []
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
    released = {event.subject: event.time for event in events if event.type == RELEASED}
    return [
        (code, registration, released[code])
        for code, registration in tx.rows(
            "update intake.seals set reported_in_lane = false where code = any(%s) and reported_in_lane and holds = '{}' returning code, registration",
            (sorted(released),),
        )
    ]


# ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def look(tx: Transaction, agency: str, officer: str, reason: str, dispute: str, is_inside: bool) -> dict | None:
    """Writes down that somebody asked, first; then what is in the lane about a dispute, or None: nothing, or not for this agency."""
    (found,) = tx.rows("select (select true from intake.seals where code = %s)", (dispute,))[0]
    granted = bool(found) and is_inside
    seq, head = LOOKS.lock_head(tx)
    entry = (seq + 1, agency, officer, reason, dispute, granted, tx.now)
    head = LOOKS.link(head, entry)
    tx.run(f"insert into intake.looks ({LOOKS.columns}, hash) values (%s, %s, %s, %s, %s, %s, %s, %s)", (*entry, psycopg2.Binary(head)))
    LOOKS.move_head(tx, seq + 1, head)
    return _view(tx, dispute) if granted else None


def _view(tx, code):
    reported_in_lane, holds, sealed_at, registration = tx.rows(
        "select reported_in_lane, holds, sealed_at, registration from intake.seals where code = %s", (code,)
    )[0]
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
        "reported_into_the_lane": reported_in_lane,
        "about": about,
        "deadlines": list(deadlines.values()),
        "entries": [{"at": at, "type": type, **told} for at, type, told in entries],
        "looks": [dict(zip(("at", "agency", "officer", "reason"), row, strict=True)) for row in looks],
    }
