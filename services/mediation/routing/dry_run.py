"""Dry run of routing rules on past disputes: what they would have proposed, compared with the body that each dispute was sent to. Pure.

The records of bodies (referrals accepted and declined, open disputes) are those of today.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import BodyRecord, RoutingFacts, propose
from services.mediation.routing.rules import Rules


@dataclass(slots=True)
class DryRunResult:
    """Numbers of past disputes. `proposed` and `decided` count by (kind of dispute, agency of the body)."""

    edition: str
    disputes: int = 0
    first_choice: int = 0  # sent to the first candidate
    other_choice: int = 0  # sent to another candidate
    no_proposal: int = 0
    proposed: Counter = field(default_factory=Counter)
    decided: Counter = field(default_factory=Counter)


def simulate_routing(past: Iterable[tuple[str, str, dict, str]], rules: Rules, roster: Roster, records: dict[str, BodyRecord], day: date) -> DryRunResult:
    """Return the result for `past`, rows of (kind, township, particulars, body). Disputes with equal facts are evaluated once."""
    result, candidates_by_facts = DryRunResult(rules.edition), {}
    for kind, township, particulars, body in past:
        facts = (kind, township, particulars.get("village"), particulars.get("track", "A"),
                frozenset(particulars.get("standings", ())), frozenset(particulars.get("flags", ())))  # fmt: skip
        if facts not in candidates_by_facts:
            candidates_by_facts[facts] = [candidate["to"] for candidate in propose(RoutingFacts(*facts), rules, roster, records, day)["candidates"]]
        proposed = candidates_by_facts[facts]
        result.disputes += 1
        result.decided[kind, body] += 1
        if proposed:
            result.proposed[kind, proposed[0]] += 1
        result.first_choice += body in proposed[:1]
        result.other_choice += body in proposed and body != proposed[0]
        result.no_proposal += not proposed
    return result
