"""SQL of disputes, transitions and deadlines in the mediation service. One statement per table and batch.

Each function is given a transaction. It does not commit, connect or decide anything.
"""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from contracts.channels import PARTITION_SUBJECT
from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.deadlines.passing import Watermark
from services.mediation.dispute.model import PARTICULARS, TUPLE_FIELDS, AppliedStep, Deadline, Decision, Dispute
from services.mediation.law.dates import instant_of
from services.mediation.safeguard import store as lane_store

DEADLINE_CHECK_LOCK = 0x0F0C  # key of the advisory lock with which one OS process at a time checks deadlines

DISPUTE_COLUMNS = Columns(
    "code text, state text, township text, kind text, reporter text, body text, parties text[], consents text[], suitable boolean, mediator text,"
    " terms jsonb, outcome text, opened_at timestamptz, entered_at timestamptz, steps int,"
    " latest_at timestamptz, automatic_at timestamptz, particulars jsonb"
)
TRANSITION_COLUMNS = Columns(
    "code text, step int, before text, after text, event_type text, agency text, happened_at timestamptz, decided_at timestamptz, cause text,"
    " reported text, facts jsonb, undoes int"
)
DEADLINE_COLUMNS = Columns(
    "code text, key text, clock text, kind text, started_at timestamptz, due_at timestamptz, owed_by text[], set_at timestamptz,"
    " next_check_at timestamptz, state text, provisional boolean, history jsonb, awaits text[], is_replaced boolean"
)
WATERMARK_COLUMNS = Columns("partition smallint, agency text, up_to timestamptz, stated_up_to timestamptz, stated_at timestamptz")

BASIS_COLUMNS = Columns("name text, fingerprint text, recomputed_at timestamptz")


def load(tx: Transaction, codes: Iterable[str]) -> dict[str, Dispute]:
    """Lock and return the disputes with these codes, by code, with their unmet deadlines. Rows are locked in order of the codes, to prevent deadlocks."""
    codes = sorted(set(codes))
    disputes = {
        row[0]: _set_particulars(Dispute(row[0], *row[1:6], frozenset(row[6]), frozenset(row[7]), *row[8:-1]), row[-1])
        for row in tx.rows(f"select {DISPUTE_COLUMNS.names} from mediation.disputes where code = any(%s) order by code for update", (codes,))
    }
    for code, key, clock, kind, started, ends_at, owed_by, set_at, next_check_at, state, provisional, history, awaits, is_replaced in tx.rows(
        f"select {DEADLINE_COLUMNS.names} from mediation.deadlines where code = any(%s) and state in ('open', 'passed') and not is_replaced"
        " order by code, due_at, key",
        (codes,),
    ):
        disputes[code].deadlines[key] = deadline = Deadline(
            clock,
            key,
            kind,
            started,
            ends_at,
            tuple(owed_by),
            set_at,
            next_check_at,
            state,
            provisional,
            *_parse_deadline_history(history),
            tuple(awaits),
            is_replaced,
        )
        deadline.reminded_at = instant_of(history["reminded_at"]) if "reminded_at" in history else None
    lane_store.load(tx, disputes)
    return disputes


def load_history(tx: Transaction, disputes: dict[str, Dispute], codes: Iterable[str]) -> None:
    """Load all steps of these disputes into `applied_steps`, before those that the present batch has applied. They are needed to apply the history again."""
    loaded: dict[str, list[AppliedStep]] = {code: [] for code in codes}
    for code, *step in tx.rows(
        "select code, step, event_type, agency, reported, happened_at, facts, undoes from mediation.transitions where code = any(%s) order by code, step",
        (sorted(loaded),),
    ):
        loaded[code].append(AppliedStep(*step))
    for code, steps in loaded.items():
        if code in disputes:
            known = {step.step for step in steps}
            disputes[code].applied_steps = [*steps, *(step for step in disputes[code].applied_steps if step.step not in known)]


