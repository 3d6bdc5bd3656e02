"""Dates and instants in China. An instant is an aware datetime; a fact is text in an event and may already be a date or an instant in a test."""

from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI

A_SECOND = timedelta(seconds=1)


def date_of(value: str | date) -> date:
    """Return the date of a fact."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def instant_of(value: str | datetime) -> datetime:
    """Return the instant of a fact."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def day_of(instant: datetime) -> date:
    """Return the calendar day of an instant in China."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: str | date) -> datetime:
    """Return the first moment of a day: how a date without an hour becomes an instant to count from. Any hour of the day gives the same answer."""
    day = date_of(day)
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def end_of(day: date) -> datetime:
    """Return the last second of a day."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=SHANGHAI)
