"""Dry run of routing rules: compares the bodies that rules propose for past disputes with the bodies to which the disputes were sent. Pure functions.

The statistics of the mediation bodies (referrals accepted and declined, open disputes) are those of today.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import BodyStatistics, RoutingFacts, propose
from services.mediation.routing.rules import Rules


@dataclass(slots=True)
class DryRunResult:
    """Result of a dry run, in numbers of past disputes.

    `proposed` and `decided` count, by (kind of dispute, agency), the disputes for which the agency is the first candidate and those sent to it.
    """

    version: str  # version of the routing rules
    disputes: int = 0
    first_choice: int = 0  # disputes sent to the first candidate
    other_choice: int = 0  # disputes sent to another candidate
    no_proposal: int = 0  # disputes without any candidate
    proposed: Counter = field(default_factory=Counter)
    decided: Counter = field(default_factory=Counter)


def simulate_past_routing(
    past_disputes: Iterable[tuple[str, str, dict, str]], rules: Rules, roster: Roster, statistics: dict[str, BodyStatistics], day: date
) -> DryRunResult:
    """Return the result for past disputes, given as rows (kind, township, particulars, body). Disputes with equal routing facts are evaluated once."""
    result, candidates_by_facts = DryRunResult(rules.version), {}
    for kind, township, particulars, body in past_disputes:
        facts = (kind, township, particulars.get("village"), particulars.get("track", "A"),
                frozenset(particulars.get("standings", ())), frozenset(particulars.get("flags", ())))  # fmt: skip
        if facts not in candidates_by_facts:
            candidates_by_facts[facts] = [candidate["to"] for candidate in propose(RoutingFacts(*facts), rules, roster, statistics, day)["candidates"]]
        proposed = candidates_by_facts[facts]
        result.disputes += 1
        result.decided[kind, body] += 1
        if proposed:
            result.proposed[kind, proposed[0]] += 1
        result.first_choice += body in proposed[:1]
        result.other_choice += body in proposed and body != proposed[0]
        result.no_proposal += not proposed
    return result
