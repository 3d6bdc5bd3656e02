"""SQL of the safeguard lane (events that only police, courts and women's federation see).

Uses the caller's transaction, which must hold the lock on the head of the log.
"""

from datetime import UTC, datetime
from operator import itemgetter

import orjson
import psycopg2

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import Dispute, SafeguardLaneRecord
from services.intake.store.hash_chain import HashChain

HOLDS = Columns("code text, holds text[]")
SAFEGUARD_LANE_RECORDS = Columns("code text, reported_in_lane boolean, holds text[], entered_at timestamptz, registration jsonb")
SAFEGUARD_LANE_EVENTS = Columns("code text, sequence bigint, happened_at timestamptz, type text, facts jsonb")
ACCESS_LOG = HashChain(
    "intake.lane_accesses",
    "seq, agency, officer, reason, dispute, granted, accessed_at",
    lambda entry: orjson.dumps([value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value) for value in entry]),
)
HELD, RELEASED = "safeguard.held", "safeguard.released"  # event types of the mediation service


def load_records(tx: Transaction, disputes: dict[str, Dispute]) -> None:
    """Set the safeguard lane record of each dispute that is now in the safeguard lane. `disputes` maps codes to disputes."""
    if not disputes:
        return
    found = {
        code: SafeguardLaneRecord(reported_in_lane, set(holds))
        for code, reported_in_lane, holds in tx.rows(
            "select code, reported_in_lane, holds from intake.lane_records where code = any(%s) and holds <> '{}'", (list(disputes),)
        )
    }
    reported_in_lane = [code for code, record in found.items() if record.reported_in_lane]
    if reported_in_lane:
        for code, agency in tx.rows("select code, agency from intake.reports where code = any(%s)", (reported_in_lane,)):
            found[code].reporting_agencies.add(agency)
    for code, record in found.items():
        disputes[code].safeguard_lane_record = record


def save_records(tx: Transaction, rows: list[tuple[str, SafeguardLaneRecord, dict | None, datetime]]) -> None:
    """Save the safeguard lane records of disputes that entered the safeguard lane.

    Each row is (code, record, registration, time of the event that opened the hold or stay). The registration is the data of dispute.registered, published when the dispute is released; None
    for a dispute that is already registered.
    """
    if not rows:
        return
    registrations = {code: registration for code, _, registration, _ in rows if registration is not None}
    records = {code: record for code, record, _, _ in sorted(rows, key=itemgetter(0))}
    entered_at = {code: at for code, _, _, at in reversed(rows)}  # of several events of one batch about a dispute, the first one opened the hold or stay
    registered_before = [
        (code, sorted(record.holds)) for code, record in records.items() if record.reported_in_lane and code not in registrations
    ]  # the registrations of these disputes are already stored
    if registered_before:
        tx.write(f"update intake.lane_records set holds = v.holds from {HOLDS.rows} where lane_records.code = v.code", HOLDS.parameters(registered_before))
    tx.insert(
        "intake.lane_records",
        SAFEGUARD_LANE_RECORDS,
        [
            (code, record.reported_in_lane, sorted(record.holds), entered_at[code], registrations.get(code))
            for code, record in records.items()
            if not record.reported_in_lane or code in registrations
        ],
        "on conflict (code) do update set holds = excluded.holds,"
        " entered_at = case when lane_records.holds = '{}' then excluded.entered_at else lane_records.entered_at end",
    )


def hear(tx: Transaction, events: list[Event]) -> list[tuple[str, dict, datetime]]:
    """Store the mediation service's events on the sealed stream. Return the disputes released for the first time: (code, registration, time).

    The time is when the release happened. The time of processing could be later than the times of steps that follow the release.
    """
    if not events:
        return []
    tx.rows("select seq from intake.log_head for update")
    rows = [(event.subject, event.sequence, event.time, event.type, event.data) for event in events]
    tx.insert("intake.lane_events", SAFEGUARD_LANE_EVENTS, rows, "on conflict do nothing")
    for event in events:
        if event.type not in (HELD, RELEASED):
            continue
        if event.type == RELEASED:
            tx.write("update intake.lane_records set holds = %s::text[] where code = %s", (event.data["left"], event.subject))
        else:
            hold = "stay" if event.data["cause"] == "stay" else "hold"
            tx.write("update intake.lane_records set holds = array_remove(holds, %s) || array[%s] where code = %s", (hold, hold, event.subject))
    released = {event.subject: datetime.fromisoformat(event.data["happened_at"]) for event in events if event.type == RELEASED}
    return [
        (code, registration, released[code])
        for code, registration in tx.rows(
            "update intake.lane_records set reported_in_lane = false where code = any(%s) and reported_in_lane and holds = '{}' returning code, registration",
            (sorted(released),),
        )
    ]


# ── access by agencies inside the safeguard lane ──────────────────────────────────────────────────────────────────────


def log_access_and_load_view(tx: Transaction, agency: str, officer: str, reason: str, dispute: str, has_safeguard_access: bool) -> dict | None:
    """Log the access attempt, then return the dispute's data in the safeguard lane.

    None if the dispute is not in the safeguard lane or if the agency has no access to it.
    """
    (found,) = tx.rows("select (select true from intake.lane_records where code = %s)", (dispute,))[0]
    granted = bool(found) and has_safeguard_access
    seq, head = ACCESS_LOG.lock_head(tx)
    entry = (seq + 1, agency, officer, reason, dispute, granted, tx.now)
    head = ACCESS_LOG.hash_entry(head, entry)
    tx.write(f"insert into intake.lane_accesses ({ACCESS_LOG.columns}, hash) values (%s, %s, %s, %s, %s, %s, %s, %s)", (*entry, psycopg2.Binary(head)))
    ACCESS_LOG.move_head(tx, seq + 1, head)
    return _load_safeguard_view(tx, dispute) if granted else None


def _load_safeguard_view(tx, code):
    reported_in_lane, holds, entered_at, registration = tx.rows(
        "select reported_in_lane, holds, entered_at, registration from intake.lane_records where code = %s", (code,)
    )[0]
    events = tx.rows("select happened_at, type, facts from intake.lane_events where code = %s order by sequence", (code,))
    accesses = tx.rows("select accessed_at, agency, officer, reason from intake.lane_accesses where dispute = %s and granted order by seq", (code,))
    deadlines = {}
    for _, event_type, facts in events:
        if event_type.startswith("deadline."):
            deadlines[facts["clock"]] = {"clock": facts["clock"], "due_at": facts["due_at"], "state": event_type.removeprefix("deadline.")}
    about = {name: registration[name] for name in ("agency", "township", "village", "kind", "channel") if registration and name in registration}
    return {
        "dispute": code,
        "held_by": sorted(holds),
        "since": entered_at,
        "reported_into_the_lane": reported_in_lane,
        "about": about,
        "deadlines": list(deadlines.values()),
        "entries": [{"at": happened_at, "type": event_type, **facts} for happened_at, event_type, facts in events],
        "looks": [dict(zip(("at", "agency", "officer", "reason"), row, strict=True)) for row in accesses],
    }
