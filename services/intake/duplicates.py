"""When two reports are one dispute: certainly, likely, or not. Pure; the rules are a table.

A wrong join is worse than a missed one: people would lose their case to somebody else's. So only two sides that are both proved, told by
two different agencies of the same place and kind within a month, with nothing that contradicts, are joined without a person. Everything
else is at most put before the mediation centre, and not even that where a name alone would do it for half a village.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.intake.model import OPEN, SETTLED, Person, Report

WINDOW = timedelta(days=30)  # nothing further apart is compared
CROWD = 20  # a token that more reports share within the window is a bank, a landlord or a common name: it finds nobody
PROPOSED_AT_MOST = 3  # for one report: the nearest in time

# What two parties of the same side are to each other, weakest first.
CONTRADICTED, UNLIKE, UNTOLD, NAMESAKE, NEIGHBOUR, SAME = range(6)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two reports compare. `surer` and `other` are the two sides, the better proved one first."""

    surer: int
    other: int
    everybody: bool  # each party of the one is a party of the other, one to one
    by_a_person: bool  # the surer side agrees in a person, not in an organisation alone
    another_agency: bool
    same_place: bool
    same_kind: bool
    differs: bool  # village, cause or sum were told by both, and are not the same
    days: int
    standing: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table; a rule fits if all of it does. None: it does not matter."""

    verdict: str
    surer: int  # at least
    other: int  # at least
    another_agency: bool | None
    days: int
    same_place: bool | None
    same_kind: bool | None
    differs: bool | None
    standing: tuple[str, ...]
    everybody: bool | None = None
    by_a_person: bool | None = None

    def fits(self, likeness: Likeness) -> bool:
        return (
            likeness.surer >= self.surer
            and likeness.other >= self.other
            and likeness.days <= self.days
            and likeness.standing in self.standing
            and all(getattr(self, name) in (None, getattr(likeness, name)) for name in _WHETHER)
        )


_WHETHER = ("another_agency", "same_place", "same_kind", "differs", "everybody", "by_a_person")
_LIVE = (OPEN, SETTLED)

# fmt: off
RULES = (
    #     verdict    one side  the other   another  within  same    same    told          the other
    #                at least  at least    agency   days    place   kind    differently   dispute is
    Rule("certain",  SAME,     SAME,       True,    30,     True,   True,   False,        (OPEN,),   everybody=True),
    Rule("likely",   SAME,     SAME,       True,    30,     True,   None,   None,         _LIVE),      # same parties, perhaps another matter
    Rule("likely",   SAME,     SAME,       True,    30,     None,   True,   None,         _LIVE),      # same parties, told from another place
    Rule("likely",   SAME,     SAME,       False,   7,      True,   True,   False,        _LIVE,     everybody=True),  # two desks of one agency
    Rule("likely",   SAME,     NAMESAKE,   True,    30,     True,   True,   None,         _LIVE,     by_a_person=True),
    Rule("likely",   SAME,     UNTOLD,     True,    7,      True,   True,   False,        _LIVE,     by_a_person=True),
    Rule("likely",   SAME,     UNLIKE,     True,    3,      True,   True,   False,        _LIVE,     by_a_person=True),  # a name misheard
    Rule("likely",   SAME,     NEIGHBOUR,  True,    7,      True,   True,   False,        _LIVE),      # a bank, and a name in its village
    Rule("likely",   NEIGHBOUR, NEIGHBOUR, True,    7,      True,   True,   False,        _LIVE),
)
# fmt: on


def takes_part(risk: dict, safeguarded: Iterable[str]) -> bool:
    """Whether a report is compared at all. What belongs to the sealed lane is not: a join or a proposal would show outside that it exists."""
    return not any(risk.get(flag) for flag in safeguarded)


def verdict_on(likeness: Likeness) -> str | None:
    """`certain`, `likely`, or None: the first row that fits."""
    return next((rule.verdict for rule in RULES if rule.fits(likeness)), None)


def reasons_for(likeness: Likeness) -> list[str]:
    """Why they are taken for one, in tokens of contracts.kinds.SAMENESS."""
    who = "same_parties" if likeness.other == SAME else "same_names" if likeness.surer == NEIGHBOUR else "one_party"
    return [who, *(["same_place"] if likeness.same_place else []), *(["same_kind"] if likeness.same_kind else []), "within_days"]


def compare(report: Report, other: Report) -> Likeness:
    """Either way round: who complains to the police is complained of at the women's federation."""
    straight = [_sides(report.side(mine), other.side(yours)) for mine, yours in (("applicant", "applicant"), ("respondent", "respondent"))]
    crossed = [_sides(report.side(mine), other.side(yours)) for mine, yours in (("applicant", "respondent"), ("respondent", "applicant"))]
    surer, weaker = max(
        (sorted(way, reverse=True) for way in (straight, crossed)), key=lambda way: (way[1].bond, way[0].bond, way[0].everybody and way[1].everybody)
    )
    return Likeness(
        surer.bond,
        weaker.bond,
        surer.everybody and weaker.everybody,
        surer.by_a_person or (weaker.bond == SAME and weaker.by_a_person),
        report.agency != other.agency,
        report.township == other.township,
        report.kind == other.kind,
        any(mine is not None and yours is not None and mine != yours for mine, yours in zip(_told(report), _told(other), strict=True)),
        abs(report.reported_at - other.reported_at).days,
        other.dispute.root.standing,
    )