def save(tx: Transaction, decided: list[tuple[Event | None, Decision]]) -> None:
    """Write the disputes, transitions, deadlines and holds that the decisions changed."""
    changed = {decision.dispute.code: decision.dispute for _, decision in decided if decision.transition}
    tx.insert("mediation.disputes", DISPUTE_COLUMNS, [_dispute_row(changed[code]) for code in sorted(changed)], _UPDATE_DISPUTE_SQL)
    taken = [_transition_row(event, decision, *step, tx.now) for event, decision in decided for step in decision.steps_taken]
    tx.insert("mediation.transitions", TRANSITION_COLUMNS, taken)
    deadlines = {(decision.dispute.code, deadline.key): deadline for _, decision in decided for deadline in decision.deadlines}
    tx.insert("mediation.deadlines", DEADLINE_COLUMNS, [_deadline_row(code, deadline) for (code, _), deadline in deadlines.items()], _UPDATE_DEADLINE_SQL)
    lane_store.save(tx, [decision for _, decision in decided])


def load_due_codes(tx: Transaction, limit: int) -> list[str] | None:
    """Return the codes of disputes with a deadline that is due for a check, or None if another OS process is checking deadlines.

    A deadline is also due as soon as all agencies that it awaits have reported beyond its end. A dispute of which an event is parked or waits for an earlier
    one is left out: that event may have met the deadline.
    """
    if not tx.rows("select pg_try_advisory_xact_lock(%s, 0)", (DEADLINE_CHECK_LOCK,))[0][0]:
        return None
    return [code for (code,) in tx.rows(_DUE_CODES_SQL, {"now": tx.now, "limit": limit, "partitions": tx.settings.partitions})]


def load_watermarks(tx: Transaction) -> dict[str, Watermark]:
    """Return how far each agency has reported in all partitions."""
    return {agency: Watermark(*values) for agency, *values in tx.rows(_WATERMARKS_SQL, {"partitions": tx.settings.partitions})}


def save_watermarks(tx: Transaction, events: list[Event]) -> None:
    """Store the watermarks in these events of intake. A watermark never goes back."""
    newest = {}
    for event in events:
        partition = int(event.subject.removeprefix(PARTITION_SUBJECT))
        for mark in event.data["agencies"]:
            up_to, stated = instant_of(mark["up_to"]), instant_of(mark["up_to"]) if mark.get("stated") else None
            before = newest.get((partition, mark["agency"]), (up_to, None))
            newest[partition, mark["agency"]] = (max(before[0], up_to), max(filter(None, (before[1], stated)), default=None))
    rows = [(*key, up_to, stated, tx.now if stated else None) for key, (up_to, stated) in sorted(newest.items())]
    tx.insert("mediation.watermarks", WATERMARK_COLUMNS, rows, _UPDATE_WATERMARK_SQL)


def load_next_check_at(tx: Transaction) -> datetime | None:
    """Return the time of the next check of any deadline, or None if no check is planned."""
    return tx.rows("select min(next_check_at) from mediation.deadlines where next_check_at is not null")[0][0]


def load_codes_with_unmet_deadlines(tx: Transaction, after: str, limit: int) -> list[str]:
    """Return the codes, greater than `after`, of disputes with a deadline that is open or passed."""
    sql = "select distinct code from mediation.deadlines where state in ('open', 'passed') and code > %s order by code limit %s"
    return [code for (code,) in tx.rows(sql, (after, limit))]


def load_deadline_basis(tx: Transaction) -> dict[str, str]:
    """Return the fingerprints of the calendar and the county's periods with which the unmet deadlines were last recomputed."""
    return dict(tx.rows("select name, fingerprint from mediation.deadline_basis"))


def save_deadline_basis(tx: Transaction, basis: dict[str, str]) -> None:
    tx.insert("mediation.deadline_basis", BASIS_COLUMNS, [(name, fingerprint, tx.now) for name, fingerprint in sorted(basis.items())], _UPDATE_BASIS_SQL)


def _dispute_row(d):
    particulars = {name: value for name, value in zip(PARTICULARS, _get_particulars(d), strict=True) if value != _DEFAULT_PARTICULARS[name]}
    return (d.code, d.state, d.township, d.kind, d.reporter, d.body, sorted(d.parties), sorted(d.consents), d.suitable, d.mediator, d.terms, d.outcome,
            d.opened_at, d.entered_at, d.steps, d.latest_at, d.automatic_at, particulars)  # fmt: skip


