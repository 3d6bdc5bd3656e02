"""Processes mediation's events: posts outcome receipts to agencies and applies decided joins. Runs in the caller's transaction."""

from contracts.channels import is_sealed
from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import domain, joining, replies
from services.intake.model import BatchContext, agency_of
from services.intake.store import joins, lane, receipts, reports


def process(tx: Transaction, events: list[Event]) -> int:
    """Process a batch of mediation's events. Return how many of them are outcomes of agencies' events.

    An event that an operator discarded has no effect, except that its join request is no longer pending.
    """
    effective = [event for event in events if not event.discarded]
    _publish_released(tx, lane.hear(tx, [event for event in effective if is_sealed(event.source)]))
    outcomes = [event for event in effective if event.type in domain.OUTCOMES]
    steps = [event for event in events if event.type in domain.STEP_OUTCOMES and not is_sealed(event.source)]
    join_outcomes = [step for step in steps if step.data["step"] in joining.JOIN_STEPS]
    moved_receipts = _apply_join_outcomes(tx, join_outcomes) if join_outcomes else []
    reports.save_phases(tx, {step.subject: joining.phase_of_state(step.data["state"]) for step in steps if not step.discarded})
    if outcomes:
        receipts.post(tx, _outcome_receipts(outcomes, receipts.load_unanswered(tx, outcomes)) + moved_receipts)
    return len(outcomes)


def _outcome_receipts(outcomes, seqs):
    """Return one receipt for each agency event in `seqs`. An event that was answered in the safeguard lane before the release is not in `seqs`."""
    found = {}
    for outcome in outcomes:
        cause = outcome.data["event"]
        seq = seqs.get((cause["source"], cause["id"]))
        if seq is not None and seq not in found:
            found[seq] = replies.outcome_receipt(seq, outcome)
    return list(found.values())


def _publish_released(tx, released):
    """Publish each dispute released from the lane as registered at its time of release, so that nothing outside shows that it is older."""
    tx.say([DomainEvent("dispute.registered", code, {**registration, "happened_at": at}, time=at) for code, registration, at in released])


def _apply_join_outcomes(tx: Transaction, outcomes: list[Event]) -> list:
    """Apply mediation's decisions about joins and unjoins. Return the receipts for the moved reports.

    An outcome that an operator discarded counts as a refusal: the request is no longer pending.
    """
    context = BatchContext()
    requests = joins.load_requests(tx, context, outcomes)
    if not requests:
        return []
    waiting = joins.load_waiting(tx, [request.dispute.code for request in requests.values()])
    undecided = joins.load_undecided(tx, [code for code, dispute in context.disputes.items() if dispute.pending_request_seq is not None])
    decided, moved_receipts, events, published, finished, waiting_elsewhere = [], [], [], [], [], []
    for outcome in outcomes:
        request = requests.pop((agency_of(outcome.data["event"]["source"]), outcome.data["event"]["id"]), None)
        if request is None:
            continue
        decided.append(request)
        cause = replies.cause_event(request.event_id, outcome)
        moves, extra_events = joining.apply_outcome(request, outcome.type == "step.applied" and not outcome.discarded, context.stored_reports)
        moved_receipts += [replies.moved_receipt(request.seq, cause, *move) for move in moves]
        events += [DomainEvent(extra.type, extra.dispute.code, extra.data(), time=request.happened_at, cause=cause) for extra in extra_events]
        undecided[request.dispute.code].discard(request.seq)
        waiting_here = [step for step in waiting if step.code == request.dispute.code]
        to_publish, done, elsewhere = joining.release_waiting_steps(waiting_here, request.dispute, undecided)
        waiting = [step for step in waiting if step not in done]
        events += [_event_of(step, dispute) for step, dispute in to_publish]
        published, finished, waiting_elsewhere = published + to_publish, finished + done, waiting_elsewhere + elsewhere
    lane.load(tx, {dispute.code: dispute for _, dispute in published})
    joins.save_decided(tx, decided, list({request.dispute.code: request.dispute for request in decided}.values()), finished, waiting_elsewhere)
    lane.save(tx, [(dispute.code, dispute.lane_record, None) for dispute in joining.add_holds_of(published)])
    tx.say(events)
    return moved_receipts


def _event_of(step, dispute):
    cause = Event("", step.event_id, "", "", step.happened_at, {}, traceparent=step.traceparent)
    return DomainEvent(step.type, dispute.code, step.data, time=step.happened_at, cause=cause, source=step.stream)
