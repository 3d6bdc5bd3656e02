"""How the law counts, and which clock is which. Pure: given the calendar, it knows no dispute and no present time."""

from services.mediation.law.counting import (
    A_SECOND,
    SHANGHAI,
    Days,
    Hours,
    Length,
    Months,
    WorkingDayCalendar,
    WorkingDays,
    day_start,
    due_at,
    end_of,
    in_time,
    provisional,
)

__all__ = [
    "A_SECOND",
    "SHANGHAI",
    "Days",
    "Hours",
    "Length",
    "Months",
    "WorkingDayCalendar",
    "WorkingDays",
    "day_start",
    "due_at",
    "end_of",
    "in_time",
    "provisional",
]
