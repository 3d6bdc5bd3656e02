"""What would have gone where by other rules: past disputes, the proposal for each, and where it went. Pure; records are those of today."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import Asked, Record, propose
from services.mediation.routing.rules import Rules


@dataclass(slots=True)
class Rehearsal:
    """Counts by kind and by the agency that speaks for the body. `same`: the first choice is where it went; `among`: one of the others is."""

    edition: str
    disputes: int = 0
    same: int = 0
    among: int = 0
    nobody: int = 0
    proposed: Counter = field(default_factory=Counter)
    decided: Counter = field(default_factory=Counter)


def rehearse(past: Iterable[tuple[str, str, dict, str]], rules: Rules, roster: Roster, records: dict[str, Record], day: date) -> Rehearsal:
    """`past` is rows of (kind, township, particulars, body). The same sort of dispute is asked about once."""
    result, known = Rehearsal(rules.edition), {}
    for kind, township, particulars, body in past:
        sort = (kind, township, particulars.get("village"), particulars.get("track", "A"),
                frozenset(particulars.get("standings", ())), frozenset(particulars.get("flags", ())))  # fmt: skip
        if sort not in known:
            known[sort] = [candidate["to"] for candidate in propose(Asked(*sort), rules, roster, records, day)["candidates"]]
        proposed = known[sort]
        result.disputes += 1
        result.decided[kind, body] += 1
        if proposed:
            result.proposed[kind, proposed[0]] += 1
        result.same += body in proposed[:1]
        result.among += body in proposed and body != proposed[0]
        result.nobody += not proposed
    return result
