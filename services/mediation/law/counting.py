"""Counting of periods in days, working days, hours and months (民事诉讼法 85; 民法典 201-203). Pure computation on a given calendar."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from contracts.dates import SHANGHAI
from services.mediation.law.dates import A_SECOND, end_of


class WorkingDayCalendar(Protocol):
    """Working days by proleptic ordinal, and whether the arrangement of a year is published."""

    def working_day_from(self, ordinal: int) -> int: ...
    def working_day_after(self, ordinal: int, count: int) -> int: ...
    def is_announced(self, year: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar days (日). Rest days within the period are counted; the last day is moved if it is a rest day."""

    count: int
    zh, en = "日", "days"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Working days (工作日). Used only where the text says so or defines its days as working days."""

    count: int
    zh, en = "个工作日", "working days"


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours (小时). They run through nights and rest days; the end is never moved."""

    count: int
    zh, en = "小时", "hours"


@dataclass(frozen=True, slots=True)
class Months:
    """Months (月). A year is twelve months."""

    count: int
    zh, en = "个月", "months"


Length = Days | WorkingDays | Hours | Months


def due_at(start: datetime, length: Length, holidays: WorkingDayCalendar) -> datetime:
    """Return the last second of the period that begins at `start`, an aware datetime.

    The day of `start` (for `Hours`, its hour) is not counted. The result is 23:59:59 Asia/Shanghai of the last day; a last day that is a rest day, as
    actually arranged, is replaced by the next working day. For `Hours` the result is the last second before the end and is never moved.
    Whether the result may still change because the calendar of its year is not published: `is_provisional`.
    Source: 民事诉讼法 (2023) 85; 民法典 201-203; for hours 民事诉讼法解释 (2022) 125.
    """
    local = start.astimezone(SHANGHAI)
    if type(length) is Hours:
        next_hour = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return next_hour + timedelta(hours=length.count) - A_SECOND
    if type(length) is WorkingDays:
        last = holidays.working_day_after(local.toordinal(), length.count)
    elif type(length) is Days:
        last = holidays.working_day_from(local.toordinal() + length.count)
    else:
        last = holidays.working_day_from(add_months(local.date(), length.count).toordinal())
    return end_of(date.fromordinal(last))


def is_provisional(due: datetime, holidays: WorkingDayCalendar) -> bool:
    """Return whether the date may still change because the holiday arrangement of its year is not published."""
    return not holidays.is_announced(due.astimezone(SHANGHAI).year)


def is_in_time(happened: datetime, due: datetime) -> bool:
    """Return whether a step was performed before the end of the last day, 24:00. `due` is the last second, which counts in full."""
    return happened < due + A_SECOND


def add_months(day: date, months: int) -> date:
    """Return the corresponding day `months` later, or the last day of that month if there is none (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
