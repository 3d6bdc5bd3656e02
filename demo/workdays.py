"""Office hours and working days, so that simulated steps happen at realistic times. Pure."""

from datetime import date, datetime, time, timedelta
from functools import cache

import chinese_calendar

from contracts.dates import SHANGHAI

OPENS, CLOSES = time(8, 30), time(18, 0)


@cache
def is_workday(day: date) -> bool:
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:  # the holidays of that year are not published yet
        return day.weekday() < 5


def next_office_time(moment: datetime, minutes: int) -> datetime:
    """Return `moment` if it is in office hours, else the time `minutes` after the next opening."""
    local = moment.astimezone(SHANGHAI)
    if is_workday(local.date()) and OPENS <= local.time() < CLOSES:
        return local
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    while not is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, SHANGHAI) + timedelta(minutes=minutes)


def workdays_later(moment: datetime, count: int) -> datetime:
    """Return the same time of day, `count` working days later."""
    day = moment.astimezone(SHANGHAI).date()
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return datetime.combine(day, moment.astimezone(SHANGHAI).time(), SHANGHAI)
