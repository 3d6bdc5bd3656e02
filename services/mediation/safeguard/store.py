"""SQL of safeguard holds, stays and the deadlines of protection orders. Each function is given a transaction. It does not commit, connect or decide."""

from collections.abc import Iterable
from datetime import datetime

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.dispute.hold import Hold, RunningSafeguardLaneClock
from services.mediation.dispute.model import Decision, Dispute

HOLD_COLUMNS = Columns(
    "code text, cause text, stays text[], reported_in_lane boolean, opened_by jsonb, pending_events jsonb, opened_at timestamptz, ended_at timestamptz"
)
HOLD_CLOCK_COLUMNS = Columns("code text, clock text, started_at timestamptz, due_at timestamptz, next_check_at timestamptz, state text")


def load(tx: Transaction, disputes: dict[str, Dispute]) -> None:
    """Set the attribute `hold` of each dispute that has, or had, a safeguard hold or a stay."""
    codes = sorted(disputes)
    rows = tx.rows(f"select {HOLD_COLUMNS.names} from mediation.holds where code = any(%s)", (codes,))
    for code, cause, stays, *rest in rows:
        disputes[code].hold = Hold(cause, list(stays), *rest)
    if rows:
        for code, *running in tx.rows(
            f"select {HOLD_CLOCK_COLUMNS.names} from mediation.hold_clocks where code = any(%s) and state <> 'met'", ([row[0] for row in rows],)
        ):
            disputes[code].hold.running[running[0]] = RunningSafeguardLaneClock(*running)


def save(tx: Transaction, decisions: Iterable[Decision]) -> None:
    """Write the holds that the decisions changed, with their running clocks."""
    changed = {decision.dispute.code: decision.hold for decision in decisions if decision.hold is not None}
    rows = [(code, h.cause, h.stays, h.reported_in_lane, h.opened_by, h.pending_events, h.opened_at, h.ended_at) for code, h in sorted(changed.items())]
    tx.insert("mediation.holds", HOLD_COLUMNS, rows, f"on conflict (code) do update set {HOLD_COLUMNS.assign_excluded('code')}")
    running = [(code, r.clock, r.started_at, r.due_at, r.next_check_at, r.state) for code, h in sorted(changed.items()) for r in h.running.values()]
    tx.insert(
        "mediation.hold_clocks", HOLD_CLOCK_COLUMNS, running, f"on conflict (code, clock) do update set {HOLD_CLOCK_COLUMNS.assign_excluded('code', 'clock')}"
    )


def load_due_codes(tx: Transaction, now: datetime, limit: int) -> list[str]:
    """Return the codes of disputes with a clock of the safeguard lane that is due for a check."""
    return [code for (code,) in tx.rows("select distinct code from mediation.hold_clocks where next_check_at <= %s limit %s", (now, limit))]


def load_next_check_at(tx: Transaction) -> datetime | None:
    """Return the time of the next check of any clock of the safeguard lane, or None if no check is planned."""
    return tx.rows("select min(next_check_at) from mediation.hold_clocks where next_check_at is not null")[0][0]
