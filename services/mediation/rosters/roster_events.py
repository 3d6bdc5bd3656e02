"""Decides a roster change that an agency reported: which versions change, and which event is published. Pure function."""

from contracts import REASONS
from services.mediation.law.dates import date_of
from services.mediation.rosters.roster import Entry, Refusal, Roster, decide_change

ROSTER_REPORTED = "roster.reported"
ROSTER_REFUSED = "roster.refused"


def decide(event, roster: Roster) -> tuple[list[Entry], tuple[str, dict]]:
    """Return the new and changed versions (none after a refusal), and the event to publish, roster.changed or roster.refused, as (type, data).

    The versions are also added to `roster`.
    """
    report = {**event.data, "on": date_of(event.data["on"])}
    code = report["organisation"]
    if event.discarded:
        result = Refusal("discarded_by_operator")
    else:
        result = decide_change(report, report["told_by"], roster.organisations.get(code, []), roster.members.get(code, []))
    if isinstance(result, Refusal):
        reason = REASONS[result.reason].text(**result.facts)
        return [], (ROSTER_REFUSED, {"event": report["event"], "organisation": code, "change": report["change"], "reason": reason})
    roster.add_versions(result)
    return result, ("roster.changed", event.data)
