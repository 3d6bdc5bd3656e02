"""Ingests batches of agencies' events, the same way for AMQP and HTTP: load, decide, save, say. Runs in the caller's transaction."""

from functools import cache

import contracts
from contracts.dates import SHANGHAI
from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import codes, domain, duplicates, identity, replies
from services.intake.model import BatchContext, CheckedEvent, Decision, WaitingStep
from services.intake.store import joins, lane, log, receipts, reports

_token_key = cache(identity.token_key)


def ingest(tx: Transaction, batch: list[Event]) -> list[Decision]:
    """Decide, log, answer and pass on the events of a batch that are not yet processed. Return one decision per event, in order."""
    if not batch:
        return []
    token_key = _token_key(tx.settings.at_rest_key)
    checked = [domain.check(event, tx.now, tx.settings.seal_private_key, token_key) for event in batch]
    context = _load(tx, checked)
    decisions = domain.decide_all(checked, context)
    _save(tx, context, decisions)
    _say(tx, decisions)
    return decisions


def _load(tx: Transaction, batch: list[CheckedEvent]) -> BatchContext:
    context = BatchContext()
    log.load(tx, context, [(checked.agency, checked.event.id) for checked in batch])
    reports.load_disputes(tx, context, domain.referenced_codes(batch), [(checked.agency, checked.event.subject) for checked in batch])
    new = [
        checked.comparable_report
        for checked in batch
        if checked.comparable_report is not None and (checked.agency, checked.event.subject) not in context.disputes_by_report
    ]
    if new:
        reports.load_reports_by_token(
            tx, context, duplicates.distinct_lookup_tokens(new), *duplicates.comparison_window(new), duplicates.MAX_REPORTS_PER_TOKEN + 1
        )
    if domain.contains_unjoin(batch):
        reports.load_stored_reports(tx, context, {code for dispute in context.disputes.values() for code in (dispute.root.code, dispute.future_root.code)})
    lane.load(tx, context.disputes)
    return context


def _save(tx: Transaction, context: BatchContext, decisions: list[Decision]) -> None:
    new = [decision for decision in decisions if decision.duplicate_of is None]
    accepted = [decision for decision in new if decision.is_accepted and decision.dispute is not None]
    _assign_codes_and_seqs(tx, context, new)
    log.append(tx, context.log_head, new)
    reports.save(tx, accepted)
    joins.save(
        tx,
        [decision.join_request for decision in accepted if decision.join_request is not None],
        [step for decision in accepted if decision.pending_dispute is not None for step in _waiting_steps(decision)],
    )
    lane.save(tx, [_lane_row(decision) for decision in accepted if decision.enters_lane])


def _assign_codes_and_seqs(tx: Transaction, context: BatchContext, new: list[Decision]) -> None:
    """Assign dispute codes and log numbers. The database holds the counters."""
    registering = [decision for decision in new if decision.registers_dispute]
    if registering:
        area, year = contracts.COUNTY.area, tx.now.astimezone(SHANGHAI).year
        last, key = reports.take_serials(tx, area, year, len(registering))
        for count, decision in enumerate(registering, last - len(registering) + 1):
            decision.dispute.code = codes.make(area, year, codes.scattered_serial(count, key))
    for seq, decision in enumerate(new, context.log_head[0] + 1):
        decision.log_entry.seq = seq
        if decision.join_request is not None:
            decision.join_request.seq = seq
        if decision.dispute is not None and decision.dispute.code is None:  # joined by rule on arrival: it has no code of its own
            decision.dispute.code = decision.dispute.root.code


def _say(tx: Transaction, decisions: list[Decision]) -> None:
    accepted = [decision for decision in decisions if decision.is_accepted]
    first = [replies.first_receipt(decision) for decision in decisions if decision.duplicate_of is None]
    receipts.post(tx, first + [replies.moved_receipt(decision.seq, decision.event, *move) for decision in accepted for move in decision.moved_reports])
    duplicated = [decision.duplicate_of.seq for decision in decisions if decision.duplicate_of is not None]
    if duplicated:
        receipts.post_again(tx, [replies.receipt_id(seq, kind) for seq in duplicated for kind in ("first", "outcome")])
    tx.say([event for decision in accepted for event in _events_to_publish(decision)])


def _events_to_publish(decision):
    """Yield the domain events to publish at once. An ordinary step waits while a join request is pending; a step on the sealed stream does not."""
    for stream, event_type, data in domain.facts_by_stream(decision):
        if decision.pending_dispute is None or stream is not None:
            yield DomainEvent(event_type, decision.subject, data, time=decision.event.time, cause=decision.event, source=stream)
    for extra in decision.extra_events:
        yield DomainEvent(extra.type, extra.dispute.code, extra.data(), time=decision.event.time, cause=decision.event)


def _waiting_steps(decision):
    event = decision.event
    for stream, event_type, data in domain.facts_by_stream(decision):
        published_about = decision.subject if stream is not None else None
        json_values = contracts.dump(event_type, data, stream or "intake")
        yield WaitingStep(
            decision.pending_dispute.code, decision.seq, published_about, stream, event_type, json_values, event.time, event.id, event.traceparent
        )


def _lane_row(decision):
    """Return (code, lane record, registration). For a new dispute, the ordinary stream publishes the registration after the release from the lane."""
    registration = contracts.dump(*domain.fact_of(decision), "intake") if decision.registers_dispute else None
    return decision.dispute.code, decision.dispute.lane_record, registration
