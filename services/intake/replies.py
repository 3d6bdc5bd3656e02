"""The receipts that agencies get, as replies with an id of their own. Pure."""

from plumbing.events import Event, Reply
from services.intake import domain
from services.intake.model import Decision, Dispute, StoredReport, agency_of, agency_source


def receipt_id(seq: int, which: str) -> str:
    """`seq` is the log number of the agency's event; `which` is `first`, `outcome`, or `moved/<the log number of what moved it>`."""
    return f"receipt/{seq}/{which}"


def first(decision: Decision) -> Reply:
    """Answers an event when it has been logged."""
    kind, data = domain.first_receipt(decision)
    subject = data.get("dispute") or data.get("organisation") or decision.event.subject or "-"
    return Reply(decision.agency, receipt_id(decision.seq, "first"), kind, subject, data, cause=decision.event)


def outcome(seq: int, decided: Event) -> Reply:
    """Says what mediation made of it."""
    cause = decided.data["event"]
    kind, data = domain.outcome_receipt(decided)
    return Reply(agency_of(cause["source"]), receipt_id(seq, "outcome"), kind, decided.subject, data, cause=caused_by(cause["id"], decided))


def moved(seq: int, cause: Event, report: StoredReport, was: Dispute, into: Dispute) -> Reply:
    """Says under which code a report stands now. `seq` is the log number of what moved it."""
    data = {"event": {"source": agency_source(report.agency), "id": report.event_id}, "dispute": into.code, "was": was.code}
    return Reply(report.agency, receipt_id(report.seq, f"moved/{seq}"), "receipt.moved", into.code, data, cause=cause)


def caused_by(event_id: str, decided: Event) -> Event:
    """A receipt names the agency's own event as its cause, and keeps the trace."""
    return Event("", event_id, "", "", decided.time, {}, traceparent=decided.traceparent)
