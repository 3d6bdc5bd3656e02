"""Office hours and working days in which simulated steps happen. No I/O."""

from datetime import date, datetime, time, timedelta
from functools import cache

import chinese_calendar

from contracts.dates import SHANGHAI

OPENING_TIME, CLOSING_TIME = time(8, 30), time(18, 0)


@cache
def is_workday(day: date) -> bool:
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:  # the package has no holiday schedule of that year
        return day.weekday() < 5


def next_office_time(moment: datetime, minutes: int) -> datetime:
    """Return `moment` in China's time zone if it lies in office hours, else the time `minutes` after the next opening of the offices."""
    local = moment.astimezone(SHANGHAI)
    if is_workday(local.date()) and OPENING_TIME <= local.time() < CLOSING_TIME:
        return local
    day = local.date() if local.time() < OPENING_TIME else local.date() + timedelta(days=1)
    while not is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENING_TIME, SHANGHAI) + timedelta(minutes=minutes)


def workdays_later(moment: datetime, count: int) -> datetime:
    """Return the time that is `count` working days after `moment`, at the same time of day."""
    day = moment.astimezone(SHANGHAI).date()
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return datetime.combine(day, moment.astimezone(SHANGHAI).time(), SHANGHAI)
