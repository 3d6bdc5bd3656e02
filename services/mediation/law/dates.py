"""Conversion of dates and instants in Chinese time. Event data contain ISO 8601 text; tests may pass a date or an aware datetime instead."""

from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI

A_SECOND = timedelta(seconds=1)


def date_of(value: str | date) -> date:
    """Return the date in an ISO 8601 text. A date object is returned unchanged."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def instant_of(value: str | datetime) -> datetime:
    """Return the datetime in an ISO 8601 text. A datetime object is returned unchanged."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def day_of(instant: datetime) -> date:
    """Return the calendar day of an instant in Chinese time."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: str | date) -> datetime:
    """Return midnight at the start of a day in Chinese time. For periods in days, the hour of the start makes no difference."""
    day = date_of(day)
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def end_of(day: date) -> datetime:
    """Return the last second of a day, 23:59:59, in Chinese time."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=SHANGHAI)
