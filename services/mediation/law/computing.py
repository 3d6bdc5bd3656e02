"""Computation of one deadline, by `compute`. Used by the calculator and for the deadlines of disputes. Pure computation.

Input: the rule in periods.py, the start, appraisals, suspensions, extensions, a restart, and the time at which the required step was performed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI
from services.mediation.law.counting import Days, Hours, Length, Months, WorkingDayCalendar, WorkingDays, add_months, due_at, is_in_time, is_provisional
from services.mediation.law.dates import day_of, end_of
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import DEFAULT_RULES, REGISTRATION_FIRST_FROM, ExtensionRule, Rule, Rules

Pause = tuple[datetime, datetime | None]  # start and end; None: the pause has not ended


@dataclass(frozen=True, slots=True)
class Extension:
    """Length of one extension, and the time at which the last required consent was given. None: the time is unknown and counts as in time."""

    consented_at: datetime | None
    length: Length
    by_all: bool = True  # False: at least one party whose consent is required did not consent, so the extension has no effect


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts from which one deadline is computed. Datetimes are aware; a date is represented by midnight of that day in China."""

    clock: str
    started_at: datetime
    pauses: Sequence[Pause] = ()
    extensions: Sequence[Extension] = ()
    restarted_at: datetime | None = None
    performed_at: datetime | None = None
    as_of: datetime | None = None
    opened_at: datetime | None = None  # day of the referral, if its receipt was signed later; selects the version of the rule in force
    on_platform: bool | None = None  # whether mediation takes place on the platform of the people's courts; None: not stated
    length: Length | None = None  # length set by a letter; None: the length of the rule applies
    base: str | None = None  # clock that is extended, if the clock is mediation_extension
    suspensions: Sequence[Pause] = ()  # start and end of suspensions of mediation, which are not counted
    postponed_days: int = 0  # number of days by which the deadline was moved because the dispute was held or stayed
    limits_checked: bool = False  # True: the extensions were checked against the limits in force when they were granted, and are not cut afterwards


# Effect of an extension: whether it lengthens the period.
EXTENSION_EFFECTS = {
    "granted": True,
    "cut": True,  # reduced to the length allowed
    "too_late": False,  # consented to after the end of the period
    "once_only": False,  # a second extension is not allowed
    "not_all_consented": False,  # a party whose consent is required did not consent
}


@dataclass(frozen=True, slots=True)
class ExtensionResult:
    """Effect of one extension, a key of EXTENSION_EFFECTS, and the deadline before it."""

    extension: Extension
    effect: str
    previous_end: datetime  # the deadline before this extension


@dataclass(frozen=True, slots=True)
class Computed:
    """Result of the computation of a deadline. `nominal` is the last day as counted, before it is moved from a rest day to a working day."""

    facts: Facts
    rule: Rule
    length: Length  # length including extensions in months; extensions in days are in `added_days`
    added_days: int
    counted_from: datetime
    nominal: date
    last_moment: datetime  # if `paused`: the end that results if the pause ends at `as_of`
    latest_moment: datetime  # the latest end that is possible; later than `last_moment` only while a holiday schedule is not published
    provisional: bool
    paused: bool
    excluded: tuple[tuple[int, int], ...]  # first and last day not counted of each pause, as ordinals (date.toordinal)
    extensions: tuple[ExtensionResult, ...]
    not_before: date | None
    outcome: str | None

    @property
    def due(self) -> date:
        """Return the last day of the period in Chinese time."""
        return day_of(self.last_moment)

    @property
    def readings(self) -> tuple[int, ...]:
        """Return the numbers of the interpretations of disputed law (periods.READINGS) that were applied."""
        applied = set(self.rule.readings)
        if self.extensions:
            applied.add(3)
        if self.provisional and not self.paused:
            applied.add(10)
        return tuple(sorted(applied))


def rule_for(facts: Facts, rules: Rules = DEFAULT_RULES) -> Rule:
    """Return the rule of the clock that was in force on the day of the start. Raises InvalidFacts if no rule was in force."""
    rows = rules.get(facts.clock)
    if rows is None:
        raise InvalidFacts("unknown_clock")
    if len(rows) == 1 and rows[0].opened_until is None and rows[0].opened_from is None:
        return rows[0]
    if facts.on_platform is not None:
        rows = [row for row in rows if row.on_platform in (None, facts.on_platform)]
    opened = day_of(facts.opened_at or facts.started_at)
    for row in rows:
        if (row.opened_from is None or row.opened_from <= opened) and (row.opened_until is None or opened <= row.opened_until):
            return row
    if rows[-1].opened_until is not None and opened > rows[-1].opened_until:
        raise InvalidFacts("not_opened_any_more", after=rows[-1].opened_until + timedelta(days=1), article=rows[-1].article)
    raise InvalidFacts("not_opened_yet", since=min(row.opened_from for row in rows if row.opened_from))


