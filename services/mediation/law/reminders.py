"""Times at which the agency responsible for a deadline is reminded of it. Pure computation.

A lead time is written `3wd` (working days before the last day, at the opening of the offices; `0wd`: on the last day itself) or, for periods in hours, `24h`.
A reminder in hours that would fall into the night or on a rest day is moved to the office hours before it or, if the period had not begun then, after it;
only in a period of at most a day it stays where it is.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from contracts.dates import SHANGHAI
from services.mediation.law.counting import Hours, Length, WorkingDays
from services.mediation.law.office_hours import OfficeHours

UNIT_OF_HOURS, UNIT_OF_DAYS = "h", "wd"
HOURS_REMINDED_AT_ANY_TIME = 24  # in a period of at most this many hours, a reminder is not moved into office hours


class Calendar(Protocol):
    def is_working_day(self, day) -> bool: ...


def reminder_times(
    due_at: datetime, leads: Iterable[str], length: Length, started_at: datetime, office_hours: OfficeHours, calendar: Calendar
) -> list[datetime]:
    """Return the times of the reminders, in order, without those before the start of the period and those that find no office hours before its end.

    A day that the parties agreed on (length 0) has no start: it may be reminded of as early as the lead time says.
    """
    times = {_reminder_time(due_at, lead, length, started_at, office_hours, calendar) for lead in leads}
    return sorted(time for time in times if time is not None and time < due_at and (started_at < time or not length.count))


def may_remind_at(instant: datetime, length: Length, office_hours: OfficeHours, calendar: Calendar) -> bool:
    """Return whether a reminder may be sent at this time."""
    return is_reminded_at_any_time(length) or office_hours.contains(instant, calendar)


def is_reminded_at_any_time(length: Length) -> bool:
    return type(length) is Hours and length.count <= HOURS_REMINDED_AT_ANY_TIME


def is_too_early(lead: str, length: Length) -> bool:
    """Return whether the lead time is not shorter than the period. Periods in months and days agreed on are not compared."""
    count = int(lead.removesuffix(unit_of_lead(length)))
    return bool(length.count) and type(length) in (Hours, WorkingDays) and count >= length.count


def unit_of_lead(length: Length) -> str:
    return UNIT_OF_HOURS if type(length) is Hours else UNIT_OF_DAYS


def _reminder_time(due_at, lead, length, started_at, office_hours, calendar) -> datetime | None:
    if lead.endswith(UNIT_OF_DAYS):
        return office_hours.opening(_working_days_before(due_at.astimezone(SHANGHAI).date(), int(lead.removesuffix(UNIT_OF_DAYS)), calendar))
    exact = due_at - timedelta(hours=int(lead.removesuffix(UNIT_OF_HOURS)))
    if is_reminded_at_any_time(length):
        return exact
    moved = office_hours.last_moment(exact, calendar)
    return moved if moved > started_at else office_hours.next_moment(exact, calendar)


def _working_days_before(day, count, calendar):
    while count:
        day -= timedelta(days=1)
        count -= calendar.is_working_day(day)
    return day
