"""Builds the receipts for agencies, each with its unique id. Pure."""

from plumbing.events import Event, Reply
from services.intake import domain
from services.intake.model import Decision, Dispute, StoredReport, agency_of, agency_source


def receipt_id(seq: int, kind: str) -> str:
    """Return the id of a receipt for the agency's event with the log number `seq`.

    `kind` is `first`, `outcome`, or `moved/<log number of the request to join or to undo a join>`.
    """
    return f"receipt/{seq}/{kind}"


def statement_receipt(decision: Decision) -> Reply:
    """Return the receipt for an accepted agency.alive. Its id follows from that of the event, because the event has no log number."""
    receipt_type, data = domain.first_receipt(decision)
    return Reply(decision.agency, f"receipt/alive/{decision.agency}/{decision.event.id}", receipt_type, decision.agency, data, cause=decision.event)


def first_receipt(decision: Decision) -> Reply:
    """Return the receipt that states whether intake accepted or refused an event."""
    receipt_type, data = domain.first_receipt(decision)
    subject = data.get("dispute") or data.get("organisation") or decision.event.subject or "-"
    return Reply(decision.agency, receipt_id(decision.seq, "first"), receipt_type, subject, data, cause=decision.event)


def outcome_receipt(seq: int, outcome: Event) -> Reply:
    """Return the receipt that states whether the mediation service applied or rejected the agency's event with the log number `seq`."""
    cause = outcome.data["event"]
    receipt_type, data = domain.outcome_receipt(outcome)
    return Reply(agency_of(cause["source"]), receipt_id(seq, "outcome"), receipt_type, outcome.subject, data, cause=cause_event(cause["id"], outcome))


def moved_receipt(seq: int, cause: Event, report: StoredReport, previous: Dispute, into: Dispute) -> Reply:
    """Return the receipt that states the new dispute code of a report.

    `seq` is the log number of the request to join or to undo a join that moved the report.
    """
    data = {"event": {"source": agency_source(report.agency), "id": report.event_id}, "dispute": into.code, "was": previous.code}
    return Reply(report.agency, receipt_id(report.seq, f"moved/{seq}"), "receipt.moved", into.code, data, cause=cause)


def cause_event(event_id: str, outcome: Event) -> Event:
    """Return the agency's event as the cause of a receipt, with the time and the trace of the mediation service's outcome."""
    return Event("", event_id, "", "", outcome.time, {}, traceparent=outcome.traceparent)
