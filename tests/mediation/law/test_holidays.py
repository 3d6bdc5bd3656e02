"""Tests of the calendar of working days: the two calendar libraries agree, and the holiday schedules of a county are validated."""

from datetime import date, timedelta

import pytest

from services.mediation.law.holidays import CHINESE_CALENDAR, Holidays, HolidaySchedule, parse_holiday_schedules
from services.mediation.law.invalid_facts import InvalidFacts


@pytest.mark.parametrize("year", range(2020, 2027))
def test_both_calendar_libraries_agree_on_every_year_from_2020_to_2026(year):
    assert CHINESE_CALENDAR.is_announced(year)


def test_the_working_days_of_2026_are_equal_to_those_of_the_state_councils_announcement():
    # fmt: off
    off = ["2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20", "2026-02-23", "2026-04-06", "2026-05-01",
           "2026-05-04", "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"]
    made_up = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
    # fmt: on
    announced = HolidaySchedule(frozenset(map(date.fromisoformat, off)), frozenset(map(date.fromisoformat, made_up)))

    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        assert CHINESE_CALENDAR.is_working_day(day) == announced.is_working_day(day), day


@pytest.mark.parametrize(
    "years",
    [
        [],
        {"next year": {}},
        {"2027": {"off": []}},
        {"2027": {"off": [date(2028, 1, 3)], "made_up": []}},
        {"2027": {"off": [], "made_up": [date(2027, 2, 10)]}},
        {"2027": {"off": ["2027-01-01"], "made_up": []}},
    ],
)
def test_an_invalid_holiday_schedule_is_refused(years):
    with pytest.raises(InvalidFacts):
        parse_holiday_schedules(years)


def test_a_holiday_schedule_may_include_days_of_the_december_before_its_year():
    calendar = Holidays(parse_holiday_schedules({"2027": {"off": [date(2026, 12, 31), date(2027, 1, 1)], "made_up": [date(2026, 12, 27)]}}))

    assert not calendar.is_working_day(date(2026, 12, 31)) and calendar.is_working_day(date(2026, 12, 27))
    assert calendar.is_working_day(date(2026, 12, 30))
