"""Takes events of agencies in: the one path behind both doors, the broker's and HTTP's. Given a transaction and the events whose turn it is."""

from functools import cache

import contracts
from contracts.dates import SHANGHAI
from plumbing.events import DomainEvent, Event
from plumbing.transaction import Transaction
from services.intake import codes, domain, duplicates, identity, replies
from services.intake.model import Checked, Decision, Known, WaitingStep
from services.intake.store import joins, lane, log, receipts, reports

_token_key = cache(identity.token_key)


def ingest(tx: Transaction, batch: list[Event]) -> list[Decision]:
    """Logs, answers and passes on; one decision per event, in order."""
    if not batch:
        return []
    token_key = _token_key(tx.settings.at_rest_key)
    checked = [domain.check(event, tx.now, tx.settings.seal_private_key, token_key) for event in batch]
    known = _load(tx, checked)
    decisions = domain.decide_all(checked, known)
    _save(tx, known, decisions)
    _say(tx, decisions)
    return decisions


def _load(tx: Transaction, batch: list[Checked]) -> Known:
    """Everything that the batch needs."""
    known = Known()
    log.load(tx, known, [(checked.agency, checked.event.id) for checked in batch])
    reports.load(tx, known, domain.codes_named(batch), [(checked.agency, checked.event.subject) for checked in batch])
    new = [checked.report for checked in batch if checked.report is not None and (checked.agency, checked.event.subject) not in known.reports]
    if new:
        reports.load_similar(tx, known, duplicates.tokens_of(new), *duplicates.window_of(new), duplicates.CROWD + 1)
    if domain.takes_reports_apart(batch):
        reports.load_stored(tx, known, {code for dispute in known.disputes.values() for code in (dispute.root.code, dispute.joint.code)})
    lane.load(tx, known.disputes)
    return known


def _save(tx: Transaction, known: Known, decisions: list[Decision]) -> None:
    new = [decision for decision in decisions if decision.repeats is None]
    taken = [decision for decision in new if decision.is_taken and decision.dispute is not None]
    _allot(tx, known, new)
    log.append(tx, known.head, new)
    reports.save(tx, taken)
    joins.save(tx, [d.request for d in taken if d.request is not None], [step for d in taken if d.waits_at is not None for step in _waiting(d)])
    lane.save(tx, [_seal(decision) for decision in taken if decision.opens_a_seal])


def _allot(tx: Transaction, known: Known, new: list[Decision]) -> None:
    """The codes and log numbers: only the database knows which are next."""
    registering = [decision for decision in new if decision.registers]
    if registering:
        area, year = contracts.COUNTY.area, tx.now.astimezone(SHANGHAI).year
        last, key = reports.take_serials(tx, area, year, len(registering))
        for count, decision in enumerate(registering, last - len(registering) + 1):
            decision.dispute.code = codes.make(area, year, codes.serial_of(count, key))
    for seq, decision in enumerate(new, known.head[0] + 1):
        decision.logged.seq = seq
        if decision.request is not None:
            decision.request.seq = seq
        if decision.dispute is not None and decision.dispute.code is None:  # joined at the door: it never had one
            decision.dispute.code = decision.dispute.root.code


def _say(tx: Transaction, decisions: list[Decision]) -> None:
    taken = [decision for decision in decisions if decision.is_taken]
    first = [replies.first(decision) for decision in decisions if decision.repeats is None]
    receipts.post(tx, first + [replies.moved(decision.seq, decision.event, *move) for decision in taken for move in decision.moved])
    repeated = [decision.repeats.seq for decision in decisions if decision.repeats is not None]
    if repeated:
        receipts.post_again(tx, [replies.receipt_id(seq, which) for seq in repeated for which in ("first", "outcome")])
    tx.say([event for decision in taken for event in _events(decision)])


def _events(decision):
    """What is said at once. An ordinary step about a dispute in question waits; a step in the safeguard lane does not."""
    for stream, kind, data in domain.facts_of(decision):
        if decision.waits_at is None or stream is not None:
            yield DomainEvent(kind, decision.subject, data, time=decision.event.time, cause=decision.event, source=stream)
    for extra in decision.extra:
        yield DomainEvent(extra.type, extra.about.code, extra.data(), time=decision.event.time, cause=decision.event)


def _waiting(decision):
    event = decision.event
    for stream, kind, data in domain.facts_of(decision):
        said_about = decision.subject if stream is not None else None
        in_json = contracts.dump(kind, data, stream or "intake")
        yield WaitingStep(decision.waits_at.code, decision.seq, said_about, stream, kind, in_json, event.time, event.id, event.traceparent)


def _seal(decision):
    """With what the ordinary voice will say of its registration when the dispute comes out, where it has said nothing of it yet."""
    registration = contracts.dump(*domain.fact_of(decision), "intake") if decision.registers else None
    return decision.dispute.code, decision.dispute.seal, registration
