"""Tests of the watch on the holiday calendar: the metric until when it is known, and the warning in December."""

from datetime import date, datetime

import pytest
from structlog.testing import capture_logs

from contracts.dates import SHANGHAI
from services.mediation.calendar_watch import KNOWN_UNTIL, CalendarWatch, missing_year
from services.mediation.law.holidays import CHINESE_CALENDAR, Holidays, HolidaySchedule

WITH_2027 = Holidays({2027: HolidaySchedule((), ())})


@pytest.mark.parametrize(
    ("calendar", "today", "year"),
    [
        (CHINESE_CALENDAR, date(2026, 11, 30), None),
        (CHINESE_CALENDAR, date(2026, 12, 1), 2027),
        (CHINESE_CALENDAR, date(2027, 1, 2), 2027),
        (WITH_2027, date(2026, 12, 31), None),
    ],
)
def test_the_schedule_of_the_next_year_is_missed_from_december_on(calendar, today, year):
    assert missing_year(calendar, today) == year


def test_a_missing_schedule_is_logged_once_a_day():
    watch = CalendarWatch()
    with capture_logs() as lines:
        for today in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 1), date(2026, 12, 2)):
            watch.check(CHINESE_CALENDAR, today)

    assert [(line["log_level"], line["year"]) for line in lines] == [("warning", 2027)] * 2


def test_the_metric_is_the_end_of_the_last_known_year():
    CalendarWatch().check(WITH_2027, date(2026, 11, 1))

    assert KNOWN_UNTIL.collect()[0].samples[0].value == datetime(2027, 12, 31, 23, 59, 59, tzinfo=SHANGHAI).timestamp()
