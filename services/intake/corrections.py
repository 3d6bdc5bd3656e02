"""Corrections of dispute reports (report.corrected that corrects dispute.reported), and withdrawals of corrections. Pure.

The reporting agency may correct all facts of its report but the report number; the mediation centre may correct place and kind of every report. Intake passes
the corrected facts on, and stores them only when the mediation service has applied the correction. A report itself cannot be withdrawn.
"""

from collections.abc import Iterable

from contracts.county import AGENCIES
from services.intake import duplicates
from services.intake.duplicates import Duplicates
from services.intake.model import BatchContext, ComparableReport, CorrectableReport, Decision, ExtraEvent, NamedEvent, PendingCorrection
from services.intake.reasons import reason

CORRECTION, WITHDRAWAL, REPORT = "report.corrected", "report.withdrawn", "dispute.reported"
PLACE_FIELDS = ("township", "village", "grid")


def corrected_facts(event_type: str, data: dict) -> dict | None:
    """Return the corrected facts if the event corrects a dispute report, else None."""
    return data.get("facts") if event_type == CORRECTION and data.get("corrects") == REPORT else None


def named_event(agency: str, event_type: str, data: dict) -> tuple[str, str] | None:
    """Return (agency, event id) of the event that a correction of a dispute report names, or that a withdrawal names; None for other events.

    It is an event of the same agency, unless the mediation centre names another one.
    """
    if event_type == WITHDRAWAL or corrected_facts(event_type, data) is not None:
        return data.get("reported_by") or agency, data["event"]
    return None


def refusal_reason(agency: str, event_type: str, data: dict) -> dict | None:
    """Return the reason why this agency may not name another agency's event in a correction, or None."""
    if event_type != CORRECTION or "reported_by" not in data:
        return None
    if AGENCIES[agency].role != "M":
        return reason("not_your_report")
    return reason("malformed_data", field="reported_by", mistake="invalid") if data["reported_by"] == agency else None


def event_named_by(decision: Decision, context: BatchContext) -> NamedEvent | None:
    """Return the event about a dispute report that this event corrects or withdraws: the report, or an earlier correction of it. None if there is none."""
    key = named_event(decision.agency, decision.event.type, decision.data)
    found = None if key is None else (context.named_events or {}).get(key)
    return None if found is not None and found.is_report and decision.event.type == WITHDRAWAL else found


def remember_event(decision: Decision, context: BatchContext) -> None:
    """Add an accepted report, correction or withdrawal to the events that later events of the same batch may name."""
    if context.named_events is None or not decision.is_accepted:
        return
    if decision.is_new_report:
        report = CorrectableReport(decision.registration, decision=decision)
        context.named_events[decision.agency, decision.event.id] = NamedEvent(report, decision=decision, is_report=True)
    elif decision.corrects is not None:
        context.named_events[decision.agency, decision.event.id] = NamedEvent(decision.corrects.report, decision=decision)


def published_facts(decision: Decision, facts: dict, party_labels: list[str]) -> dict:
    """Return the corrected facts to publish: with the labels of corrected parties, and with the flag `mass` if the corrected risk flags contain it.

    If the correction has no risk flags, they are unchanged, and so is `mass`.
    """
    reported = decision.data["facts"]
    risk = reported.get("risk")
    is_mass = risk["mass"] if risk is not None else decision.corrects is not None and "mass" in decision.corrects.report.facts.get("flags", ())
    added = {"party_labels": party_labels} if party_labels else {}
    if is_mass and "reported_by" not in decision.data:
        added["flags"] = sorted({*facts.get("flags", ()), "mass"})
    return facts | added


def facts_after(correction: PendingCorrection) -> dict:
    """Return the facts of the report after the correction, or after the withdrawal of a correction."""
    return correction.restored_facts if correction.facts is None else corrected_registration(correction.report_facts, correction.facts)


def corrected_registration(old: dict, corrected: dict) -> dict:
    """Return the facts of a report after a correction, in the form of the facts of dispute.registered. Place and kind are replaced as a whole, the others
    too, unless the correction states place and kind only. Party labels are replaced if the parties were corrected.
    """
    place_and_kind = {**corrected["place"], "kind": corrected["kind"]}
    if "channel" not in corrected:  # a correction by the mediation centre
        return {name: value for name, value in old.items() if name not in PLACE_FIELDS} | place_and_kind
    labels = {"party_labels": old["party_labels"]} if "party_labels" in old else {}
    return labels | {name: value for name, value in corrected.items() if name != "place"} | place_and_kind


def new_proposals(correction: PendingCorrection, before: Duplicates, after: Duplicates, corrected: ComparableReport) -> list[ExtraEvent]:
    """Return events that propose the duplicates that the corrected report has and the report before the correction had not. It is never joined by rule."""
    known = {id(other.dispute.root) for other, _ in _found(before)} | {id(corrected.dispute.root)}
    events = []
    for other, comparison in _found(after):
        if id(other.dispute.root) not in known:
            event = {"source": f"/agencies/{correction.agency}", "id": correction.event_id}
            facts = {
                "event": event,
                "agency": correction.agency,
                "reasons": duplicates.reasons_for_duplicate(comparison),
                "days": comparison.days,
            }
            pair = (other.dispute.root, corrected.dispute.root)
            earlier, later = reversed(pair) if other.reported_at > corrected.reported_at else pair
            events.append(ExtraEvent("duplicate.proposed", later, facts, {"other": earlier}))
    return events


def _found(duplicates_found: Duplicates) -> Iterable[tuple[ComparableReport, duplicates.Comparison]]:
    return [duplicates_found.join] if duplicates_found.join is not None else duplicates_found.proposals
