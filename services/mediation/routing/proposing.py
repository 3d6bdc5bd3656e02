"""Proposes mediation bodies for a dispute, in order of points and with reasons, and selects mediators. Pure functions. A person decides on every proposal.

Bodies are compared with each other by statistics of their earlier referrals. There are no statistics of people.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from contracts import AGENCIES
from services.mediation.rosters.roster import Roster
from services.mediation.routing.rules import ALL_NAMED_BODIES, Rule, Rules

MAX_CANDIDATES = 5
MEDIATION_BODY_KINDS = ("peoples_mediation_committee", "industry_mediation_body", "invited_mediation_body")
MIN_ANSWERS = 10  # a body that answered fewer referrals has no acceptance rate


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """Facts of a dispute that the routing rules use."""

    kind: str
    township: str
    village: str | None = None
    track: str = "A"
    standings: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    excluded: dict[str, str] = field(default_factory=dict)  # by code of an agency or organisation: reason why it must not be proposed


@dataclass(slots=True)
class BodyStatistics:
    """Number of referrals that one mediation body accepted and declined, and number of its open disputes."""

    accepted: int = 0
    declined: int = 0
    open: int = 0

    @property
    def acceptance_rate(self) -> int | None:
        """Accepted referrals in percent of answered referrals, or None if fewer than MIN_ANSWERS referrals were answered."""
        answered = self.accepted + self.declined
        return 100 * self.accepted // answered if answered >= MIN_ANSWERS else None


@dataclass(slots=True)
class Candidate:
    """A mediation body that may be proposed: the agency `to` and, if the agency has several organisations, the organisation."""

    to: str
    organisation: str | None
    points: int = 0
    reasons: list[tuple[int, str]] = field(default_factory=list)  # (points, reason) of each matching rule
    joint_with: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        """Return the candidate as an object of the event routing.proposed. The reason with most points is first."""
        reasons = dict.fromkeys(reason for _, reason in sorted(self.reasons, key=lambda weighted: -abs(weighted[0])))
        body = {"to": self.to, "organisation": self.organisation} if self.organisation else {"to": self.to}
        return {**body, "joint_with": [agency for agency in self.joint_with if agency != self.to], "points": self.points, "reasons": list(reasons)}


def propose(facts: RoutingFacts, rules: Rules, roster: Roster, statistics: dict[str, BodyStatistics], day: date) -> dict:
    """Return `candidates`, `excluded` and `rules` (version of the rules) for the event routing.proposed.

    `statistics` are by code of an organisation or, if an agency has only one body, of the agency. Candidates with equal points are in order of their
    open disputes, then of their codes.
    """
    found: dict[str, Candidate] = {}
    matching_rules = [rule for rule in rules.rules if rule_matches(rule, facts, day)]
    for rule in matching_rules:
        if rule.bodies != ALL_NAMED_BODIES:
            for to, organisation in _find_bodies(rule, facts, roster, day):
                if AGENCIES[to].is_active:
                    _add_points(found.setdefault(organisation or to, Candidate(to, organisation)), rule)
    excluded_codes = {
        code: reason for code, candidate in found.items() if (reason := facts.excluded.get(candidate.organisation or "") or facts.excluded.get(candidate.to))
    }
    eligible = {code: candidate for code, candidate in found.items() if code not in excluded_codes}
    for candidate in eligible.values():
        for rule in matching_rules:
            if rule.bodies == ALL_NAMED_BODIES and _meets_conditions(rule, find_statistics(candidate, statistics)):
                _add_points(candidate, rule)
    candidates = sorted((c for c in eligible.values() if c.points > 0), key=lambda c: (-c.points, find_statistics(c, statistics).open, c.organisation or c.to))
    excluded = [{**({"organisation": found[code].organisation} if found[code].organisation else {}), "to": found[code].to, "reason": reason}
                for code, reason in sorted(excluded_codes.items())]  # fmt: skip
    return {"candidates": [candidate.as_dict() for candidate in candidates[:MAX_CANDIDATES]], "excluded": excluded, "rules": rules.version}


def rule_matches(rule: Rule, facts: RoutingFacts, day: date) -> bool:
    """Return whether the rule is valid on that day and the dispute meets all conditions of the rule."""
    return (
        (rule.valid_from is None or rule.valid_from <= day)
        and (rule.valid_to is None or day <= rule.valid_to)
        and (not rule.kinds or facts.kind in rule.kinds)
        and (not rule.townships or facts.township in rule.townships)
        and (not rule.tracks or facts.track in rule.tracks)
        and (not rule.standings or not facts.standings.isdisjoint(rule.standings))
        and (not rule.flags or not facts.flags.isdisjoint(rule.flags))
    )


def find_statistics(candidate: Candidate, statistics: dict[str, BodyStatistics]) -> BodyStatistics:
    """Return the statistics of the candidate's organisation, else of its agency, else empty statistics."""
    return statistics.get(candidate.organisation or candidate.to) or statistics.get(candidate.to) or BodyStatistics()