def _told(report):
    return report.village, report.cause, report.amount_cny


@dataclass(frozen=True, slots=True, order=True)
class _Side:
    bond: int
    everybody: bool = False
    by_a_person: bool = False


def _sides(mine: list[Person], yours: list[Person]) -> _Side:
    if not mine or not yours:
        return _Side(UNTOLD)
    bonds = [[bond(one, another) for another in yours] for one in mine]
    pairs = [(one, another) for one, row in zip(mine, bonds, strict=True) for another, found in zip(yours, row, strict=True) if found == SAME]
    everybody = (
        len(mine) == len(yours) == len(pairs)
        and all(row.count(SAME) == 1 for row in bonds)
        and all(column.count(SAME) == 1 for column in zip(*bonds, strict=True))
    )
    best = max(max(row) for row in bonds)
    if best < SAME and any(CONTRADICTED in row for row in bonds) and len(mine) == len(yours) == 1:
        best = CONTRADICTED
    return _Side(best, everybody, any(not (one.organisation or another.organisation) for one, another in pairs))


def bond(one: Person, another: Person) -> int:
    """What two parties are to each other."""
    if one.certified and another.certified and one.number != another.number:
        return CONTRADICTED
    if _agree(one.number, another.number) or _agree(one.mobile, another.mobile):
        return SAME
    if _agree(one.village, another.village):
        return NEIGHBOUR
    return NAMESAKE if _agree(one.name, another.name) else UNLIKE


def _agree(one, another):
    return one is not None and one == another


def is_telling(report: Report) -> bool:
    """Whether its sides can be told apart: one person as both is a slip of the pen, and would match anybody's."""
    return not any(bond(one, another) == SAME for one in report.side("applicant") for another in report.side("respondent"))


# ── a report among others ─────────────────────────────────────────────────────────────────────────────────────────────────


def tokens_that_find(report: Report) -> list[tuple[str, bytes]]:
    """(kind, token) of everything by which others are looked up."""
    return [(kind, token) for person in report.persons for kind in ("number", "mobile", "village") if (token := getattr(person, kind)) is not None]


def tokens_of(reports: Iterable[Report]) -> list[tuple[str, bytes]]:
    """Everything by which others like these are looked up."""
    return sorted({token for report in reports for token in tokens_that_find(report)})


def window_of(reports: Iterable[Report]) -> tuple[datetime, datetime]:
    """From when to when others are compared with these."""
    times = [report.reported_at for report in reports]
    return min(times) - WINDOW, max(times) + WINDOW


@dataclass(slots=True)
class Found:
    """What is known of a report among the others: `joins` if one dispute is certainly the same, else `proposals`."""

    joins: tuple[Report, Likeness] | None = None
    proposals: list[tuple[Report, Likeness]] = field(default_factory=list)


def judge(report: Report, others: Iterable[Report]) -> Found:
    """What follows from comparing a report with `others`, one entry per dispute in what it gives.

    Where two disputes are both certainly the same, which of them it is is not: then both are proposed.
    """
    likely, certain = {}, {}
    for other in others:
        likeness = compare(report, other)
        verdict = verdict_on(likeness)
        if verdict is None:
            continue
        best = certain if verdict == "certain" else likely
        dispute = id(other.dispute.root)
        if dispute not in best or likeness.days < best[dispute][1].days:
            best[dispute] = (other, likeness)
    if len(certain) == 1:
        return Found(joins=next(iter(certain.values())))
    nearest = sorted([*certain.values(), *(found for key, found in likely.items() if key not in certain)], key=lambda found: found[1].days)
    return Found(proposals=nearest[:PROPOSED_AT_MOST])


class Comparing:
    """Compares each new report of a batch with the earlier ones that share a token: `similar` from before the batch, and those before it in the batch."""

    def __init__(self, similar: dict[tuple[str, bytes], list[Report]]):
        self._similar = similar
        self._here: dict[tuple[str, bytes], list[Report]] = defaultdict(list)

    def judge(self, report: Report) -> Found:
        """What follows from comparing the next report."""
        tokens = tokens_that_find(report)
        found = judge(report, self._sharing(tokens))
        for token in tokens:
            self._here[token].append(report)
        return found

    def _sharing(self, tokens) -> list[Report]:
        """The reports that share one of these tokens. Tokens shared by a crowd are ignored: they match crowds, not persons."""
        found = {}
        for token in tokens:
            sharing = [*self._similar.get(token, ()), *self._here.get(token, ())]
            if len(sharing) <= CROWD:
                found |= {id(report): report for report in sharing}
        return list(found.values())
