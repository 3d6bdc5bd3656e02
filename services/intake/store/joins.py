"""SQL of joins that mediation has not decided yet, and of the steps that wait for that. Given a transaction; never commits or decides."""

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import Dispute, JoinRequest, Known, WaitingStep, agency_of
from services.intake.store import reports
from services.intake.store.log import EVENTS

REQUESTS = Columns("seq bigint, code text, into_code text, reported_by text")
ASKS = Columns("code text, asked bigint, asked_into text, undoes boolean")
DECIDED = Columns("code text, merged_into text, asked bigint, asked_into text")
WAITING_STEPS = Columns("code text, seq bigint, said_about text, stream text, type text, facts jsonb, happened_at timestamptz, event_id text, traceparent text")
MOVED_ON = Columns("id bigint, code text")


def save(tx: Transaction, requests: list[JoinRequest], waiting: list[WaitingStep]) -> None:
    """Notes what mediation is asked about, and what waits for that. Nothing at all for a batch without either."""
    if requests:
        tx.insert("intake.join_requests", REQUESTS, [(r.seq, r.dispute.code, r.into and r.into.code, r.reported_by) for r in requests])
        last = {r.dispute.code: r for r in requests}
        tx.run(
            "update intake.disputes d set asked = v.asked, asked_into = v.asked_into, standing = case when v.undoes then 'open' else d.standing end"
            f" from {ASKS.rows} where d.code = v.code",
            ASKS.of([(code, r.seq, r.into and r.into.code, r.into is None) for code, r in sorted(last.items())]),
        )
    tx.insert(
        "intake.waiting_steps",
        WAITING_STEPS,
        [(s.code, s.seq, s.said_about, s.stream, s.type, s.data, s.happened_at, s.event_id, s.traceparent) for s in waiting],
    )


def load_requests(tx: Transaction, known: Known, outcomes: list[Event]) -> dict[tuple[str, str], JoinRequest]:
    """What these outcomes decide, by agency and event id, with its disputes and their reports. Locks the head of the log: no step begins to wait meanwhile."""
    tx.rows("select seq from intake.log_head for update")
    causes = {(agency_of(outcome.data["event"]["source"]), outcome.data["event"]["id"]) for outcome in outcomes}
    rows = tx.rows(
        f"select q.seq, q.code, q.into_code, q.reported_by, l.agency, l.event_id, l.happened_at from {EVENTS.rows}"
        " join intake.log l using (agency, event_id) join intake.join_requests q using (seq)",
        EVENTS.of(list(causes)),
    )
    if not rows:
        return {}
    codes = {code for _, code, *_ in rows}
    reports.load(tx, known, codes | {into for _, _, into, *_ in rows if into}, [])
    reports.load_stored(tx, known, codes)
    return {
        (agency, event_id): JoinRequest(known.disputes[code], known.disputes.get(into), agency, event_id, at, seq, reported_by)
        for seq, code, into, reported_by, agency, event_id, at in rows
    }


def load_waiting(tx: Transaction, codes: list[str]) -> list[WaitingStep]:
    """The steps that wait at these disputes, in the order in which they came."""
    return [WaitingStep(*row) for row in tx.rows(f"select {WAITING_STEPS.names}, id from intake.waiting_steps where code = any(%s) order by id", (codes,))]


def load_undecided(tx: Transaction, codes: list[str]) -> dict[str, set[int]]:
    """The log numbers of what mediation was asked about these codes and has not decided, by code."""
    undecided: dict[str, set[int]] = {}
    for code, seq in tx.rows("select code, seq from intake.join_requests where code = any(%s)", (codes,)):
        undecided.setdefault(code, set()).add(seq)
    return undecided


def save_decided(tx: Transaction, requests: list[JoinRequest], disputes: list[Dispute], gone: list[WaitingStep], moved_on: list[WaitingStep]) -> None:
    """Writes what these disputes are other names of now. The requests are done; steps are passed on, or wait at another dispute."""
    tx.run("delete from intake.join_requests where seq = any(%s)", ([request.seq for request in requests],))
    rows = sorted((d.code, d.merged_into and d.merged_into.code, d.asked, d.asked_into and d.asked_into.code) for d in disputes)
    tx.run(
        f"update intake.disputes d set merged_into = v.merged_into, asked = v.asked, asked_into = v.asked_into from {DECIDED.rows} where d.code = v.code",
        DECIDED.of(rows),
    )
    if gone:
        tx.run("delete from intake.waiting_steps where id = any(%s)", ([step.id for step in gone],))
    if moved_on:
        tx.run(f"update intake.waiting_steps w set code = v.code from {MOVED_ON.rows} where w.id = v.id", MOVED_ON.of([(s.id, s.code) for s in moved_on]))
