"""Whom the rules would send a dispute to, in order, each with its reasons. Pure: facts in, a proposal out. A person decides.

Bodies are compared, people never: a body's record is a count of what it was sent, took and declined, and of what it has at hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from contracts import AGENCIES
from services.mediation.rosters.roster import Roster
from services.mediation.routing.rules import EVERYBODY, Rule, Rules

SHOWN = 5  # candidates
MEDIATES = ("peoples_mediation_committee", "industry_mediation_body", "invited_mediation_body")
ENOUGH = 10  # answers; fewer say nothing about a body


@dataclass(frozen=True, slots=True)
class Asked:
    """A dispute as the rules ask about it."""

    kind: str
    township: str
    village: str | None = None
    track: str = "A"
    standings: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    excluded: dict[str, str] = field(default_factory=dict)  # an agency's or organisation's code: why not


@dataclass(slots=True)
class Record:
    """What became of what one body was sent, and what it has at hand. Of a body, never of a person."""

    accepted: int = 0
    declined: int = 0
    open: int = 0

    @property
    def accepts(self) -> int | None:
        """In percent; None while there is too little to say."""
        answered = self.accepted + self.declined
        return 100 * self.accepted // answered if answered >= ENOUGH else None


@dataclass(slots=True)
class Candidate:
    to: str
    organisation: str | None
    points: int = 0
    reasons: list[tuple[int, str]] = field(default_factory=list)
    joint_with: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        reasons = dict.fromkeys(reason for _, reason in sorted(self.reasons, key=lambda one: -abs(one[0])))
        whose = {"to": self.to, "organisation": self.organisation} if self.organisation else {"to": self.to}
        return {**whose, "joint_with": [agency for agency in self.joint_with if agency != self.to], "points": self.points, "reasons": list(reasons)}


def propose(asked: Asked, rules: Rules, roster: Roster, records: dict[str, Record], day: date) -> dict:
    """`candidates`, `excluded` and `rules`, as routing.proposed carries them.

    `records` are by code of an organisation or, where an agency speaks for one body only, of the agency. Equal points: who has less at hand; then
    by code, which says nothing.
    """
    found: dict[str, Candidate] = {}
    fitting = [rule for rule in rules.rules if fits(rule, asked, day)]
    for rule in fitting:
        if rule.bodies != EVERYBODY:
            for to, organisation in _bodies(rule, asked, roster, day):
                if AGENCIES[to].is_active:
                    _add(found.setdefault(organisation or to, Candidate(to, organisation)), rule)
    out = {code: why for code, candidate in found.items() if (why := asked.excluded.get(candidate.organisation or "") or asked.excluded.get(candidate.to))}
    named = {code: candidate for code, candidate in found.items() if code not in out}
    for candidate in named.values():
        for rule in fitting:
            if rule.bodies == EVERYBODY and _so_far(rule, record_of(candidate, records)):
                _add(candidate, rule)
    order = sorted((c for c in named.values() if c.points > 0), key=lambda c: (-c.points, record_of(c, records).open, c.organisation or c.to))
    excluded = [{**({"organisation": found[code].organisation} if found[code].organisation else {}), "to": found[code].to, "reason": why}
                for code, why in sorted(out.items())]  # fmt: skip
    return {"candidates": [candidate.as_dict() for candidate in order[:SHOWN]], "excluded": excluded, "rules": rules.edition}


def fits(rule: Rule, asked: Asked, day: date) -> bool:
    """Whether a rule is about such a dispute on that day."""
    return (
        (rule.valid_from is None or rule.valid_from <= day)
        and (rule.valid_to is None or day <= rule.valid_to)
        and (not rule.kinds or asked.kind in rule.kinds)
        and (not rule.townships or asked.township in rule.townships)
        and (not rule.tracks or asked.track in rule.tracks)
        and (not rule.standings or not asked.standings.isdisjoint(rule.standings))
        and (not rule.flags or not asked.flags.isdisjoint(rule.flags))
    )


def record_of(candidate: Candidate, records: dict[str, Record]) -> Record:
    """Its own, else that of the agency where it is the only body behind it."""
    return records.get(candidate.organisation or candidate.to) or records.get(candidate.to) or Record()


def _add(candidate, rule):
    candidate.points += rule.points
    candidate.reasons.append((rule.points, rule.reason))
    candidate.joint_with += [agency for agency in rule.joint_with if agency not in candidate.joint_with and AGENCIES[agency].is_active]


def _so_far(rule, record):
    for when in rule.when:
        value = record.accepts if when.measure == "accepts" else record.open
        if value is None or not (value >= when.number if when.at_least else value <= when.number):
            return False
    return True


def _bodies(rule: Rule, asked: Asked, roster: Roster, day: date) -> Iterable[tuple[str, str | None]]:
    word, _, which = rule.bodies.partition(":")
    if word == "agency":
        return [(which, None)]
    return [(organisation.agency, organisation.code) for organisation in _FOUND[word](roster, day, which, asked)]


def _takes(organisation, asked):
    return not organisation.takes or asked.kind in organisation.takes


# fmt: off
COMMITTEE = "peoples_mediation_committee"
_FOUND = {                          # the organisations on the roster that day
    "village_committee":  lambda roster, day, which, asked: [one for one in roster.of_kind(COMMITTEE, day, asked.township)
                                                             if asked.village is not None and one.village == asked.village and _takes(one, asked)],
    "township_committee": lambda roster, day, which, asked: [one for one in roster.of_kind(COMMITTEE, day, asked.township)
                                                             if one.village is None and _takes(one, asked)],
    "takes_it":           lambda roster, day, which, asked: [one for one in roster.of_kind("industry_mediation_body", day) if asked.kind in one.takes],
    "kind":               lambda roster, day, which, asked: [one for one in roster.of_kind(which, day) if which in MEDIATES and _takes(one, asked)],
    "organisation":       lambda roster, day, which, asked: [one for one in [roster.organisation(which, day)] if one is not None],
}
# fmt: on


# ── Who of a body might mediate ───────────────────────────────────────────────────────────────────────────────────────────────────


def mediators(
    organisations: Iterable[str], asked: Asked, roster: Roster, open_now: dict[str, int], recused: Iterable[str], chosen: str | None, day: date
) -> list[str]:
    """Numbers of the people of one body's organisations who take such a dispute, for the body to choose from: the parties' choice first, then who has least at hand.

    Who disclosed a conflict is left out, also when chosen. `open_now` is how many disputes each has at hand: to share out the work, kept nowhere.
    """
    out = set(recused)
    members = [member for code in organisations for member in roster.members_of(code, day)]
    able = {member.id for member in members if member.role != "judge" and _takes(member, asked) and member.id not in out}
    return sorted(able, key=lambda number: (number != chosen, open_now.get(number, 0), number))[:SHOWN]
