"""Takes events in: the one path behind both doors, the broker's and HTTP's. Given a transaction and the events whose turn it is."""

from zoneinfo import ZoneInfo

from plumbing.database import Transaction
from plumbing.events import Event, Posted, Said
from services.intake import domain, sealing, store
from services.intake.domain import Verdict

AREA = "620702"  # 张掖市甘州区
LOCAL = ZoneInfo("Asia/Shanghai")


def take_in(tx: Transaction, batch: list[Event]) -> list[Verdict]:
    """Logs, answers and passes on; one verdict per event, in order."""
    if not batch:
        return []
    opened = sealing.open_all(domain.sealed_in(batch), tx.settings.seal_private_key)
    known = store.load(tx, batch)
    known.opened = opened
    verdicts = domain.decide_all(batch, known, tx.now)
    store.save(tx, verdicts, AREA, tx.now.astimezone(LOCAL).year)
    store.post_receipts(tx, [_first_receipt(verdict) for verdict in verdicts if verdict.repeats is None])
    store.post_again(tx, [verdict for verdict in verdicts if verdict.repeats is not None])
    tx.say([_fact(verdict) for verdict in verdicts if verdict.is_taken])
    return verdicts


def answer(tx: Transaction, outcomes: list[Event]) -> None:
    """Tells each agency what the life of the dispute made of its step."""
    if not outcomes:
        return
    seqs = store.seqs_of(tx, outcomes)
    receipts = []
    for outcome in outcomes:
        cause = outcome.data["event"]
        kind, data = domain.outcome_receipt(outcome)
        agency = cause["source"].rsplit("/", 1)[-1]
        seq = seqs[cause["source"], cause["id"]]
        receipts.append(Posted(agency, store.receipt_id(seq, "outcome"), kind, outcome.subject, data, cause=_caused_by(cause["id"], outcome)))
    store.post_receipts(tx, receipts)


def _first_receipt(verdict):
    kind, data = domain.first_receipt(verdict)
    subject = data.get("dispute") or data.get("organisation") or verdict.event.subject or "-"
    return Posted(verdict.agency, store.receipt_id(verdict.seq, "first"), kind, subject, data, cause=verdict.event)


def _fact(verdict):
    kind, data = domain.fact_of(verdict)
    return Said(kind, verdict.subject, data, time=verdict.event.time, cause=verdict.event)


def _caused_by(event_id, outcome):
    """A receipt names the agency's own event as its cause, and keeps the trace."""
    return Event("", event_id, "", "", outcome.time, {}, traceparent=outcome.traceparent)
