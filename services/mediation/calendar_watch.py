"""Watch on the holiday calendar: a metric until when it is known, and a daily warning if the schedule of the next year is missing in December."""

from datetime import date

from prometheus_client import Gauge
from structlog import get_logger

from services.mediation.law.dates import end_of
from services.mediation.law.holidays import Holidays

log = get_logger()
KNOWN_UNTIL = Gauge("fengqiao_calendar_known_until", "Unix time at which the last year ends whose official holiday schedule is known.")
WARNING_MONTH = 12  # the State Council publishes the schedule of a year in October to December of the year before


class CalendarWatch:
    """Sets the metric, and logs the warning at most once a day."""

    def __init__(self):
        self._warned_on: date | None = None

    def check(self, holidays: Holidays, today: date) -> None:
        KNOWN_UNTIL.set(end_of(holidays.known_until).timestamp())
        year = missing_year(holidays, today)
        if year is not None and self._warned_on != today:
            self._warned_on = today
            log.warning(
                "The holiday schedule of a year is missing.",
                year=year,
                consequence="Deadlines of that year and of the last week of the year before are provisional; none of them is announced as passed on its day.",
                next="Enter the schedule of the State Council in calendar.toml.",
            )


def missing_year(holidays: Holidays, today: date) -> int | None:
    """Return the present year if its schedule is missing; from 1 December also the next year if that is missing; else None."""
    years = (today.year, today.year + 1) if today.month == WARNING_MONTH else (today.year,)
    return next((year for year in years if not holidays.is_announced(year)), None)
