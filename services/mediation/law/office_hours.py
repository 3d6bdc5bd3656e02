"""Office hours and grace period of a county, from `[office_hours]` and `[grace]` of county.toml. Pure computation.

[office_hours]
hours = ["09:00-12:00", "14:30-18:00"]

[grace]
working_days = 1
until = "10:00"
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol

from contracts.dates import SHANGHAI
from services.mediation.law.invalid_facts import InvalidFacts

TIME = r"([01]\d|2[0-3]):[0-5]\d"
MAX_SEARCHED_DAYS = 60  # no break is longer


class WorkingDays(Protocol):
    def is_working_day(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Times of a working day at which the agencies of the county are at work: (start, end) of each span, in order."""

    spans: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(14, 30), time(18)))

    def opening(self, day: date) -> datetime:
        """Return the time at which the offices open on this day."""
        return datetime.combine(day, self.spans[0][0], SHANGHAI)

    def contains(self, instant: datetime, calendar: WorkingDays) -> bool:
        local = instant.astimezone(SHANGHAI)
        return calendar.is_working_day(local.date()) and any(start <= local.time() <= end for start, end in self.spans)

    def next_moment(self, instant: datetime, calendar: WorkingDays) -> datetime:
        """Return the instant if it is within office hours, else the next opening."""
        if self.contains(instant, calendar):
            return instant
        first = instant.astimezone(SHANGHAI).date()
        return next(start for day in _days_from(first, 1) for start, _ in self._spans_on(day, calendar) if start > instant)

    def last_moment(self, instant: datetime, calendar: WorkingDays) -> datetime:
        """Return the instant if it is within office hours, else the beginning of the last span before it."""
        if self.contains(instant, calendar):
            return instant
        first = instant.astimezone(SHANGHAI).date()
        return next(start for day in _days_from(first, -1) for start, _ in reversed(self._spans_on(day, calendar)) if start < instant)

    def _spans_on(self, day: date, calendar: WorkingDays) -> list[tuple[datetime, datetime]]:
        if not calendar.is_working_day(day):
            return []
        return [(datetime.combine(day, start, SHANGHAI), datetime.combine(day, end, SHANGHAI)) for start, end in self.spans]


@dataclass(frozen=True, slots=True)
class Grace:
    """How long a deadline waits for agencies that have not been heard: working days after its end, and the time of the last of them."""

    working_days: int = 1
    until: time = time(10)


def parse_office_hours(table: object) -> OfficeHours:
    """Return the office hours in `[office_hours]`: one to three spans in order that do not overlap. Raises InvalidFacts."""
    hours = table.get("hours") if type(table) is dict and set(table) == {"hours"} else None
    if type(hours) is not list or not 1 <= len(hours) <= 3 or not all(type(text) is str and re.fullmatch(f"{TIME}-{TIME}", text) for text in hours):
        raise InvalidFacts("not_office_hours")
    spans = tuple(tuple(time.fromisoformat(part) for part in text.split("-")) for text in hours)
    times = [moment for span in spans for moment in span]
    if any(one >= other for one, other in pairwise(times)):
        raise InvalidFacts("not_office_hours")
    return OfficeHours(spans)


def parse_grace(table: object) -> Grace:
    """Return the grace period in `[grace]`. Raises InvalidFacts."""
    if type(table) is not dict or not table or not set(table) <= {"working_days", "until"}:
        raise InvalidFacts("not_a_grace_period")
    days, until = table.get("working_days", Grace().working_days), table.get("until", "10:00")
    if type(days) is not int or not 0 <= days <= 10 or type(until) is not str or not re.fullmatch(TIME, until):
        raise InvalidFacts("not_a_grace_period")
    return Grace(days, time.fromisoformat(until))


def _days_from(first: date, step: int):
    return (first + timedelta(days=number * step) for number in range(MAX_SEARCHED_DAYS))
