"""Takes events in: the one path behind both doors, the broker's and HTTP's. Given a transaction and the events whose turn it is."""

from functools import cache
from zoneinfo import ZoneInfo

import contracts
from contracts.channels import is_sealed
from plumbing.events import DomainEvent, Event, Reply
from plumbing.transaction import Transaction
from services.intake import decrypt_parties, domain, identity, joining
from services.intake.domain import Decision
from services.intake.envelope import agency_source
from services.intake.store import lane as seals
from services.intake.store import reports as store

LOCAL = ZoneInfo("Asia/Shanghai")
_token_key = cache(identity.token_key)


def ingest(tx: Transaction, batch: list[Event]) -> list[Decision]:
    """Logs, answers and passes on; one verdict per event, in order."""
    if not batch:
        return []
    opened = decrypt_parties.open_all(domain.sealed_in(batch), tx.settings.seal_private_key)
    known = store.load(tx, batch)
    known.opened = opened
    verdicts = domain.decide_all(batch, known, tx.now)
    reports = domain.prepare(verdicts, _token_key(tx.settings.at_rest_key))
    if reports:
        joining.by_rule(verdicts, store.similar(tx, known, reports))
    store.save(tx, verdicts, contracts.COUNTY.area, tx.now.astimezone(LOCAL).year)
    new, taken = [verdict for verdict in verdicts if verdict.repeats is None], [verdict for verdict in verdicts if verdict.is_taken]
    seals.save(tx, [_seal(verdict) for verdict in taken if domain.opens_a_seal(verdict)])
    moved = [_moved(verdict.seq, verdict.event, *move) for verdict in taken for move in verdict.moved]
    store.post_receipts(tx, [*(_first_receipt(verdict) for verdict in new), *moved])
    store.post_again(tx, [verdict for verdict in verdicts if verdict.repeats is not None])
    tx.say([said for verdict in taken for said in _facts(verdict)])
    return verdicts


def answer(tx: Transaction, outcomes: list[Event]) -> None:
    """Tells each agency what the life of the dispute made of its step."""
    if not outcomes:
        return
    seqs = store.seqs_of(tx, outcomes)
    receipts, answered = [], set()
    for outcome in outcomes:
        cause = outcome.data["event"]
        kind, data = domain.outcome_receipt(outcome)
        agency = agency_of(cause["source"])
        seq = seqs.get((cause["source"], cause["id"]))
        if seq is None or seq in answered:
            continue  # it was answered in the safeguard lane, before the dispute came out of it
        answered.add(seq)
        receipts.append(Reply(agency, store.receipt_id(seq, "outcome"), kind, outcome.subject, data, cause=_caused_by(cause["id"], outcome)))
    steps = [outcome for outcome in outcomes if outcome.type in domain.STEP_OUTCOMES and not is_sealed(outcome.source)]
    receipts += _take_back_joins(tx, [step for step in steps if (step.type, step.data["step"]) == REFUSED_JOIN], seqs)
    store.stand(tx, {step.subject: joining.standing_in(step.data["state"]) for step in steps})
    store.post_receipts(tx, receipts)


REFUSED_JOIN = ("step.refused", "reports.joined")


def _take_back_joins(tx, refused, seqs):
    """Mediation knew better: the dispute had ended, or may not be moved. The join is undone, and whoever was told of it is told so."""
    if not refused:
        return []
    receipts, known = [], store.load_joined(tx, [outcome.subject for outcome in refused])
    for outcome in refused:
        event, dispute = outcome.data["event"], known.disputes[outcome.subject]
        if dispute.merged_into is None:
            continue
        moved, also = joining.take_back(dispute, event, agency_of(event["source"]), known.kept)
        seq = seqs[event["source"], event["id"]]
        receipts += [_moved(f"{seq}/back", outcome, *move) for move in moved]
        tx.say([DomainEvent(fact.type, fact.about.code, fact.data(), cause=outcome) for fact in also])
    store.point(tx, [known.disputes[outcome.subject] for outcome in refused])
    return receipts


def _first_receipt(verdict):
    kind, data = domain.first_receipt(verdict)
    subject = data.get("dispute") or data.get("organisation") or verdict.event.subject or "-"
    return Reply(verdict.agency, store.receipt_id(verdict.seq, "first"), kind, subject, data, cause=verdict.event)


def _facts(verdict):
    for voice, kind, data in domain.facts_of(verdict):
        yield DomainEvent(kind, verdict.subject, data, time=verdict.event.time, cause=verdict.event, source=voice)
    for also in verdict.also:
        yield DomainEvent(also.type, also.about.code, also.data(), time=verdict.event.time, cause=verdict.event)


def _seal(verdict):
    """With what the ordinary voice will say of its registration when the dispute comes out, where it has said nothing of it yet."""
    registration = contracts.said(*domain.fact_of(verdict), "intake") if verdict.registers else None
    return verdict.dispute.code, verdict.dispute.seal, registration


def _moved(seq, cause, report, was, into):
    data = {"event": {"source": agency_source(report.agency), "id": report.event_id}, "dispute": into.code, "was": was.code}
    return Reply(report.agency, store.receipt_id(report.seq, f"moved/{seq}"), "receipt.moved", into.code, data, cause=cause)


def agency_of(source: str) -> str:
    return source.rsplit("/", 1)[-1]


def _caused_by(event_id, outcome):
    """A receipt names the agency's own event as its cause, and keeps the trace."""
    return Event("", event_id, "", "", outcome.time, {}, traceparent=outcome.traceparent)
