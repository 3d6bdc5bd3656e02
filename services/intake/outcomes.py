"""Tells agencies what mediation made of their steps, and joins as mediation decided. Given a transaction and the events whose turn it is."""

from contracts.channels import is_sealed
from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import domain, joining, replies
from services.intake.model import Known, agency_of
from services.intake.store import joins, lane, receipts, reports


def answer(tx: Transaction, decisions: list[Event]) -> int:
    """Hears what mediation said; returns how many outcomes of agencies' events were among it. What an operator discarded has no effect."""
    heard = [event for event in decisions if not event.discarded]
    _come_out(tx, lane.hear(tx, [event for event in heard if is_sealed(event.source)]))
    outcomes = [event for event in heard if event.type in domain.OUTCOMES]
    steps = [event for event in decisions if event.type in domain.STEP_OUTCOMES and not is_sealed(event.source)]
    about_joins = [step for step in steps if step.data["step"] in joining.STEPS]
    moved = _settle(tx, about_joins) if about_joins else []
    reports.save_standings(tx, {step.subject: joining.standing_in(step.data["state"]) for step in steps if not step.discarded})
    if outcomes:
        receipts.post(tx, _receipts(outcomes, receipts.unanswered(tx, outcomes)) + moved)
    return len(outcomes)


def _receipts(outcomes, seqs):
    """One for each agency event, and none where it was answered in the safeguard lane, before the dispute came out of it."""
    found = {}
    for outcome in outcomes:
        cause = outcome.data["event"]
        seq = seqs.get((cause["source"], cause["id"]))
        if seq is not None and seq not in found:
            found[seq] = replies.outcome(seq, outcome)
    return list(found.values())


def _come_out(tx, released):
    """A dispute that was reported into the lane is named outside it from its release on, and from then on only: nothing says that it is older."""
    tx.say([DomainEvent("dispute.registered", code, {**registration, "happened_at": at}, time=at) for code, registration, at in released])


def _settle(tx: Transaction, outcomes: list[Event]) -> list:
    """Joins or takes apart where mediation took the step; returns the receipts about reports that moved.

    One that an operator discarded here is like one that mediation refused: the dispute is no longer in question.
    """
    known = Known()
    requests = joins.load_requests(tx, known, outcomes)
    if not requests:
        return []
    waiting = joins.load_waiting(tx, [request.dispute.code for request in requests.values()])
    undecided = joins.load_undecided(tx, [code for code, dispute in known.disputes.items() if dispute.asked is not None])
    settled, moved, said, passed_on, gone, moved_on = [], [], [], [], [], []
    for outcome in outcomes:
        request = requests.pop((agency_of(outcome.data["event"]["source"]), outcome.data["event"]["id"]), None)
        if request is None:
            continue
        settled.append(request)
        cause = replies.caused_by(request.event_id, outcome)
        moves, extra = joining.settle(request, outcome.type == "step.applied" and not outcome.discarded, known.stored)
        moved += [replies.moved(request.seq, cause, *move) for move in moves]
        said += [DomainEvent(one.type, one.about.code, one.data(), time=request.happened_at, cause=cause) for one in extra]
        undecided[request.dispute.code].discard(request.seq)
        here = [step for step in waiting if step.code == request.dispute.code]
        free, done, elsewhere = joining.pass_on(here, request.dispute, undecided)
        waiting = [step for step in waiting if step not in done]
        said += [_passed_on(step, dispute) for step, dispute in free]
        passed_on, gone, moved_on = passed_on + free, gone + done, moved_on + elsewhere
    lane.load(tx, {dispute.code: dispute for _, dispute in passed_on})
    joins.save_decided(tx, settled, list({request.dispute.code: request.dispute for request in settled}.values()), gone, moved_on)
    lane.save(tx, [(dispute.code, dispute.seal, None) for dispute in joining.seal_what_is_said(passed_on)])
    tx.say(said)
    return moved


def _passed_on(step, dispute):
    cause = Event("", step.event_id, "", "", step.happened_at, {}, traceparent=step.traceparent)
    return DomainEvent(step.type, dispute.code, step.data, time=step.happened_at, cause=cause, source=step.stream)
