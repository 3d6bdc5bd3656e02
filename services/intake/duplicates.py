"""Finds dispute reports about the same dispute: classifies two reports as certain duplicates, likely duplicates, or neither. Pure.

The rules are the list RULES. Joining two unrelated disputes does more harm than missing a duplicate, because the parties' case would disappear
in the case of other people. Therefore two reports are joined
automatically only if both sides are proved to be the same, two different agencies reported them within 30 days with the same township and the
same kind of dispute, and no facts contradict each other. Other likely duplicates are proposed to the mediation centre, unless only the names are
equal.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from services.intake import identity
from services.intake.model import OPEN, SETTLED, ComparableReport, PartyTokens

WINDOW = timedelta(days=30)  # reports further apart in time are not compared
MAX_REPORTS_PER_TOKEN = 20  # a matching token in more reports than this belongs to a bank, a landlord or a common name, and is ignored
MAX_PROPOSALS = 3  # proposed duplicates of one report: those nearest in time

# Levels of match between two parties, from the weakest to the strongest.
CONTRADICTED, DIFFERENT, MISSING, SAME_NAME, SAME_NAME_AND_VILLAGE, SAME_PARTY = range(6)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing two reports. `stronger_side` and `weaker_side` are the match levels of the two sides, the higher one first."""

    stronger_side: int
    weaker_side: int
    all_parties_match: bool  # every party of each report is the same as exactly one party of the other report
    matches_person: bool  # the reports share a natural person on the stronger side, not only an organisation
    is_other_agency: bool
    is_same_place: bool
    is_same_kind: bool
    facts_differ: bool  # both reports give the village, the cause or the amount, and the values differ
    days: int  # number of days between the two reports
    phase: str  # phase of the other report's dispute when the first report was made


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that gives a verdict on a comparison of two reports. It fits if all its conditions hold; a condition of None is not checked."""

    verdict: str
    stronger_side: int  # minimum match level of the stronger side
    weaker_side: int  # minimum match level of the weaker side
    is_other_agency: bool | None
    days: int  # maximum number of days between the reports
    is_same_place: bool | None
    is_same_kind: bool | None
    facts_differ: bool | None
    phases: tuple[str, ...]
    all_parties_match: bool | None = None
    matches_person: bool | None = None

    def fits(self, comparison: Comparison) -> bool:
        return (
            comparison.stronger_side >= self.stronger_side
            and comparison.weaker_side >= self.weaker_side
            and comparison.days <= self.days
            and comparison.phase in self.phases
            and all(getattr(self, name) in (None, getattr(comparison, name)) for name in _BOOLEAN_FIELDS)
        )


_BOOLEAN_FIELDS = ("is_other_agency", "is_same_place", "is_same_kind", "facts_differ", "all_parties_match", "matches_person")
_NOT_ENDED = (OPEN, SETTLED)

# Each row gives a verdict and the conditions under which it applies to two reports. The first row that fits decides; None: not checked.
# fmt: off
RULES = (
    #     verdict    stronger side,         weaker side,            other    days,    same    same    facts   phase of the
    #                at least               at least                agency   at most  place   kind    differ  other dispute
    Rule("certain",  SAME_PARTY,            SAME_PARTY,             True,    30,      True,   True,   False,  (OPEN,),     all_parties_match=True),
    Rule("likely",   SAME_PARTY,            SAME_PARTY,             True,    30,      True,   None,   None,   _NOT_ENDED),  # perhaps another matter of these parties
    Rule("likely",   SAME_PARTY,            SAME_PARTY,             True,    30,      None,   True,   None,   _NOT_ENDED),  # perhaps reported from another township
    Rule("likely",   SAME_PARTY,            SAME_PARTY,             False,   7,       True,   True,   False,  _NOT_ENDED,  all_parties_match=True),  # perhaps two offices of one agency
    Rule("likely",   SAME_PARTY,            SAME_NAME,              True,    30,      True,   True,   None,   _NOT_ENDED,  matches_person=True),
    Rule("likely",   SAME_PARTY,            MISSING,                True,    7,       True,   True,   False,  _NOT_ENDED,  matches_person=True),
    Rule("likely",   SAME_PARTY,            DIFFERENT,              True,    3,       True,   True,   False,  _NOT_ENDED,  matches_person=True),  # perhaps a misspelt name
    Rule("likely",   SAME_PARTY,            SAME_NAME_AND_VILLAGE,  True,    7,       True,   True,   False,  _NOT_ENDED),  # for example a bank and a villager
    Rule("likely",   SAME_NAME_AND_VILLAGE, SAME_NAME_AND_VILLAGE,  True,    7,       True,   True,   False,  _NOT_ENDED),
)
# fmt: on


def is_comparable(risk: dict, safeguard_flags: Iterable[str]) -> bool:
    """Return whether a dispute report may be compared with others.

    A report with a safeguard flag (domestic violence and other dangers) is not compared: a join or a proposal would reveal that it exists.
    """
    return not any(risk.get(flag) for flag in safeguard_flags)


def comparable_report(agency: str, reported_at: datetime, facts: dict, parties: list[dict], key: bytes) -> ComparableReport | None:
    """Return the fields of a dispute report that are compared; None if its sides are not distinct. `key`: the key of the matching tokens."""
    tokens = identity.tokens_of_parties(parties, facts.get("village"), key)
    amount = facts.get("amount_cny")
    report = ComparableReport(
        agency, reported_at, facts["township"], facts["kind"], tokens, facts.get("village"), facts.get("cause"), None if amount is None else Decimal(amount)
    )
    return report if has_distinct_sides(report) else None


def classify(comparison: Comparison) -> str | None:
    """Return the verdict of the first rule that fits, `certain` or `likely`, or None if no rule fits."""
    return next((rule.verdict for rule in RULES if rule.fits(comparison)), None)


def reasons_for_duplicate(comparison: Comparison) -> list[str]:
    """Return why two reports count as duplicates, as tokens of contracts.kinds.DUPLICATE_REASONS."""
    who = "same_parties" if comparison.weaker_side == SAME_PARTY else "same_names" if comparison.stronger_side == SAME_NAME_AND_VILLAGE else "one_party"
    return [who, *(["same_place"] if comparison.is_same_place else []), *(["same_kind"] if comparison.is_same_kind else []), "within_days"]


def compare(report: ComparableReport, other: ComparableReport) -> Comparison:
    """Compare two reports. The sides are also compared crosswise, because the applicant of one report may be the respondent of the other."""
    straight = [
        _compare_sides(report.parties_on(side), other.parties_on(other_side)) for side, other_side in (("applicant", "applicant"), ("respondent", "respondent"))
    ]
    crossed = [
        _compare_sides(report.parties_on(side), other.parties_on(other_side)) for side, other_side in (("applicant", "respondent"), ("respondent", "applicant"))
    ]
    stronger, weaker = max(
        (sorted(sides, reverse=True) for sides in (straight, crossed)),
        key=lambda sides: (sides[1].level, sides[0].level, sides[0].all_parties_match and sides[1].all_parties_match),
    )
    return Comparison(
        stronger.level,
        weaker.level,
        stronger.all_parties_match and weaker.all_parties_match,
        stronger.matches_person or (weaker.level == SAME_PARTY and weaker.matches_person),
        report.agency != other.agency,
        report.township == other.township,
        report.kind == other.kind,
        any(
            value is not None and other_value is not None and value != other_value
            for value, other_value in zip(_comparable_fields(report), _comparable_fields(other), strict=True)
        ),
        abs(report.reported_at - other.reported_at).days,
        other.dispute.root.phase_at(report.reported_at),
    )


def _comparable_fields(report):
    return report.village, report.cause, report.amount_cny


@dataclass(frozen=True, slots=True, order=True)
class _SideMatch:
    """The match between the parties on one side of a report and the parties on one side of another report."""

    level: int
    all_parties_match: bool = False
    matches_person: bool = False


def _compare_sides(parties: list[PartyTokens], others: list[PartyTokens]) -> _SideMatch:
    if not parties or not others:
        return _SideMatch(MISSING)
    levels = [[compare_parties(party, other) for other in others] for party in parties]
    pairs = [(party, other) for party, row in zip(parties, levels, strict=True) for other, level in zip(others, row, strict=True) if level == SAME_PARTY]
    all_parties_match = (
        len(parties) == len(others) == len(pairs)
        and all(row.count(SAME_PARTY) == 1 for row in levels)
        and all(column.count(SAME_PARTY) == 1 for column in zip(*levels, strict=True))
    )
    best = max(max(row) for row in levels)
    if best < SAME_PARTY and any(CONTRADICTED in row for row in levels) and len(parties) == len(others) == 1:
        best = CONTRADICTED
    return _SideMatch(best, all_parties_match, any(not (party.is_organisation or other.is_organisation) for party, other in pairs))


def compare_parties(party: PartyTokens, other: PartyTokens) -> int:
    """Return the match level of two parties, from CONTRADICTED to SAME_PARTY."""
    if party.has_valid_check_digit and other.has_valid_check_digit and party.number != other.number:
        return CONTRADICTED
    if _are_equal(party.number, other.number) or _are_equal(party.mobile, other.mobile):
        return SAME_PARTY
    if _are_equal(party.village, other.village):
        return SAME_NAME_AND_VILLAGE
    return SAME_NAME if _are_equal(party.name, other.name) else DIFFERENT


def _are_equal(token, other_token):
    return token is not None and token == other_token


def has_distinct_sides(report: ComparableReport) -> bool:
    """Return whether the two sides of a report have no party in common.

    A report with the same party on both sides is a typing error and would match unrelated reports.
    """
    return not any(
        compare_parties(applicant, respondent) == SAME_PARTY for applicant in report.parties_on("applicant") for respondent in report.parties_on("respondent")
    )


# ── search for duplicates ─────────────────────────────────────────────────────────────────────────────────────────────


def lookup_tokens(report: ComparableReport) -> list[tuple[str, bytes]]:
    """Return the (token kind, matching token) pairs of a report's parties, by which other reports with the same parties are looked up."""
    return [(kind, token) for party in report.parties for kind in ("number", "mobile", "village") if (token := getattr(party, kind)) is not None]


