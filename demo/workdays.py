"""When offices are open, so that made-up steps happen at believable hours. Pure."""

from datetime import date, datetime, time, timedelta
from functools import cache

import chinese_calendar

from contracts.dates import SHANGHAI

OPENS, CLOSES = time(8, 30), time(18, 0)


@cache
def is_workday(day: date) -> bool:
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:  # the year's arrangement is not published yet
        return day.weekday() < 5


def in_office_hours(moment: datetime, minutes: int) -> datetime:
    """The first office hour at or after `moment`; what falls outside is done `minutes` after the next opening."""
    local = moment.astimezone(SHANGHAI)
    if is_workday(local.date()) and OPENS <= local.time() < CLOSES:
        return local
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    while not is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, SHANGHAI) + timedelta(minutes=minutes)


def workdays_later(moment: datetime, count: int) -> datetime:
    """The same hour, that many working days on."""
    day = moment.astimezone(SHANGHAI).date()
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return datetime.combine(day, moment.astimezone(SHANGHAI).time(), SHANGHAI)
