"""Corrections of dispute reports (report.corrected that corrects dispute.reported). Pure.

The reporting agency may correct all facts of its report but the report number; the mediation centre may correct place and kind of every report. Intake passes
the corrected facts on, and stores them only when the mediation service has applied the correction.
"""

from collections.abc import Iterable

from contracts.county import AGENCIES
from services.intake import duplicates
from services.intake.duplicates import Duplicates
from services.intake.model import BatchContext, ComparableReport, CorrectableReport, Decision, ExtraEvent, PendingCorrection
from services.intake.reasons import reason

CORRECTION, REPORT = "report.corrected", "dispute.reported"
PLACE_FIELDS = ("township", "village", "grid")


def corrected_facts(event_type: str, data: dict) -> dict | None:
    """Return the corrected facts if the event corrects a dispute report, else None."""
    return data.get("facts") if event_type == CORRECTION and data.get("corrects") == REPORT else None


def corrected_event(agency: str, data: dict) -> tuple[str, str]:
    """Return (agency, event id) of the event that a correction names: an event of the same agency, unless the mediation centre names another one."""
    return data.get("reported_by") or agency, data["event"]


def refusal_reason(agency: str, event_type: str, data: dict) -> dict | None:
    """Return the reason why this agency may not name another agency's event in a correction, or None."""
    if event_type != CORRECTION or "reported_by" not in data:
        return None
    if AGENCIES[agency].role != "M":
        return reason("not_your_report")
    return reason("malformed_data", field="reported_by", mistake="invalid") if data["reported_by"] == agency else None


def report_corrected_by(decision: Decision, context: BatchContext) -> CorrectableReport | None:
    """Return the dispute report that this event corrects, or None. The event may name the report, or an earlier correction of it."""
    if corrected_facts(decision.event.type, decision.data) is None:
        return None
    return (context.correctable_reports or {}).get(corrected_event(decision.agency, decision.data))


def remember_report(decision: Decision, context: BatchContext) -> None:
    """Add an accepted report or correction to the reports that later corrections of the same batch may name."""
    if context.correctable_reports is None or not decision.is_accepted:
        return
    if decision.is_new_report:
        context.correctable_reports[decision.agency, decision.event.id] = CorrectableReport(decision.registration, decision=decision)
    elif decision.corrected_report is not None:
        context.correctable_reports[decision.agency, decision.event.id] = decision.corrected_report


def published_facts(decision: Decision, facts: dict, party_labels: list[str]) -> dict:
    """Return the corrected facts to publish: with the labels of corrected parties, and with the flag `mass` if the corrected risk flags contain it.

    If the correction has no risk flags, they are unchanged, and so is `mass`.
    """
    reported = decision.data["facts"]
    risk = reported.get("risk")
    is_mass = risk["mass"] if risk is not None else decision.corrected_report is not None and "mass" in decision.corrected_report.facts.get("flags", ())
    added = {"party_labels": party_labels} if party_labels else {}
    if is_mass and "reported_by" not in decision.data:
        added["flags"] = sorted({*facts.get("flags", ()), "mass"})
    return facts | added


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
