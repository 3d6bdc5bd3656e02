"""How the law counts: days, working days, hours, months. May know the calendar it is given; no dispute, no table, no present time."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from contracts.dates import SHANGHAI
from services.mediation.law.dates import A_SECOND, end_of


class WorkingDayCalendar(Protocol):
    def working_day_from(self, ordinal: int) -> int: ...
    def working_day_after(self, ordinal: int, count: int) -> int: ...
    def announced(self, year: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Days:
    """日: calendar days. Rest days inside are counted; only the last day may not be one."""

    count: int
    zh, en = "日", "days"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """工作日: only where the text says so, or says that its 日 are working days."""

    count: int
    zh, en = "个工作日", "working days"


@dataclass(frozen=True, slots=True)
class Hours:
    """小时: they run through nights and rest days and are never moved."""

    count: int
    zh, en = "小时", "hours"


@dataclass(frozen=True, slots=True)
class Months:
    """月; a year is twelve of them."""

    count: int
    zh, en = "个月", "months"


Length = Days | WorkingDays | Hours | Months


def due_at(start: datetime, length: Length, holidays: WorkingDayCalendar) -> datetime:
    """The last second at which a step begun at `start` is still in time.

    `start` is aware; its own day (for `Hours`, its own hour) is not counted. Returns 23:59:59 in Asia/Shanghai of the last day, which is
    moved off a rest day, as actually arranged, to the next working day; for `Hours` the last second before the end, never moved. If the
    answer's year has no published arrangement it is provisional: see `provisional`.
    Source: 民事诉讼法 (2023) art. 85; 民法典 arts. 201-203; its interpretation (2022) art. 125 for hours.
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
        last = holidays.working_day_from(months_later(local.date(), length.count).toordinal())
    return end_of(date.fromordinal(last))


def provisional(due: datetime, holidays: WorkingDayCalendar) -> bool:
    """Whether that date may still move, because the make-up days of its year are not published."""
    return not holidays.announced(due.astimezone(SHANGHAI).year)


def in_time(happened: datetime, due: datetime) -> bool:
    """A day ends at 24:00: what happens within the last second still happens on that day."""
    return happened < due + A_SECOND


def months_later(day: date, months: int) -> date:
    """The corresponding day of that month, else its last day (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