def _set_particulars(dispute, particulars):
    for name, value in particulars.items():
        setattr(dispute, name, tuple(value) if name in TUPLE_FIELDS else value)
    return dispute


def _transition_row(event, decision, transition, applied, now):
    before, after, step = transition
    cause = event.id if event and applied.agency else None
    return (
        decision.dispute.code,
        step,
        before,
        after,
        applied.step_type,
        applied.agency,
        applied.happened_at,
        now,
        cause,
        applied.event_id,
        applied.facts,
        applied.undoes,
    )


def _deadline_row(code, d):
    return (
        code,
        d.key,
        d.clock,
        d.kind,
        d.started_at,
        d.due_at,
        d.owed_by,
        d.set_at,
        d.next_check_at,
        d.state,
        d.provisional,
        _deadline_history(d),
        d.awaits,
        d.is_replaced,
    )


def _deadline_history(d) -> dict:
    """Return the pauses, extensions, suspensions etc. of a deadline as a JSON object. Empty values are left out; most deadlines have none."""
    history = {"pauses": d.pauses, "extensions": d.extensions, "restarted_at": d.restarted_at, "opened_at": d.opened_at,
            "suspensions": d.suspensions, "put_off": d.postponed_days, "reminded_at": d.reminded_at}  # fmt: skip
    return {name: value for name, value in history.items() if value}


def _parse_deadline_history(stored: dict) -> tuple:
    """Return the values of a stored history in the order of the arguments of Deadline from `pauses` to `postponed_days`."""
    return (
        _parse_periods(stored.get("pauses", ())),
        [(instant_of(consented_at), length) for consented_at, length in stored.get("extensions", ())],
        *[instant_of(stored[name]) if name in stored else None for name in ("restarted_at", "opened_at")],
        _parse_periods(stored.get("suspensions", ())),
        stored.get("put_off", 0),
    )


def _parse_periods(stored) -> list:
    """Return (start, end) of each stored period. The end is None for a period that is still open."""
    return [(instant_of(began), ended and instant_of(ended)) for began, ended in stored]


# An agency counts as heard up to a time when every partition has heard it: all its earlier events about disputes of any partition are processed then.
_WATERMARKS_SQL = (
    "select agency, min(up_to), case when count(stated_up_to) = %(partitions)s then min(stated_up_to) end, min(stated_at)"
    " from mediation.watermarks group by agency having count(*) = %(partitions)s"
)
_DUE_CODES_SQL = (
    "with heard_up_to as (select agency, min(up_to) as up_to from mediation.watermarks group by agency having count(*) = %(partitions)s)"
    " select code from (select code, next_check_at as at from mediation.deadlines where next_check_at <= %(now)s"
    "  union all select d.code, d.due_at from mediation.deadlines d where d.state = 'open' and d.awaits <> '{}' and d.due_at < %(now)s and not exists ("
    "   select from unnest(d.awaits) as awaited (agency) left join heard_up_to h using (agency) where coalesce(h.up_to, '-infinity') < d.due_at)"
    " ) due where not exists (select from heard h where h.source in ('intake', 'intake-safeguard') and h.subject = due.code and (h.blocked or h.has_waiting))"
    " group by code order by min(at) limit %(limit)s"
)
_UPDATE_WATERMARK_SQL = (
    "on conflict (partition, agency) do update set up_to = greatest(watermarks.up_to, excluded.up_to),"
    " stated_up_to = greatest(watermarks.stated_up_to, excluded.stated_up_to), stated_at = coalesce(excluded.stated_at, watermarks.stated_at)"
)
_get_particulars = attrgetter(*PARTICULARS)
_DEFAULT_PARTICULARS = {name: getattr(Dispute(""), name) for name in PARTICULARS}
_UPDATE_DISPUTE_SQL = f"on conflict (code) do update set {DISPUTE_COLUMNS.assign_excluded('code')}"
_UPDATE_DEADLINE_SQL = f"on conflict (code, key) do update set {DEADLINE_COLUMNS.assign_excluded('code', 'key')}"
_UPDATE_BASIS_SQL = f"on conflict (name) do update set {BASIS_COLUMNS.assign_excluded('name')}"
