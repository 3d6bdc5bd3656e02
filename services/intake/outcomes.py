"""Processes events of the mediation service: sends outcome receipts to agencies and applies decided joins. Runs in the caller's transaction."""

from datetime import datetime

from contracts import step_outcome
from contracts.channels import is_sealed
from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import apply_corrections, domain, joining, replies
from services.intake.corrections import CORRECTION, WITHDRAWAL
from services.intake.model import BatchContext, agency_of
from services.intake.store import joins, lane, receipts, reports


def process_events(tx: Transaction, events: list[Event]) -> int:
    """Process a batch of events of the mediation service. Return the number of events that are outcomes of agencies' events.

    An event that an operator discarded has one effect only: a join request that it decides is no longer pending.
    """
    effective = [event for event in events if not event.discarded]
    _publish_released_disputes(tx, lane.hear(tx, [event for event in effective if is_sealed(event.source)]))
    outcomes = [event for event in effective if domain.is_outcome(event)]
    steps = [event for event in events if not is_sealed(event.source) and step_outcome(event.type, event.data)]
    join_outcomes = [step for step in steps if step.data.get("step", step.type) in joining.JOIN_STEPS]
    moved_receipts = _apply_join_outcomes(tx, join_outcomes) if join_outcomes else []
    corrections_decided = [event for event in events if _decides_correction(event)]
    if corrections_decided:
        apply_corrections.apply_decided(tx, corrections_decided)
    _save_phases(tx, effective)
    if outcomes:
        receipts.send_and_store(tx, _outcome_receipts(outcomes, receipts.load_unanswered_log_numbers(tx, outcomes)) + moved_receipts)
    return len(outcomes)


def _decides_correction(event):
    """Return whether the event is the outcome of a correction or withdrawal, also in the safeguard lane, where it is step.applied or step.refused."""
    return bool(step_outcome(event.type, event.data)) and event.data.get("step", event.type) in (CORRECTION, WITHDRAWAL)


def _save_phases(tx, events):
    """Save the phases of the disputes in these events, with the times since when they hold. dispute.recomputed replaces everything known before."""
    changed, replaced = {}, {}
    for event in events:
        if event.type == "dispute.recomputed":
            replaced[event.subject] = joining.phase_after((entry["state"], _time(entry["at"])) for entry in event.data["entries"])
            changed.pop(event.subject, None)
        elif "state" in event.data and not is_sealed(event.source):
            changed[event.subject] = (
                joining.phase_of_state(event.data["state"]),
                _time(event.data["happened_at"]) if "happened_at" in event.data else event.time,
            )
    reports.replace_phases(tx, replaced)
    reports.save_phases(tx, changed)


def _time(text):
    return datetime.fromisoformat(text)


def _outcome_receipts(outcomes, seqs):
    """Return one outcome receipt for each agency event in `seqs` (log number by source and event id).

    An event that was answered in the safeguard lane before the release is not in `seqs`.
    """
    found = {}
    for outcome in outcomes:
        cause = outcome.data["event"]
        seq = seqs.get((cause["source"], cause["id"]))
        if seq is not None and seq not in found:
            found[seq] = replies.outcome_receipt(seq, outcome)
    return list(found.values())


def _publish_released_disputes(tx, released):
    """Publish dispute.registered on the ordinary stream for each dispute released from the safeguard lane.

    The event has the time of the release, so that other agencies cannot see that the dispute is older.
    """
    tx.say([DomainEvent("dispute.registered", code, {**registration, "happened_at": at}, time=at) for code, registration, at in released])


def _apply_join_outcomes(tx: Transaction, outcomes: list[Event]) -> list:
    """Apply the mediation service's decisions about joins and the undoing of joins. Return the receipts for the moved reports.

    An outcome that an operator discarded counts as a refusal of the request.
    """
    context = BatchContext()
    requests = joins.load_join_requests(tx, context, outcomes)
    if not requests:
        return []
    waiting = joins.load_waiting_steps(tx, [request.dispute.code for request in requests.values()])
    undecided = joins.load_undecided_requests(tx, [code for code, dispute in context.disputes.items() if dispute.pending_request_seq is not None])
    decided, moved_receipts, events, published, finished, waiting_elsewhere = [], [], [], [], [], []
    for outcome in outcomes:
        request = requests.pop((agency_of(outcome.data["event"]["source"]), outcome.data["event"]["id"]), None)
        if request is None:
            continue
        decided.append(request)
        cause = replies.cause_event(request.event_id, outcome)
        moves, extra_events = joining.apply_outcome(request, outcome.type != "step.refused" and not outcome.discarded, context.stored_reports)
        moved_receipts += [replies.moved_receipt(request.seq, cause, *move) for move in moves]
        events += [DomainEvent(extra.type, extra.dispute.code, extra.data(), time=request.happened_at, cause=cause) for extra in extra_events]
        undecided[request.dispute.code].discard(request.seq)
        waiting_here = [step for step in waiting if step.code == request.dispute.code]
        to_publish, done, elsewhere = joining.release_waiting_steps(waiting_here, request.dispute, undecided)
        waiting = [step for step in waiting if step not in done]
        events += [_domain_event_of_step(step, dispute) for step, dispute in to_publish]
        published, finished, waiting_elsewhere = published + to_publish, finished + done, waiting_elsewhere + elsewhere
    lane.load_records(tx, {dispute.code: dispute for _, dispute in published})
    joins.save_decided_requests(tx, decided, list({request.dispute.code: request.dispute for request in decided}.values()), finished, waiting_elsewhere)
    lane.save_records(
        tx, [(dispute.code, dispute.safeguard_lane_record, None, step.happened_at) for step, dispute in joining.add_holds_of_published_steps(published)]
    )
    tx.say(events)
    return moved_receipts


def _domain_event_of_step(step, dispute):
    cause = Event("", step.event_id, "", "", step.happened_at, {}, traceparent=step.traceparent)
    return DomainEvent(step.type, dispute.code, step.data, time=step.happened_at, cause=cause, source=step.stream)