def distinct_lookup_tokens(reports: Iterable[ComparableReport]) -> list[tuple[str, bytes]]:
    """Return the distinct (token kind, matching token) pairs of all parties of these reports, sorted."""
    return sorted({token for report in reports for token in lookup_tokens(report)})


def comparison_window(reports: Iterable[ComparableReport]) -> tuple[datetime, datetime]:
    """Return begin and end of the period whose reports are compared with the given reports."""
    times = [report.reported_at for report in reports]
    return min(times) - WINDOW, max(times) + WINDOW


@dataclass(slots=True)
class Duplicates:
    """The duplicates found for a dispute report: one report to join if the match is certain and unique, else reports to propose as duplicates."""

    join: tuple[ComparableReport, Comparison] | None = None
    proposals: list[tuple[ComparableReport, Comparison]] = field(default_factory=list)


def find_duplicates(report: ComparableReport, others: Iterable[ComparableReport]) -> Duplicates:
    """Return the duplicates of a report among `others`, at most one for each dispute.

    If several disputes are certain duplicates, it is uncertain to which dispute the report belongs, so all of them are proposed.
    """
    likely, certain = {}, {}
    for other in others:
        comparison = compare(report, other)
        verdict = classify(comparison)
        if verdict is None:
            continue
        best = certain if verdict == "certain" else likely
        dispute = id(other.dispute.root)
        if dispute not in best or comparison.days < best[dispute][1].days:
            best[dispute] = (other, comparison)
    if len(certain) == 1:
        return Duplicates(join=next(iter(certain.values())))
    nearest = sorted([*certain.values(), *(found for key, found in likely.items() if key not in certain)], key=lambda found: found[1].days)
    return Duplicates(proposals=nearest[:MAX_PROPOSALS])


class BatchComparer:
    """Compares each new report of a batch with stored reports and with earlier reports of the batch that share a matching token with it."""

    def __init__(self, stored: dict[tuple[str, bytes], list[ComparableReport]]):
        self._stored = stored
        self._in_batch: dict[tuple[str, bytes], list[ComparableReport]] = defaultdict(list)

    def find_duplicates(self, report: ComparableReport) -> Duplicates:
        """Return the duplicates of the next report of the batch. Later reports of the batch are compared with this report too."""
        tokens = lookup_tokens(report)
        found = find_duplicates(report, self._reports_with_tokens(tokens))
        for token in tokens:
            self._in_batch[token].append(report)
        return found

    def _reports_with_tokens(self, tokens) -> list[ComparableReport]:
        """Return the reports that contain one of these matching tokens. Tokens in more than MAX_REPORTS_PER_TOKEN reports are ignored."""
        found = {}
        for token in tokens:
            sharing = [*self._stored.get(token, ()), *self._in_batch.get(token, ())]
            if len(sharing) <= MAX_REPORTS_PER_TOKEN:
                found |= {id(report): report for report in sharing}
        return list(found.values())