def initial_deadline(facts: Facts, holidays: WorkingDayCalendar, rules: Rules = DEFAULT_RULES) -> tuple[Rule, datetime]:
    """Return the rule and the last moment of a period without pauses and extensions. Equal to the result of `compute`, in a fifth of the time."""
    rule = rule_for(facts, rules)
    return rule, due_at(facts.started_at, rule.length, holidays)


def compute(facts: Facts, holidays: WorkingDayCalendar, rules: Rules = DEFAULT_RULES) -> Computed:
    """Return the computed deadline with the extensions and pauses that were counted.

    Raises InvalidFacts if no rule of the clock is in force on the day of the start, or if the facts contain an extension that the rule does not allow.
    Source: 民事诉讼法 85; 民法典 201-203; 民事诉讼法解释 125; the interpretations in periods.READINGS.
    """
    rule = rule_for(facts, rules)
    rule, facts = _with_base_length(rule, facts, rules)
    if facts.extensions and rule.extension is None:
        raise InvalidFacts("not_extendable", article=rule.article)
    start = facts.restarted_at or facts.started_at
    length, added = facts.length or rule.length, 0
    limits = rule.extension and replace(rule.extension, at_most=None, once=False) if facts.limits_checked else rule.extension
    pauses = _uncounted_pauses(rule, facts)
    excluded = _excluded_days(pauses, facts.as_of)
    nominal, last = _end_of_period(start, length, added, excluded, holidays, facts.postponed_days)
    results = []
    for extension in sorted(facts.extensions, key=_consent_time):
        effect, extended, more = _apply_extension(limits, extension, results, length, start, last)
        results.append(ExtensionResult(extension, effect, last))
        if (extended, more) != (length, 0):
            length, added = extended, added + more
            nominal, last = _end_of_period(start, length, added, excluded, holidays, facts.postponed_days)
    open_since = next((began for began, ended in pauses if ended is None), None)
    ended_pauses = [pause for pause in pauses if pause[1] is not None]
    paused = (
        open_since is not None
        and open_since <= facts.as_of
        and is_in_time(open_since, _end_of_period(start, length, added, _excluded_days(ended_pauses, facts.as_of), holidays, facts.postponed_days)[1])
    )
    latest = last
    if is_provisional(last, length, holidays):
        latest = max(last, _end_of_period(start, length, added, excluded, holidays.latest_ends, facts.postponed_days)[1])
    return Computed(
        facts,
        rule,
        length,
        added,
        start,
        nominal,
        last,
        latest,
        paused or is_provisional(last, length, holidays),
        paused,
        excluded,
        tuple(results),
        _first_day_of_consequence(rule, facts, last, holidays, rules),
        "open" if paused else _outcome(facts, last, latest),
    )


def _with_base_length(rule: Rule, facts: Facts, rules: Rules) -> tuple[Rule, Facts]:
    """Return rule and facts with the length of the base period, if the clock is an extension of another clock.

    If the facts contain no extension, the longest allowed extension is added to them.
    """
    if not rule.lengthens:
        return rule, facts
    base = rules[facts.base or rule.lengthens[0]][0]
    if not facts.extensions:
        if day_of(facts.started_at) < REGISTRATION_FIRST_FROM:
            raise InvalidFacts("days_needed")
        facts = replace(facts, extensions=(Extension(None, rule.extension.at_most),))
    return replace(rule, length=base.length, appraisal_excluded=base.appraisal_excluded), facts


def _consent_time(extension: Extension) -> float:
    return extension.consented_at.timestamp() if extension.consented_at else float("-inf")


def _apply_extension(
    limits: ExtensionRule, extension: Extension, before: list[ExtensionResult], length: Length, start: datetime, last: datetime
) -> tuple[str, Length, int]:
    """Return the effect of one extension, the new length of the period, and the number of days added to this length.

    An extension has no effect if not all parties consented, if the last consent was given after the end, or if it is a second one and only one is allowed.
    """
    if not extension.by_all:
        return "not_all_consented", length, 0
    consented = extension.consented_at
    if consented is not None and not is_in_time(consented, last):
        return "too_late", length, 0
    day = day_of(consented or start)
    is_limited = limits.limits_from is None or day >= limits.limits_from
    if is_limited and limits.once and any(EXTENSION_EFFECTS[result.effect] for result in before):
        return "once_only", length, 0
    more, at_most = extension.length, limits.at_most if is_limited else None
    if type(length) is not Months:
        cut = at_most is not None and more.count > at_most.count
        return ("cut" if cut else "granted"), length, (at_most if cut else more).count
    return _extend_months(length, more, at_most, day_of(start))


