"""From the facts of one clock to its last day: `compute`. The calculator and the deadlines of every dispute come through here. Pure.

Beside the row of the law it needs only what happened: when it began, appraisals, extensions, a new start, what was done and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI
from services.mediation.law.counting import Days, Hours, Length, Months, WorkingDayCalendar, WorkingDays, due_at, in_time, months_later, provisional
from services.mediation.law.dates import day_of, end_of
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import LAW, SWITCH, ExtensionRule, Rule, Rules

Pause = tuple[datetime, datetime | None]  # from, to; None: it goes on


@dataclass(frozen=True, slots=True)
class Extension:
    """So much more, and when everybody whose consent is needed had given it; None: in time, the day is not known."""

    consented_at: datetime | None
    length: Length


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened about one clock. Every instant is aware; a date stands for the first moment of its day."""

    clock: str
    started_at: datetime
    pauses: Sequence[Pause] = ()
    extensions: Sequence[Extension] = ()
    restarted_at: datetime | None = None
    performed_at: datetime | None = None
    as_of: datetime | None = None
    opened_at: datetime | None = None  # when it was ordered, where that day decides whether it may be: a referral, signed for later
    on_platform: bool | None = None
    length: Length | None = None  # where the parties or a letter set it
    base: str | None = None  # of an extension computed by itself: the clock that it lengthens
    suspensions: Sequence[Pause] = ()  # of mediation, while a suspicion was looked into: what was left is left
    put_off: int = 0  # days that do not count because the dispute stood still


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of one extension: `effect` is granted, too_late, once_only or cut (to what is allowed)."""

    extension: Extension
    effect: str
    until: datetime  # the end as it stood when they consented


@dataclass(frozen=True, slots=True)
class Computed:
    """The answer. `nominal` is the last day before it was moved off a rest day."""

    facts: Facts
    rule: Rule
    length: Length  # as it was counted, extensions included; months and added days stand side by side in `added_days`
    added_days: int
    counted_from: datetime
    nominal: date
    last_moment: datetime
    provisional: bool
    paused: bool
    excluded: tuple[tuple[int, int], ...]  # first and last excluded day of each pause, as ordinals
    granted: tuple[Granted, ...]
    not_before: date | None
    outcome: str | None

    @property
    def due(self) -> date:
        return day_of(self.last_moment)

    @property
    def readings(self) -> tuple[int, ...]:
        """The numbered readings that this answer rests on."""
        known = set(self.rule.readings)
        if self.granted:
            known.add(3)
        if self.provisional and not self.paused:
            known.add(10)
        return tuple(sorted(known))


def rule_for(facts: Facts, rules: Rules = LAW) -> Rule:
    """The row in force on the day on which the clock was opened. Raises InvalidFacts where none is."""
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


def begin(facts: Facts, holidays: WorkingDayCalendar, rules: Rules = LAW) -> tuple[Rule, datetime]:
    """The row and the last moment of a clock about which nothing has happened yet: what `compute` gives, at a fifth of its price."""
    rule = rule_for(facts, rules)
    return rule, due_at(facts.started_at, rule.length, holidays)


def compute(facts: Facts, holidays: WorkingDayCalendar, rules: Rules = LAW) -> Computed:
    """The last moment in time, and what follows. Raises InvalidFacts where the clock may not be opened or cannot be extended.

    Source: 民事诉讼法 85; 民法典 201-203; 民事诉讼法解释 125; the readings of periods.py.
    """
    rule = rule_for(facts, rules)
    rule, facts = _with_its_base(rule, facts, rules)
    if facts.extensions and rule.extension is None:
        raise InvalidFacts("not_extendable", article=rule.article)
    start = facts.restarted_at or facts.started_at
    length, added = facts.length or rule.length, 0
    stood_still = _stood_still(rule, facts)
    excluded = _excluded(stood_still, facts.as_of)
    nominal, last = _end(start, length, added, excluded, holidays, facts.put_off)
    granted = []
    for extension in sorted(facts.extensions, key=_consented):
        effect, extended, more = _allowed(rule.extension, extension, granted, length, start, last)
        granted.append(Granted(extension, effect, last))
        if (extended, more) != (length, 0):
            length, added = extended, added + more
            nominal, last = _end(start, length, added, excluded, holidays, facts.put_off)
    goes_on = next((began for began, ended in stood_still if ended is None), None)
    over = [one for one in stood_still if one[1] is not None]
    paused = (
        goes_on is not None
        and goes_on <= facts.as_of
        and in_time(goes_on, _end(start, length, added, _excluded(over, facts.as_of), holidays, facts.put_off)[1])
    )
    return Computed(
        facts,
        rule,
        length,
        added,
        start,
        nominal,
        last,
        paused or provisional(last, holidays),
        paused,
        excluded,
        tuple(granted),
        _not_before(rule, facts, last, holidays, rules),
        _outcome(facts, last),
    )


def _with_its_base(rule: Rule, facts: Facts, rules: Rules) -> tuple[Rule, Facts]:
    """An extension computed by itself is its base, lengthened: by what the facts say, else by all that is allowed."""
    if not rule.lengthens:
        return rule, facts
    base = rules[facts.base or rule.lengthens[0]][0]
    if not facts.extensions:
        if day_of(facts.started_at) < SWITCH:
            raise InvalidFacts("days_needed")
        facts = replace(facts, extensions=(Extension(None, rule.extension.at_most),))
    return replace(rule, length=base.length, appraisal_excluded=base.appraisal_excluded), facts


def _consented(extension: Extension) -> float:
    return extension.consented_at.timestamp() if extension.consented_at else float("-inf")


def _allowed(limits: ExtensionRule, extension: Extension, before: list[Granted], length: Length, start: datetime, last: datetime) -> tuple[str, Length, int]:
    """What one extension does: its effect, the length then, and days added to it. Consent after the end, or a second one, does nothing."""
    consented = extension.consented_at
    if consented is not None and not in_time(consented, last):
        return "too_late", length, 0
    day = day_of(consented or start)
    limited = limits.limits_from is None or day >= limits.limits_from
    if limited and limits.once and any(one.effect in ("granted", "cut") for one in before):
        return "once_only", length, 0
    more, at_most = extension.length, limits.at_most if limited else None
    if type(length) is not Months:
        cut = at_most is not None and more.count > at_most.count
        return ("cut" if cut else "granted"), length, (at_most if cut else more).count
    return _longer_months(length, more, at_most, day_of(start))


def _longer_months(length: Months, more: Days | Months, at_most: Months | None, begun: date) -> tuple[str, Length, int]:
    """A period in months is lengthened by months, or by days up to the day to which the months allowed would lead."""
    if type(more) is Months:
        cut = at_most is not None and more.count > at_most.count
        return ("cut" if cut else "granted"), Months(length.count + (at_most if cut else more).count), 0
    if at_most is None:
        return "granted", length, more.count
    allowed = (months_later(begun, length.count + at_most.count) - months_later(begun, length.count)).days
    return ("cut" if more.count > allowed else "granted"), length, min(more.count, allowed)


def _stood_still(rule: Rule, facts: Facts) -> tuple[Pause, ...]:
    """The law says which clocks an appraisal stops; a suspension of mediation stops those that it is said of."""
    return (*(facts.pauses if rule.appraisal_excluded else ()), *facts.suspensions)


def _excluded(stood_still: Sequence[Pause], as_of: datetime | None) -> tuple[tuple[int, int], ...]:
    """Per pause the days not counted: those after its starting day up to and including its last. An open one lasts until `as_of`."""
    found = []
    for began, ended in stood_still:
        if ended is None:
            ended = as_of
            if ended is None:
                raise InvalidFacts("pause_open", field="pauses")
        first, last = began.astimezone(SHANGHAI).toordinal() + 1, ended.astimezone(SHANGHAI).toordinal()
        found.append((first, last))
    return tuple(sorted(found))


def _end(
    start: datetime, length: Length, added: int, excluded: Sequence[tuple[int, int]], holidays: WorkingDayCalendar, put_off: int = 0
) -> tuple[date, datetime]:
    """The last day as counted, and the last moment once it is moved: off a rest day, off a day that is excluded, and by the days it was put off."""
    if put_off:
        nominal, last = _end(start, length, added, excluded, holidays)
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
                count -= not _in(day, excluded)
        nominal = day
    else:
        ends = begun.toordinal() + length.count if type(length) is Days else months_later(begun, length.count).toordinal()
        nominal = _skipping(begun.toordinal(), ends + added, excluded)
        day = holidays.working_day_from(nominal)
        while excluded and _in(day, excluded) and day > nominal:
            day = holidays.working_day_from(day + 1)
    return date.fromordinal(nominal), end_of(date.fromordinal(day))


def _skipping(begun: int, ends: int, excluded: Sequence[tuple[int, int]]) -> int:
    """The day on which as many days are over as lie between the two, those excluded left out."""
    if not excluded:
        return ends
    day, left = begun, ends - begun
    while left:
        day += 1
        left -= not _in(day, excluded)
    return day


def _in(day: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= day <= last for first, last in ranges)


def _not_before(rule: Rule, facts: Facts, last: datetime, holidays: WorkingDayCalendar, rules: Rules) -> date | None:
    """The first day on which that may be done or said which has to wait for this clock, or for the one named beside it, to run out."""
    if rule.after_it is None:
        return None
    if rule.after is not None:
        last = compute(Facts(rule.after, facts.restarted_at or facts.started_at), holidays, rules).last_moment
    return day_of(last) + timedelta(days=1)


def _outcome(facts: Facts, last: datetime) -> str | None:
    """Met, passed or open; None when nobody asked. What was done after `as_of` was not yet done then."""
    done, then = facts.performed_at, facts.as_of
    if done is not None and (then is None or done <= then or _same_day(done, then)):
        return "met" if in_time(done, last) else "passed"
    if then is None:
        return None
    return "open" if in_time(then, last) else "passed"


def _same_day(one: datetime, other: datetime) -> bool:
    return day_of(one) == day_of(other)
