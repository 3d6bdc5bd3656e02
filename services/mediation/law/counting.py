"""Counting of periods in days, working days, hours and months on a given calendar (民事诉讼法 85; 民法典 201-203). Pure computation."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from contracts.dates import SHANGHAI
from services.mediation.law.dates import A_SECOND, end_of


class WorkingDayCalendar(Protocol):
    """Calendar of working days, with days as ordinals (date.toordinal). `is_certain`: whether no schedule that is not published yet can change the day."""

    def working_day_from(self, ordinal: int) -> int: ...
    def working_day_after(self, ordinal: int, count: int) -> int: ...
    def is_certain(self, day: date) -> bool: ...
    @property
    def latest_ends(self) -> "WorkingDayCalendar": ...  # calendar with which a period ends on the latest day that is possible


@dataclass(frozen=True, slots=True)
class Days:
    """Period in calendar days (日). Rest days within the period are counted; if the last day is a rest day, the period ends on the next working day."""

    count: int
    zh, en = "日", "days"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Period in working days (工作日). Used only where the law says "working days" or defines its days as working days."""

    count: int
    zh, en = "个工作日", "working days"


@dataclass(frozen=True, slots=True)
class Hours:
    """Period in hours (小时). Nights and rest days are counted, and the end is never moved."""

    count: int
    zh, en = "小时", "hours"


@dataclass(frozen=True, slots=True)
class Months:
    """Period in months (月). A year is twelve months."""

    count: int
    zh, en = "个月", "months"


Length = Days | WorkingDays | Hours | Months


def due_at(start: datetime, length: Length, holidays: WorkingDayCalendar) -> datetime:
    """Return the last second of the period that begins at `start`, an aware datetime.

    The day of `start` (for `Hours`, the hour of `start`) is not counted. The result is 23:59:59 Asia/Shanghai of the last day. If the last day is a rest
    day in the calendar, it is replaced by the next working day. For `Hours` the result is the last second before the end and is never moved.
    `is_provisional` returns whether the result may still change because the calendar of its year is not published.
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


def is_provisional(due: datetime, length: Length, holidays: WorkingDayCalendar) -> bool:
    """Return whether the end of a period may still change because a holiday schedule is not published. The end of a period in hours never moves."""
    return type(length) is not Hours and not holidays.is_certain(due.astimezone(SHANGHAI).date())


def is_in_time(happened: datetime, due: datetime) -> bool:
    """Return whether a step was performed in time. `due` is the last second of the period, for example 23:59:59; this second is still in time."""
    return happened < due + A_SECOND


def add_months(day: date, months: int) -> date:
    """Return the day of equal number `months` later, or the last day of that month if it has no such day (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
