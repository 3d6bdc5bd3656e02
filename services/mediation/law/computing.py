"""Computation of a deadline from the facts of one clock: `compute`. Used by the calculator and for the deadlines of disputes. Pure computation.

Input besides the row of the table: the start, appraisals, extensions, a new start, and when the step was performed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI
from services.mediation.law.counting import Days, Hours, Length, Months, WorkingDayCalendar, WorkingDays, add_months, due_at, is_in_time, is_provisional
from services.mediation.law.dates import day_of, end_of
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import DEFAULT_RULES, REGISTRATION_FIRST_FROM, ExtensionRule, Rule, Rules

Pause = tuple[datetime, datetime | None]  # from, to; None: not ended


@dataclass(frozen=True, slots=True)
class Extension:
    """Length of one extension, and when everybody whose consent is needed had consented. None: the time is unknown and counts as in time."""

    consented_at: datetime | None
    length: Length


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
    opened_at: datetime | None = None  # day of the referral, if it was signed for later; decides which row of the table is in force
    on_platform: bool | None = None
    length: Length | None = None  # if the parties or a letter set it
    base: str | None = None  # for mediation_extension: the clock that is extended
    suspensions: Sequence[Pause] = ()  # periods in which mediation was suspended; not counted
    put_off: int = 0  # days by which the deadline was moved because the dispute was held or stayed


@dataclass(frozen=True, slots=True)
class ExtensionResult:
    """Effect of one extension: granted, too_late, once_only, or cut (reduced to what is allowed)."""

    extension: Extension
    effect: str
    until: datetime  # the deadline before this extension


@dataclass(frozen=True, slots=True)
class Computed:
    """Computed deadline. `nominal` is the last day before it is moved from a rest day to a working day."""

    facts: Facts
    rule: Rule
    length: Length  # as counted, with extensions in months; extensions in days are in `added_days`
    added_days: int
    counted_from: datetime
    nominal: date
    last_moment: datetime
    provisional: bool
    paused: bool
    excluded: tuple[tuple[int, int], ...]  # first and last day not counted of each pause, as proleptic ordinals
    extensions: tuple[ExtensionResult, ...]
    not_before: date | None
    outcome: str | None

    @property
    def due(self) -> date:
        """Return the last day."""
        return day_of(self.last_moment)

    @property
    def readings(self) -> tuple[int, ...]:
        """Return the numbers of the readings (periods.READINGS) applied."""
        applied = set(self.rule.readings)
        if self.extensions:
            applied.add(3)
        if self.provisional and not self.paused:
            applied.add(10)
        return tuple(sorted(applied))


def rule_for(facts: Facts, rules: Rules = DEFAULT_RULES) -> Rule:
    """Return the row in force on the day on which the clock was opened. Raises InvalidFacts if there is none."""
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
    """Return the row and the last moment of a period without pauses and extensions: the result of `compute` in a fifth of the time."""
    rule = rule_for(facts, rules)
    return rule, due_at(facts.started_at, rule.length, holidays)


def compute(facts: Facts, holidays: WorkingDayCalendar, rules: Rules = DEFAULT_RULES) -> Computed:
    """Return the deadline and the extensions and pauses counted. Raises InvalidFacts if the clock may not be opened or cannot be extended.

    Source: 民事诉讼法 85; 民法典 201-203; 民事诉讼法解释 125; the readings of periods.py.
    """
    rule = rule_for(facts, rules)
    rule, facts = _with_base_length(rule, facts, rules)
    if facts.extensions and rule.extension is None:
        raise InvalidFacts("not_extendable", article=rule.article)
    start = facts.restarted_at or facts.started_at
    length, added = facts.length or rule.length, 0
    pauses = _uncounted_pauses(rule, facts)
    excluded = _excluded_days(pauses, facts.as_of)
    nominal, last = _end_of_period(start, length, added, excluded, holidays, facts.put_off)
    results = []
    for extension in sorted(facts.extensions, key=_consent_time):
        effect, extended, more = _apply_extension(rule.extension, extension, results, length, start, last)
        results.append(ExtensionResult(extension, effect, last))
        if (extended, more) != (length, 0):
            length, added = extended, added + more
            nominal, last = _end_of_period(start, length, added, excluded, holidays, facts.put_off)
    open_since = next((began for began, ended in pauses if ended is None), None)
    ended_pauses = [pause for pause in pauses if pause[1] is not None]
    paused = (
        open_since is not None
        and open_since <= facts.as_of
        and is_in_time(open_since, _end_of_period(start, length, added, _excluded_days(ended_pauses, facts.as_of), holidays, facts.put_off)[1])
    )
    return Computed(
        facts,
        rule,
        length,
        added,
        start,
        nominal,
        last,
        paused or is_provisional(last, holidays),
        paused,
        excluded,
        tuple(results),
        _first_day_of_consequence(rule, facts, last, holidays, rules),
        _outcome(facts, last),
    )


def _with_base_length(rule: Rule, facts: Facts, rules: Rules) -> tuple[Rule, Facts]:
    """Return rule and facts of an extension with the length of its base period. Without extensions in the facts the longest allowed one is added."""
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
    """Return the effect of one extension, the new length, and the days added to it. Consent after the end, or a second extension, has no effect."""
    consented = extension.consented_at
    if consented is not None and not is_in_time(consented, last):
        return "too_late", length, 0
    day = day_of(consented or start)
    is_limited = limits.limits_from is None or day >= limits.limits_from
    if is_limited and limits.once and any(one.effect in ("granted", "cut") for one in before):
        return "once_only", length, 0
    more, at_most = extension.length, limits.at_most if is_limited else None
    if type(length) is not Months:
        cut = at_most is not None and more.count > at_most.count
        return ("cut" if cut else "granted"), length, (at_most if cut else more).count
    return _extend_months(length, more, at_most, day_of(start))


def _extend_months(length: Months, more: Days | Months, at_most: Months | None, begun: date) -> tuple[str, Length, int]:
    """Extend a period in months by months, or by days up to the end that the months allowed would give. Return as `_apply_extension` does."""
    if type(more) is Months:
        cut = at_most is not None and more.count > at_most.count
        return ("cut" if cut else "granted"), Months(length.count + (at_most if cut else more).count), 0
    if at_most is None:
        return "granted", length, more.count
    allowed = (add_months(begun, length.count + at_most.count) - add_months(begun, length.count)).days
    return ("cut" if more.count > allowed else "granted"), length, min(more.count, allowed)


def _uncounted_pauses(rule: Rule, facts: Facts) -> tuple[Pause, ...]:
    """Return the pauses that are not counted: appraisals if the rule excludes them, and suspensions of mediation."""
    return (*(facts.pauses if rule.appraisal_excluded else ()), *facts.suspensions)


def _excluded_days(pauses: Sequence[Pause], as_of: datetime | None) -> tuple[tuple[int, int], ...]:
    """Return per pause the first and last day not counted: the days after its starting day up to its last. A pause not ended lasts until `as_of`."""
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
    start: datetime, length: Length, added: int, excluded: Sequence[tuple[int, int]], holidays: WorkingDayCalendar, put_off: int = 0
) -> tuple[date, datetime]:
    """Return the last day as counted, and the last moment after moving it from rest days and days not counted, and by `put_off` days."""
    if put_off:
        nominal, last = _end_of_period(start, length, added, excluded, holidays)
        return nominal, end_of(date.fromordinal(holidays.working_day_from(last.astimezone(SHANGHAI).toordinal() + put_off)))
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
        nominal = _end_without_excluded(begun.toordinal(), ends + added, excluded)
        day = holidays.working_day_from(nominal)
        while excluded and _is_in_ranges(day, excluded) and day > nominal:
            day = holidays.working_day_from(day + 1)
    return date.fromordinal(nominal), end_of(date.fromordinal(day))


def _end_without_excluded(begun: int, ends: int, excluded: Sequence[tuple[int, int]]) -> int:
    """Return the day (ordinal) that lies `ends - begun` counted days after `begun`; days in `excluded` are not counted."""
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
    """Return the first day on which the consequence of the rule applies: the day after the end of this period, or of `consequence_after`."""
    if rule.consequence is None:
        return None
    if rule.consequence_after is not None:
        last = compute(Facts(rule.consequence_after, facts.restarted_at or facts.started_at), holidays, rules).last_moment
    return day_of(last) + timedelta(days=1)


def _outcome(facts: Facts, last: datetime) -> str | None:
    """Return met, passed or open, or None without `performed_at` and `as_of`. A step performed after `as_of` counts as not performed."""
    done, then = facts.performed_at, facts.as_of
    if done is not None and (then is None or done <= then or _same_day(done, then)):
        return "met" if is_in_time(done, last) else "passed"
    if then is None:
        return None
    return "open" if is_in_time(then, last) else "passed"


def _same_day(one: datetime, other: datetime) -> bool:
    return day_of(one) == day_of(other)
