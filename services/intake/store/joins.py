"""SQL of undecided requests to join disputes or to undo a join, and of the steps that wait for a decision. Uses the caller's transaction."""

from plumbing.events import Event
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import BatchContext, Dispute, JoinRequest, WaitingStep, agency_of
from services.intake.store import reports
from services.intake.store.log import EVENT_IDS

JOIN_REQUESTS = Columns("seq bigint, code text, into_code text, reported_by text")
PENDING_REQUESTS = Columns("code text, pending_request_seq bigint, pending_into text, undoes_join boolean")
DISPUTE_POINTERS = Columns("code text, merged_into text, pending_request_seq bigint, pending_into text")
WAITING_STEPS = Columns(
    "code text, seq bigint, published_about text, stream text, type text, facts jsonb, happened_at timestamptz, event_id text, traceparent text"
)
WAITING_STEP_CODES = Columns("id bigint, code text")


def save_requests_and_waiting_steps(tx: Transaction, requests: list[JoinRequest], waiting: list[WaitingStep]) -> None:
    """Insert join requests and waiting steps, and store in the disputes that a request is pending. Runs no statement if both lists are empty."""
    if requests:
        tx.insert("intake.join_requests", JOIN_REQUESTS, [(r.seq, r.dispute.code, r.into and r.into.code, r.reported_by) for r in requests])
        last = {r.dispute.code: r for r in requests}
        tx.write(
            "update intake.disputes d set pending_request_seq = v.pending_request_seq, pending_into = v.pending_into,"
            " phase = case when v.undoes_join then 'open' else d.phase end,"
            " settled_at = case when not v.undoes_join then d.settled_at end, ended_at = case when not v.undoes_join then d.ended_at end"
            f" from {PENDING_REQUESTS.rows} where d.code = v.code",
            PENDING_REQUESTS.parameters([(code, r.seq, r.into and r.into.code, r.into is None) for code, r in sorted(last.items())]),
        )
    tx.insert(
        "intake.waiting_steps",
        WAITING_STEPS,
        [(s.code, s.seq, s.published_about, s.stream, s.type, s.data, s.happened_at, s.event_id, s.traceparent) for s in waiting],
    )


def load_join_requests(tx: Transaction, context: BatchContext, outcomes: list[Event]) -> dict[tuple[str, str], JoinRequest]:
    """Return the join requests that these outcomes grant or reject, by (agency, event id), and load their disputes and reports into `context`.

    Locks the head of the log, so that no other transaction can add a step that waits for one of the requests.
    """
    tx.rows("select seq from intake.log_head for update")
    causes = {(agency_of(outcome.data["event"]["source"]), outcome.data["event"]["id"]) for outcome in outcomes}
    rows = tx.rows(
        f"select q.seq, q.code, q.into_code, q.reported_by, l.agency, l.event_id, l.happened_at from {EVENT_IDS.rows}"
        " join intake.log l using (agency, event_id) join intake.join_requests q using (seq)",
        EVENT_IDS.parameters(list(causes)),
    )
    if not rows:
        return {}
    codes = {code for _, code, *_ in rows}
    reports.load_disputes(tx, context, codes | {into for _, _, into, *_ in rows if into}, [])
    reports.load_stored_reports(tx, context, codes)
    return {
        (agency, event_id): JoinRequest(context.disputes[code], context.disputes.get(into), agency, event_id, happened_at, seq, reported_by)
        for seq, code, into, reported_by, agency, event_id, happened_at in rows
    }


def load_waiting_steps(tx: Transaction, codes: list[str]) -> list[WaitingStep]:
    """Return the steps that wait for a decision about these disputes, in order of arrival."""
    return [WaitingStep(*row) for row in tx.rows(f"select {WAITING_STEPS.names}, id from intake.waiting_steps where code = any(%s) order by id", (codes,))]


def load_undecided_requests(tx: Transaction, codes: list[str]) -> dict[str, set[int]]:
    """Return the log numbers of the undecided join requests of these disputes, by dispute code."""
    undecided: dict[str, set[int]] = {}
    for code, seq in tx.rows("select code, seq from intake.join_requests where code = any(%s)", (codes,)):
        undecided.setdefault(code, set()).add(seq)
    return undecided


def save_decided_requests(
    tx: Transaction, requests: list[JoinRequest], disputes: list[Dispute], finished: list[WaitingStep], waiting_elsewhere: list[WaitingStep]
) -> None:
    """Delete the decided join requests and the steps that no longer wait.

    Update `merged_into` and the pending requests of these disputes, and the codes of the steps that now wait for another dispute.
    """
    tx.write("delete from intake.join_requests where seq = any(%s)", ([request.seq for request in requests],))
    rows = sorted((d.code, d.merged_into and d.merged_into.code, d.pending_request_seq, d.pending_into and d.pending_into.code) for d in disputes)
    tx.write(
        "update intake.disputes d set merged_into = v.merged_into, pending_request_seq = v.pending_request_seq, pending_into = v.pending_into"
        f" from {DISPUTE_POINTERS.rows} where d.code = v.code",
        DISPUTE_POINTERS.parameters(rows),
    )
    if finished:
        tx.write("delete from intake.waiting_steps where id = any(%s)", ([step.id for step in finished],))
    if waiting_elsewhere:
        tx.write(
            f"update intake.waiting_steps w set code = v.code from {WAITING_STEP_CODES.rows} where w.id = v.id",
            WAITING_STEP_CODES.parameters([(step.id, step.code) for step in waiting_elsewhere]),
        )
