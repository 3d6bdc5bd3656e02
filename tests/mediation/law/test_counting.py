"""Tests of the counting of periods. The expected dates were counted by hand from the published holiday schedules, not computed by the program.

2026, State Council (国办发明电〔2025〕7号), days off and make-up working days: New Year 1-3 Jan, Sun 4 Jan worked. Spring Festival Sun 15 - Mon 23 Feb, Sat 14 and Sat 28 Feb worked.
Qingming Sat 4 - Mon 6 Apr. Labour Day Fri 1 - Tue 5 May, Sat 9 May worked. Dragon Boat Fri 19 - Sun 21 Jun. Mid-Autumn Fri 25 - Sun 27 Sep.
National Day Thu 1 - Wed 7 Oct, Sun 20 Sep and Sat 10 Oct worked.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dates import SHANGHAI
from services.mediation.law.counting import Days, Hours, Months, WorkingDays, due_at, is_in_time, is_provisional
from services.mediation.law.holidays import CHINESE_CALENDAR, Holidays, HolidaySchedule

# fmt: off
# A row says: start of the period in Chinese time, length, last day counted by hand, and the reason for that day.
COUNTED_BY_HAND = [
    # start                length            last day        reason
    ("2026-03-02 09:00",   Days(30),         "2026-04-01",   "confirmation of an agreement effective on 2 March: a Wednesday"),
    ("2026-03-05 09:00",   Days(30),         "2026-04-07",   "the 30th day is Sat 4 April, Qingming until Monday: Tuesday"),
    ("2026-03-02 00:00",   Days(30),         "2026-04-01",   "the day of the start is not counted, from its first minute"),
    ("2026-03-02 23:59",   Days(30),         "2026-04-01",   "the day of the start is not counted, until its last minute"),
    ("2026-01-30 10:00",   Days(15),         "2026-02-14",   "a Saturday, but made up for the Spring Festival: a working day"),
    ("2026-02-01 10:00",   Days(15),         "2026-02-24",   "the 15th day is Mon 16 February, in the Spring Festival"),
    ("2026-02-13 10:00",   Days(15),         "2026-02-28",   "a Saturday, but worked after the Spring Festival"),
    ("2026-09-23 10:00",   Days(2),          "2026-09-28",   "Fri 25 September is Mid-Autumn, then the weekend"),
    ("2026-09-30 10:00",   Days(7),          "2026-10-08",   "the 7th day is the last of the National Day break"),
    ("2026-10-03 10:00",   Days(7),          "2026-10-10",   "a start on a rest day counts like any other; 10 October is worked"),
    ("2026-04-24 10:00",   Days(7),          "2026-05-06",   "1 May; the break ends on Tuesday 5 May"),
    ("2026-02-09 10:00",   WorkingDays(3),   "2026-02-12",   "an ordinary week"),
    ("2026-02-13 10:00",   WorkingDays(1),   "2026-02-14",   "the Saturday before the Spring Festival is worked"),
    ("2026-02-13 10:00",   WorkingDays(2),   "2026-02-24",   "the second working day is the first after nine days off"),
    ("2026-02-13 10:00",   WorkingDays(3),   "2026-02-25",   "the second working day after the nine days off"),
    ("2026-02-18 10:00",   WorkingDays(1),   "2026-02-24",   "started within the festival: the first working day after it is day one"),
    ("2026-02-25 10:00",   WorkingDays(3),   "2026-02-28",   "Thursday, Friday, and the Saturday made up"),
    ("2026-02-27 10:00",   WorkingDays(2),   "2026-03-02",   "Saturday counts, Sunday does not"),
    ("2026-03-06 18:30",   WorkingDays(3),   "2026-03-11",   "a Friday evening: Monday is day one"),
    ("2026-09-18 10:00",   WorkingDays(1),   "2026-09-20",   "a Sunday that is worked"),
    ("2026-09-30 10:00",   WorkingDays(3),   "2026-10-10",   "8, 9 and the Saturday 10 October"),
    ("2026-01-02 10:00",   WorkingDays(1),   "2026-01-04",   "New Year's Friday is off, the Sunday is worked"),
    ("2026-01-31 10:00",   Months(1),        "2026-02-28",   "no 31st: the month's last day, a Saturday that is worked"),
    ("2024-01-31 10:00",   Months(1),        "2024-02-29",   "a leap day, Thursday"),
    ("2024-02-29 10:00",   Months(12),       "2025-02-28",   "a year later there is no such day: Friday 28 February"),
    ("2026-03-15 10:00",   Months(2),        "2026-05-15",   "the corresponding day"),
    ("2026-03-02 10:00",   Months(2),        "2026-05-06",   "2 May is in the Labour Day break"),
    ("2023-12-15 10:00",   Days(76),         "2024-02-29",   "over New Year to the leap day"),
    ("2024-02-28 10:00",   Days(1),          "2024-02-29",   "the leap day"),
]
# fmt: on


def china_time(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(("start", "length", "last_day", "reason"), COUNTED_BY_HAND)
def test_a_period_ends_at_the_last_second_of_the_day_counted_by_hand(start, length, last_day, reason):
    assert due_at(china_time(start), length, CHINESE_CALENDAR) == china_time(f"{last_day} 23:59:59"), reason


def test_a_period_in_hours_runs_from_the_next_full_hour_and_is_not_moved_by_rest_days():
    accepted = china_time("2026-02-14 10:20")  # the day before the Spring Festival break

    assert due_at(accepted, Hours(72), CHINESE_CALENDAR) == china_time("2026-02-17 10:59:59")
    assert due_at(accepted, Hours(24), CHINESE_CALENDAR) == china_time("2026-02-15 10:59:59")
    assert due_at(china_time("2026-02-14 23:59"), Hours(24), CHINESE_CALENDAR) == china_time("2026-02-15 23:59:59")


def test_a_period_starts_on_the_day_in_chinese_time_if_the_start_is_given_in_utc():
    just_after_midnight = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # 3 March, 00:30, in China

    assert due_at(just_after_midnight, Days(30), CHINESE_CALENDAR) == china_time("2026-04-02 23:59:59")


def test_a_step_within_the_last_second_of_the_last_day_is_in_time():
    due = china_time("2026-04-01 23:59:59")

    assert is_in_time(due + timedelta(milliseconds=999), due)
    assert not is_in_time(china_time("2026-04-02 00:00"), due)


def test_a_due_date_in_a_year_without_holiday_schedule_is_provisional_until_a_schedule_is_entered():
    start, year = china_time("2099-02-01 10:00"), 2099
    due = due_at(start, Days(30), CHINESE_CALENDAR)
    assert is_provisional(due, Days(30), CHINESE_CALENDAR)

    calendar = Holidays({year: HolidaySchedule(off=(due.date(),), made_up=())})

    assert not is_provisional(due_at(start, Days(30), calendar), Days(30), calendar)
    assert due_at(start, Days(30), calendar) > due


instants = st.datetimes(datetime(2020, 1, 1), datetime(2026, 9, 1)).map(lambda naive: naive.replace(tzinfo=SHANGHAI))
lengths = st.one_of(st.integers(1, 60).map(Days), st.integers(1, 30).map(WorkingDays), st.integers(1, 3).map(Months))


@settings(deadline=None)  # the calendar of a year is computed on first use
@given(instants, lengths)
def test_a_period_ends_on_a_working_day_after_its_start(start, length):
    due = due_at(start, length, CHINESE_CALENDAR)

    assert CHINESE_CALENDAR.is_working_day(due.date()) and due.date() > start.date()
    assert (due.hour, due.minute, due.second) == (23, 59, 59)


@settings(deadline=None)  # the calendar of a year is computed on first use
@given(instants, st.integers(0, 3 * 24 * 60), lengths)
def test_a_period_that_starts_later_never_ends_earlier(start, minutes, length):
    assert due_at(start + timedelta(minutes=minutes), length, CHINESE_CALENDAR) >= due_at(start, length, CHINESE_CALENDAR)


@settings(deadline=None)  # the calendar of a year is computed on first use
@given(instants, st.integers(1, 30))
def test_a_period_in_working_days_contains_exactly_that_many_working_days(start, count):
    due = due_at(start, WorkingDays(count), CHINESE_CALENDAR).date()
    days = (start.date() + timedelta(days=n) for n in range(1, (due - start.date()).days + 1))

    assert sum(CHINESE_CALENDAR.is_working_day(day) for day in days) == count
