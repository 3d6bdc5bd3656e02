"""mediation's SQL. Given a transaction; never commits, connects or decides. One statement per table and batch."""

from collections.abc import Iterable
from operator import attrgetter

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.dispute.model import PARTICULARS, TUPLES, Deadline, Decision, Dispute, Taken
from services.mediation.law.dates import instant_of
from services.mediation.safeguard import store as lane_store

CLOCKWORK = 0x0F0C  # advisory lock: one copy asks what time it is

DISPUTES = Columns(
    "code text, state text, township text, kind text, reporter text, body text, parties text[], consents text[], suitable boolean, mediator text,"
    " terms jsonb, outcome text, opened_at timestamptz, entered_at timestamptz, steps int, particulars jsonb"
)
TRANSITIONS = Columns(
    "code text, step int, before text, after text, word text, agency text, happened_at timestamptz, decided_at timestamptz, cause text,"
    " reported text, undo jsonb, undoes int"
)
DEADLINES = Columns(
    "code text, key text, clock text, kind text, started_at timestamptz, due_at timestamptz, owed_by text[], set_at timestamptz,"
    " ask_at timestamptz, state text, provisional boolean, happened jsonb"
)


def load(tx: Transaction, codes: Iterable[str]) -> dict[str, Dispute]:
    """The disputes with these codes and their unmet deadlines. Locked in code order, as everywhere: two batches queue up instead of deadlocking."""
    codes = sorted(set(codes))
    disputes = {
        row[0]: _with_particulars(Dispute(row[0], *row[1:6], frozenset(row[6]), frozenset(row[7]), *row[8:-1]), row[-1])
        for row in tx.rows(f"select {DISPUTES.names} from mediation.disputes where code = any(%s) order by code for update", (codes,))
    }
    for code, key, clock, kind, started, due, owed, set_at, ask, state, provisional, happened in tx.rows(
        f"select {DEADLINES.names} from mediation.deadlines d where code = any(%s) and (state = 'open' or state = 'passed' and not {_SUCCEEDED})"
        " order by code, due_at, key",
        (codes,),
    ):
        disputes[code].deadlines[key] = Deadline(clock, key, kind, started, due, tuple(owed), set_at, ask, state, provisional, *_what_happened(happened))
    lane_store.load(tx, disputes)
    return disputes


def load_history(tx: Transaction, disputes: dict[str, Dispute], codes: Iterable[str]) -> None:
    """The steps taken in these disputes: only where an agency says that an earlier report of its own was wrong."""
    for code, *step in tx.rows(
        "select code, step, word, agency, reported, happened_at, undo, undoes from mediation.transitions where code = any(%s) order by code, step",
        (sorted(set(codes)),),
    ):
        disputes[code].taken.append(Taken(*step))


def save(tx: Transaction, decided: list[tuple[Event | None, Decision]]) -> None:
    """Writes what the decisions changed: one statement per table."""
    changed = {decision.dispute.code: decision.dispute for _, decision in decided if decision.transition}
    tx.insert("mediation.disputes", DISPUTES, [_dispute(changed[code]) for code in sorted(changed)], _DISPUTE_AS_IT_IS_NOW)
    tx.insert("mediation.transitions", TRANSITIONS, [_transition(event, decision, tx.now) for event, decision in decided if decision.taken])
    deadlines = {(decision.dispute.code, deadline.key): deadline for _, decision in decided for deadline in decision.deadlines}
    tx.insert("mediation.deadlines", DEADLINES, [_deadline(code, deadline) for (code, _), deadline in deadlines.items()], _DEADLINE_AS_IT_IS_NOW)
    lane_store.save(tx, [decision for _, decision in decided])


def due(tx: Transaction, limit: int) -> list[str] | None:
    """Codes of disputes whose deadlines time has to look at; None if another copy is at it."""
    if not tx.rows("select pg_try_advisory_xact_lock(%s, 0)", (CLOCKWORK,))[0][0]:
        return None
    return [code for (code,) in tx.rows("select code from mediation.deadlines where ask_at <= %s order by ask_at limit %s", (tx.now, limit))]


def provisional(tx: Transaction, after: str, limit: int) -> list[str]:
    """Codes, following `after`, of disputes with a deadline that may still move because its year's arrangement was not published."""
    sql = "select distinct code from mediation.deadlines where provisional and state <> 'met' and code > %s order by code limit %s"
    return [code for (code,) in tx.rows(sql, (after, limit))]


def history(tx: Transaction, code: str) -> list[tuple[str, str, int]]:
    """The steps of one dispute in order, as the pure fold takes them: (before, after, step)."""
    return tx.rows("select before, after, step from mediation.transitions where code = %s order by step", (code,))


def _dispute(d):
    particulars = {name: value for name, value in zip(PARTICULARS, _ALL_PARTICULARS(d), strict=True) if value != _USUALLY[name]}
    return (d.code, d.state, d.township, d.kind, d.reporter, d.body, sorted(d.parties), sorted(d.consents), d.suitable, d.mediator, d.terms, d.outcome,
            d.opened_at, d.entered_at, d.steps, particulars)  # fmt: skip


def _with_particulars(dispute, particulars):
    for name, value in particulars.items():
        setattr(dispute, name, tuple(value) if name in TUPLES else value)
    return dispute


def _transition(event, decision, now):
    (before, after, step), taken = decision.transition, decision.taken
    cause = event.id if event else None
    return decision.dispute.code, step, before, after, taken.word, taken.agency, taken.happened, now, cause, taken.reported, taken.inverse, taken.undoes


def _deadline(code, d):
    return code, d.key, d.clock, d.kind, d.started_at, d.due_at, d.owed_by, d.set_at, d.next_check_at, d.state, d.provisional, _happened(d)


# Of most deadlines nothing is to be told but when they began.
def _happened(d) -> dict:
    happened = {"pauses": d.pauses, "extensions": d.extensions, "restarted_at": d.restarted_at, "opened_at": d.opened_at,
            "suspensions": d.suspensions, "put_off": d.put_off}  # fmt: skip
    return {name: value for name, value in happened.items() if value}


def _what_happened(stored: dict) -> tuple:
    return (
        _pauses(stored.get("pauses", ())),
        [(instant_of(at), long) for at, long in stored.get("extensions", ())],
        *[instant_of(stored[name]) if name in stored else None for name in ("restarted_at", "opened_at")],
        _pauses(stored.get("suspensions", ())),
        stored.get("put_off", 0),
    )


def _pauses(stored) -> list:
    return [(instant_of(began), ended and instant_of(ended)) for began, ended in stored]


# One of a clock at a time: one that passed and has a successor, as of two urgings, is on record and nothing more.
_SUCCEEDED = "exists (select 1 from mediation.deadlines later where later.code = d.code and later.clock = d.clock and later.set_at > d.set_at)"
_ALL_PARTICULARS = attrgetter(*PARTICULARS)
_USUALLY = {name: getattr(Dispute(""), name) for name in PARTICULARS}
_DISPUTE_AS_IT_IS_NOW = f"on conflict (code) do update set {DISPUTES.given('code')}"
_DEADLINE_AS_IT_IS_NOW = f"on conflict (code, key) do update set {DEADLINES.given('code', 'key')}"
