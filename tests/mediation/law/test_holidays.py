"""Tests of the calendar of working days: the two calendar libraries agree, the holiday schedules of a county are validated, and ends are bounded."""

from datetime import date, timedelta

import chinese_calendar
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
        {"2027": {"off": [date(2026, 12, 24)], "made_up": []}},
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


# ── Days that a schedule which is not published yet may change ────────────────────────────────────────────────────────────────────


class WithoutSchedules(Holidays):
    """The calendar as it is before the schedule of `year` is published."""

    def __init__(self, year):
        super().__init__()
        self.unpublished_year = year

    def is_announced(self, year):
        return year != self.unpublished_year and super().is_announced(year)


@pytest.mark.parametrize("year", range(2008, 2027))
def test_no_published_schedule_made_a_weekday_a_rest_day_that_counted_as_a_certain_working_day_before(year):
    before = WithoutSchedules(year)
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(-31, 365)]

    surprises = [day for day in days if not before.may_be_rest_day(day) and chinese_calendar.is_holiday(day)]
    # 3 September 2015 (70th anniversary of the victory) was made a holiday by a notice of May 2015, not by the schedule of the year.
    assert surprises == ([date(2015, 9, 3), date(2015, 9, 4)] if year == 2015 else [])


def test_a_schedule_changed_days_of_the_december_before_only_in_its_last_week():
    changed = [
        day
        for year in range(2005, 2026)
        for day in (date(year, 12, 1) + timedelta(days=number) for number in range(31))
        if chinese_calendar.is_workday(day) != (day.weekday() < 5)
    ]

    assert date(2018, 12, 31) in changed
    assert all(day >= date(day.year, 12, 25) for day in changed)


@pytest.mark.parametrize(
    ("day", "certain"),
    [
        (date(2026, 12, 24), True),
        (date(2026, 12, 25), False),
        (date(2026, 12, 31), False),
        (date(2025, 12, 31), True),
        (date(2027, 6, 1), False),
    ],
)
def test_the_last_week_of_december_is_certain_only_if_the_schedule_of_the_next_year_is_published(day, certain):
    assert CHINESE_CALENDAR.is_certain(day) == certain
    assert Holidays({2027: HolidaySchedule((), ())}).is_certain(date(2026, 12, 31))


def test_the_calendar_is_known_until_the_end_of_the_last_published_year_without_a_gap():
    published = HolidaySchedule((), ())

    assert CHINESE_CALENDAR.known_until == date(2026, 12, 31)
    assert Holidays({2027: published}).known_until == date(2027, 12, 31)
    assert Holidays({2028: published}).known_until == date(2026, 12, 31)


def test_calendars_with_equal_schedules_have_equal_fingerprints():
    schedule = {2027: HolidaySchedule([date(2027, 1, 1)], [])}

    assert Holidays(schedule).fingerprint == Holidays(schedule).fingerprint != CHINESE_CALENDAR.fingerprint
    assert Holidays({2027: HolidaySchedule([date(2027, 1, 4)], [])}).fingerprint != Holidays(schedule).fingerprint