def _add_points(candidate, rule):
    candidate.points += rule.points
    candidate.reasons.append((rule.points, rule.reason))
    candidate.joint_with += [agency for agency in rule.joint_with if agency not in candidate.joint_with and AGENCIES[agency].is_active]


def _meets_conditions(rule, body_statistics):
    """Return whether the statistics of a body meet all conditions of the rule. A missing acceptance rate meets none."""
    for condition in rule.when:
        value = body_statistics.acceptance_rate if condition.measure == "accepts" else body_statistics.open
        if value is None or not (value >= condition.number if condition.at_least else value <= condition.number):
            return False
    return True


def _find_bodies(rule: Rule, facts: RoutingFacts, roster: Roster, day: date) -> Iterable[tuple[str, str | None]]:
    """Return the bodies that the column `bodies` of the rule selects, as (agency, organisation or None)."""
    selector, _, argument = rule.bodies.partition(":")
    if selector == "agency":
        return [(argument, None)]
    return [(organisation.agency, organisation.code) for organisation in _ORGANISATION_FINDERS[selector](roster, day, argument, facts)]


def _takes_kind(entry, facts):
    """Return whether an organisation or member accepts disputes of this kind. An empty list of kinds means every kind."""
    return not entry.takes or facts.kind in entry.takes


# fmt: off
PEOPLES_COMMITTEE = "peoples_mediation_committee"
_ORGANISATION_FINDERS = {           # function for each selector in the column `bodies` of a rule; returns organisations on the roster of that day
    "village_committee":  lambda roster, day, argument, facts: [one for one in roster.organisations_of_kind(PEOPLES_COMMITTEE, day, facts.township)
                                                                if facts.village is not None and one.village == facts.village and _takes_kind(one, facts)],
    "township_committee": lambda roster, day, argument, facts: [one for one in roster.organisations_of_kind(PEOPLES_COMMITTEE, day, facts.township)
                                                                if one.village is None and _takes_kind(one, facts)],
    "takes_it":           lambda roster, day, argument, facts: [one for one in roster.organisations_of_kind("industry_mediation_body", day)
                                                                if facts.kind in one.takes],
    "kind":               lambda roster, day, argument, facts: [one for one in roster.organisations_of_kind(argument, day)
                                                                if argument in MEDIATION_BODY_KINDS and _takes_kind(one, facts)],
    "organisation":       lambda roster, day, argument, facts: [one for one in [roster.organisation(argument, day)] if one is not None],
}
# fmt: on


# ── Selection of mediators ────────────────────────────────────────────────────────────────────────────────────────────────────────


def select_mediators(
    organisations: Iterable[str], facts: RoutingFacts, roster: Roster, open_disputes: dict[str, int], recused: Iterable[str], preferred: str | None, day: date
) -> list[str]:
    """Return the numbers of mediators of these organisations who accept such a dispute; the body chooses one.

    The mediator preferred by the parties comes first, then mediators with the fewest open disputes (`open_disputes`, by number; counted for this
    purpose and not stored). Judges and people in `recused` are excluded, even if they are preferred.
    """
    excluded = set(recused)
    members = [member for code in organisations for member in roster.members_of(code, day)]
    eligible = {member.id for member in members if member.role != "judge" and _takes_kind(member, facts) and member.id not in excluded}
    return sorted(eligible, key=lambda number: (number != preferred, open_disputes.get(number, 0), number))[:MAX_CANDIDATES]