def _extend_months(length: Months, more: Days | Months, at_most: Months | None, begun: date) -> tuple[str, Length, int]:
    """Extend a period in months by months or by days. Return effect, new length and number of days added.

    If the limit is in months, the days are limited to the number of days that these months have.
    """
    if type(more) is Months:
        cut = at_most is not None and more.count > at_most.count
        return ("cut" if cut else "granted"), Months(length.count + (at_most if cut else more).count), 0
    if at_most is None:
        return "granted", length, more.count
    allowed = (add_months(begun, length.count + at_most.count) - add_months(begun, length.count)).days
    return ("cut" if more.count > allowed else "granted"), length, min(more.count, allowed)


def _uncounted_pauses(rule: Rule, facts: Facts) -> tuple[Pause, ...]:
    """Return the pauses whose days are not counted: suspensions of mediation, and appraisals if the rule excludes them."""
    return (*(facts.pauses if rule.appraisal_excluded else ()), *facts.suspensions)


def _excluded_days(pauses: Sequence[Pause], as_of: datetime | None) -> tuple[tuple[int, int], ...]:
    """Return for each pause the first and the last day not counted (ordinals): from the day after its start to the day of its end.

    A pause without an end lasts until `as_of`. Raises InvalidFacts if `as_of` is missing then.
    """
    found = []
    for began, ended in pauses:
        if ended is None:
            ended = as_of
            if ended is None:
                raise InvalidFacts("pause_open", field="pauses")
        first, last = began.astimezone(SHANGHAI).toordinal() + 1, ended.astimezone(SHANGHAI).toordinal()
        found.append((first, last))
    return tuple(sorted(found))


def _end_of_period(
    start: datetime, length: Length, added: int, excluded: Sequence[tuple[int, int]], holidays: WorkingDayCalendar, postponed_days: int = 0
) -> tuple[date, datetime]:
    """Return the last day as counted, and the last second of the deadline.

    The deadline ends on the next day that is neither a rest day nor excluded, moved by `postponed_days`.
    """
    if postponed_days:
        nominal, last = _end_of_period(start, length, added, excluded, holidays)
        return nominal, end_of(date.fromordinal(holidays.working_day_from(last.astimezone(SHANGHAI).toordinal() + postponed_days)))
    begun = day_of(start)
    if type(length) is Hours:
        last = due_at(start, length, holidays)
        return last.date(), last
    if type(length) is WorkingDays:
        day, count = begun.toordinal(), length.count + added
        if not excluded:
            day = holidays.working_day_after(day, count)
        else:
            while count:
                day = holidays.working_day_from(day + 1)
                count -= not _is_in_ranges(day, excluded)
        nominal = day
    else:
        ends = begun.toordinal() + length.count if type(length) is Days else add_months(begun, length.count).toordinal()
        nominal = _end_skipping_excluded_days(begun.toordinal(), ends + added, excluded)
        day = holidays.working_day_from(nominal)
        while excluded and _is_in_ranges(day, excluded) and day > nominal:
            day = holidays.working_day_from(day + 1)
    return date.fromordinal(nominal), end_of(date.fromordinal(day))


def _end_skipping_excluded_days(begun: int, ends: int, excluded: Sequence[tuple[int, int]]) -> int:
    """Return the day (ordinal) that is `ends - begun` counted days after `begun`. Days in `excluded` are not counted."""
    if not excluded:
        return ends
    day, left = begun, ends - begun
    while left:
        day += 1
        left -= not _is_in_ranges(day, excluded)
    return day


def _is_in_ranges(day: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= day <= last for first, last in ranges)


def _first_day_of_consequence(rule: Rule, facts: Facts, last: datetime, holidays: WorkingDayCalendar, rules: Rules) -> date | None:
    """Return the first day on which the consequence of the rule applies; None if the rule has no consequence.

    It is the day after the end of this period or, if the rule names one in `consequence_after`, of the period of that clock.
    """
    if rule.consequence is None:
        return None
    if rule.consequence_after is not None:
        last = compute(Facts(rule.consequence_after, facts.restarted_at or facts.started_at), holidays, rules).last_moment
    return day_of(last) + timedelta(days=1)


def _outcome(facts: Facts, last: datetime, latest: datetime) -> str | None:
    """Return "met", "passed", "open" or "undecided"; None if neither `performed_at` nor `as_of` is given.

    A step performed after `as_of` counts as not performed. Nothing is overdue before the latest possible end: whether a step performed between
    `last` and `latest` was in time is undecided until the holiday schedule is published.
    """
    performed_at, as_of = facts.performed_at, facts.as_of
    if performed_at is not None and (as_of is None or performed_at <= as_of or _is_same_day(performed_at, as_of)):
        if is_in_time(performed_at, last):
            return "met"
        return "undecided" if is_in_time(performed_at, latest) else "passed"
    if as_of is None:
        return None
    return "open" if is_in_time(as_of, latest) else "passed"


def _is_same_day(one: datetime, other: datetime) -> bool:
    return day_of(one) == day_of(other)
