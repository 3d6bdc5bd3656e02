"""Processes batches of agencies' events received over AMQP or HTTP, in the steps load, decide, save, say. Runs in the caller's transaction."""

from collections import defaultdict
from functools import cache

import contracts
from contracts.dates import SHANGHAI
from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import codes, domain, duplicates, identity, replies
from services.intake.model import BatchContext, CheckedEvent, Decision, Dispute, WaitingStep
from services.intake.store import corrections, joins, lane, log, receipts, replay, reports, watermarks

_matching_token_key = cache(identity.matching_token_key)


def ingest(tx: Transaction, batch: list[Event]) -> list[Decision]:
    """Decide, log and answer the unheard events of a batch, and pass accepted events on. Return one decision per event, in order."""
    if not batch:
        return []
    matching_token_key = _matching_token_key(tx.settings.at_rest_key)
    checked = [domain.check(event, tx.now, tx.settings.seal_private_key, matching_token_key) for event in batch]
    context = _load(tx, checked)
    decisions = domain.decide_all(checked, context)
    _save(tx, context, decisions)
    _say(tx, decisions)
    return decisions


def _load(tx: Transaction, batch: list[CheckedEvent]) -> BatchContext:
    context = BatchContext()
    log.load_head_and_entries(tx, context, [(checked.agency, checked.event.id) for checked in batch])
    if context.has_pinned_codes:
        context.pinned_codes = replay.load_pinned_codes(tx, domain.pinnable_events(batch))
    named_codes = domain.referenced_codes(batch) | set(context.pinned_codes.values())
    reports.load_disputes(tx, context, named_codes, [(checked.agency, checked.event.subject) for checked in batch])
    new = [
        checked.comparable_report
        for checked in batch
        if checked.comparable_report is not None and (checked.agency, checked.event.subject) not in context.disputes_by_report
    ]
    if new:
        reports.load_reports_by_token(
            tx, context, duplicates.distinct_lookup_tokens(new), *duplicates.comparison_window(new), duplicates.MAX_REPORTS_PER_TOKEN + 1
        )
    named = domain.named_events(batch)
    if named:
        corrections.load_named_events(tx, context, named)
    if domain.contains_undo_of_join(batch):
        context.undoes_joins = True
        reports.load_stored_reports(
            tx, context, {code for dispute in context.disputes.values() for code in (dispute.root.code, dispute.root_after_pending_requests.code)}
        )
    lane.load_records(tx, context.disputes)
    return context


def _save(tx: Transaction, context: BatchContext, decisions: list[Decision]) -> None:
    new = [decision for decision in decisions if decision.is_new]
    accepted = [decision for decision in new if decision.is_accepted and decision.dispute is not None]
    _assign_codes_of_batch(tx, context, new)
    log.append_entries(tx, context.log_head, new)
    reports.save_decisions(tx, accepted)
    corrected = [(decision, _published_correction(decision)) for decision in accepted if decision.corrects is not None]
    corrections.save(tx, corrected)
    joins.save_requests_and_waiting_steps(
        tx,
        [decision.join_request for decision in accepted if decision.join_request is not None],
        [step for decision in accepted if decision.pending_dispute is not None for step in _waiting_steps(decision)],
    )
    lane.save_records(tx, [_safeguard_lane_row(decision) for decision in accepted if decision.enters_safeguard_lane])
    watermarks.record(tx, domain.watermarks_of(decisions, tx.now))


def _assign_codes_of_batch(tx: Transaction, context: BatchContext, new: list[Decision]) -> None:
    """Assign dispute codes to new disputes, and the log numbers of the decisions to join requests."""
    _assign_codes(tx, [decision.dispute for decision in new if decision.registers_dispute and decision.dispute.code is None], context.has_pinned_codes)
    for decision in new:
        if decision.join_request is not None:
            decision.join_request.seq = decision.seq
        if decision.dispute is not None and decision.dispute.code is None:  # a report joined by rule when it arrived has no separate code
            decision.dispute.code = decision.dispute.root.code


def _assign_codes(tx: Transaction, registering: list[Dispute], has_pinned_codes: bool) -> None:
    """Assign codes to newly registered disputes. The year in a code is that of the report (Asia/Shanghai), whenever it arrived. Pinned codes are left out."""
    by_year = defaultdict(list)
    for dispute in registering:
        by_year[dispute.registered_at.astimezone(SHANGHAI).year].append(dispute)
    for year, disputes in sorted(by_year.items()):
        while disputes:
            new = _new_codes(tx, year, len(disputes))
            taken = replay.load_pinned(tx, new) if has_pinned_codes else set()
            free = [code for code in new if code not in taken]
            for dispute, code in zip(disputes, free, strict=False):
                dispute.code = code
            disputes = disputes[len(free) :]


def _new_codes(tx, year, count):
    area = contracts.COUNTY.area
    last, key = reports.reserve_serial_numbers(tx, area, year, count)
    return [codes.make_code(area, year, codes.scattered_serial(number, key)) for number in range(last - count + 1, last + 1)]


def _say(tx: Transaction, decisions: list[Decision]) -> None:
    accepted = [decision for decision in decisions if decision.is_accepted]
    first = [replies.first_receipt(decision) for decision in decisions if decision.is_new]
    receipts.send_and_store(
        tx, first + [replies.moved_receipt(decision.seq, decision.event, *move) for decision in accepted for move in decision.moved_reports]
    )
    duplicated = [decision.duplicate_of.seq for decision in decisions if decision.duplicate_of is not None]
    if duplicated:
        receipts.send_again(tx, [replies.receipt_id(seq, kind) for seq in duplicated for kind in ("first", "outcome")])
    statements = [decision for decision in decisions if decision.stated_up_to is not None]
    for decision, body in zip(statements, tx.post([replies.statement_receipt(decision) for decision in statements]), strict=True):
        decision.unstored_receipt = body
    tx.say([event for decision in accepted for event in _events_to_publish(decision)])


def _events_to_publish(decision):
    """Yield the domain events to publish at once.

    A step for the ordinary stream is left out while a join request for its dispute is pending; a step for the sealed stream is published.
    """
    for stream, event_type, data in domain.domain_events_by_stream(decision):
        if decision.pending_dispute is None or stream is not None:
            yield DomainEvent(event_type, decision.subject, data, time=decision.event.time, cause=decision.event, source=stream)
    for extra in decision.extra_events:
        yield DomainEvent(extra.type, extra.dispute.code, extra.data(), time=decision.event.time, cause=decision.event)


def _waiting_steps(decision):
    event = decision.event
    for stream, event_type, data in domain.domain_events_by_stream(decision):
        published_about = decision.subject if stream is not None else None
        json_values = contracts.dump(event_type, data, stream or "intake")
        yield WaitingStep(
            decision.pending_dispute.code, decision.seq, published_about, stream, event_type, json_values, event.time, event.id, event.traceparent
        )


def _published_correction(decision):
    """Return the corrected facts as published; None for a withdrawal."""
    return domain.domain_event_of(decision)[1]["facts"].get("facts")


def _safeguard_lane_row(decision):
    """Return (code, safeguard lane record, registration, time) of a dispute that enters the safeguard lane.

    For a new dispute, `registration` is the data of dispute.registered, published on the ordinary stream after the release; else None.
    """
    registration = contracts.dump(*domain.domain_event_of(decision), "intake") if decision.registers_dispute else None
    return decision.dispute.code, decision.dispute.safeguard_lane_record, registration, decision.event.time
