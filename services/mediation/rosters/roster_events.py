"""What mediation makes of a change that an agency told: the versions that follow, and what is said about it. Pure."""

from contracts import REASONS
from services.mediation.law.dates import date_of
from services.mediation.rosters.roster import Entry, Refusal, Roster, change

REPORTED = "roster.reported"
REFUSED = "roster.refused"


def decide(event, roster: Roster) -> tuple[list[Entry], tuple[str, dict]]:
    """The new versions (none, if it is refused) and the one thing that is said: roster.changed or roster.refused. `roster` learns them too."""
    report = {**event.data, "on": date_of(event.data["on"])}
    code = report["organisation"]
    if event.discarded:
        found = Refusal("discarded_by_operator")
    else:
        found = change(report, report["told_by"], roster.organisations.get(code, []), roster.members.get(code, []))
    if isinstance(found, Refusal):
        reason = REASONS[found.reason].text(**found.facts)
        return [], (REFUSED, {"event": report["event"], "organisation": code, "change": report["change"], "reason": reason})
    roster.learn(found)
    return found, ("roster.changed", event.data)
