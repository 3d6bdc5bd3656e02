"""Calendar of working days in China, from two calendar libraries and the official holiday schedules in this module or in calendar.toml."""

import warnings
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
import holidays

from services.mediation.law.invalid_facts import InvalidFacts

# Holiday schedules announced by the State Council that a library lacks or has wrong: for a year, the weekdays off and the weekend days worked.
# A year in this mapping counts as published, and its days take precedence over both libraries.
#   2027: HolidaySchedule(off=(date(2027, 2, 8), …), made_up=(date(2027, 1, 31), …)),
OFFICIAL_SCHEDULES: Mapping[int, "HolidaySchedule"] = {}


# fmt: off
# Names of festivals: beginning of the name in the libraries, then Chinese and English name in the sentences of explaining.py.
FESTIVALS = {
    # name in the libraries         Chinese   English
    "New Year's Day":              ("元旦",   "New Year"),
    "Spring Festival":             ("春节",   "Spring Festival"),
    "Chinese New Year":            ("春节",   "Spring Festival"),
    "Tomb-sweeping Day":           ("清明节", "Qingming"),
    "Tomb-Sweeping Day":           ("清明节", "Qingming"),
    "Labour Day":                  ("劳动节", "Labour Day"),
    "Labor Day":                   ("劳动节", "Labour Day"),
    "Dragon Boat Festival":        ("端午节", "Dragon Boat Festival"),
    "National Day":                ("国庆节", "National Day"),
    "Mid-autumn Festival":         ("中秋节", "Mid-Autumn"),
    "Mid-Autumn Festival":         ("中秋节", "Mid-Autumn"),
}
# fmt: on


class HolidaySchedule:
    """Holiday schedule of one year as announced by the State Council (放假安排): weekdays off (`off`), and weekend days worked (`made_up`).

    It may include days of the December before, because of New Year.
    """

    def __init__(self, off: Iterable[date], made_up: Iterable[date]):
        self.off, self.made_up = frozenset(off), frozenset(made_up)

    def is_working_day(self, day: date) -> bool:
        return day in self.made_up or (day.weekday() < 5 and day not in self.off)


class Holidays:
    """Calendar of working days. The working days of a year are computed on first use and then cached."""

    def __init__(self, official_schedules: Mapping[int, HolidaySchedule] = OFFICIAL_SCHEDULES):
        self.official_schedules = dict(official_schedules)
        self._years: dict[int, tuple[frozenset[int], bool]] = {}
        # A county needs only a few thousand different days a year, and needs each of them often.
        self.working_day_from = lru_cache(maxsize=8192)(self._working_day_from)
        self.working_day_after = lru_cache(maxsize=8192)(self._working_day_after)

    def is_working_day(self, day: date) -> bool:
        return day.toordinal() in self._working_days_of_year(day.year)[0]

    def is_announced(self, year: int) -> bool:
        """Return whether the holiday schedule of the year is published and certain. If not, dates in that year are provisional."""
        return self._working_days_of_year(year)[1]

    def festival_name(self, day: date) -> tuple[str, str] | None:
        """Return the Chinese and English name of the festival of a day off; None for a working day or an ordinary weekend."""
        if self.is_working_day(day):
            return None
        try:
            name = chinese_calendar.get_holiday_detail(day)[1]
        except NotImplementedError:
            name = holidays.China(years=day.year).get(day)
        return next((called for prefix, called in FESTIVALS.items() if name and name.startswith(prefix)), None)

    def _working_day_from(self, ordinal: int) -> int:
        """Return the day if it is a working day, else the next working day. Days are ordinals (date.toordinal)."""
        day = date.fromordinal(ordinal)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day.toordinal()

    def _working_day_after(self, ordinal: int, count: int) -> int:
        """Return the `count`-th working day after the given day, which is not counted. Days are ordinals (date.toordinal)."""
        for _ in range(count):
            ordinal = self.working_day_from(ordinal + 1)
        return ordinal

    def _working_days_of_year(self, year: int) -> tuple[frozenset[int], bool]:
        computed = self._years.get(year)
        if computed is None:
            computed = self._years[year] = self._compute_working_days(year)
        return computed

    def _compute_working_days(self, year: int) -> tuple[frozenset[int], bool]:
        working, is_certain = self._working_days_by_sources(year)
        next_year = self.official_schedules.get(year + 1)
        if next_year is not None:
            first, last = date(year, 12, 1).toordinal(), date(year, 12, 31).toordinal()
            off, made_up = ({day.toordinal() for day in days if first <= day.toordinal() <= last} for days in (next_year.off, next_year.made_up))
            working = (working - off) | made_up
        return working, is_certain

    def _working_days_by_sources(self, year: int) -> tuple[frozenset[int], bool]:
        if year in self.official_schedules:
            return _working_days(year, self.official_schedules[year].is_working_day), True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns about estimated lunar dates; such a year is provisional in any case
            expected = _working_days(year, holidays.China(years=year).is_working_day)
        try:
            published = _working_days(year, chinese_calendar.is_workday)
        except NotImplementedError:
            return expected, False  # the second library computes the festivals, but make-up working days are not known before the announcement
        # Both libraries contain the days of the announcement. If they differ, one of them is wrong, so the year counts as provisional.
        return published, published == expected


def parse_holiday_schedules(years: object) -> dict[int, HolidaySchedule]:
    """Return the holiday schedule of each year in calendar.toml. Raises InvalidFacts.

    `years` is the parsed file: {"2027": {"off": [date(2027, 1, 1), …], "made_up": [date(2027, 2, 20), …]}}. `off` may include weekend days, as the
    announcements do. A year in the file counts as published, and its days take precedence over the libraries.
    """
    if type(years) is not dict:
        raise InvalidFacts("not_an_object")
    return {_parse_year(name): _parse_holiday_schedule(name, row) for name, row in years.items()}


def _parse_year(name: str) -> int:
    if not (name.isascii() and name.isdigit() and 1990 <= int(name) <= 2199):
        raise InvalidFacts("not_an_arrangement", clock="")
    return int(name)


def _check_date(value: object) -> date:
    """Return the value if it is a date. Raises TypeError if it is not."""
    if type(value) is not date:
        raise TypeError
    return value


def _parse_holiday_schedule(year: str, row: object) -> HolidaySchedule:
    try:
        off, made_up = (frozenset(map(_check_date, row[name])) for name in ("off", "made_up"))
    except (KeyError, TypeError, ValueError):
        raise InvalidFacts("not_an_arrangement", clock=year) from None
    if set(row) != {"off", "made_up"}:
        raise InvalidFacts("not_an_arrangement", clock=year)
    outside_year = [day for day in off | made_up if day.year != int(year) and (day.year, day.month) != (int(year) - 1, 12)]
    if outside_year or off & made_up or any(day.weekday() < 5 for day in made_up):
        raise InvalidFacts("not_an_arrangement", clock=year)
    return HolidaySchedule(off, made_up)


def _working_days(year: int, is_working_day) -> frozenset[int]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return frozenset(ordinal for ordinal in range(first, last + 1) if is_working_day(date.fromordinal(ordinal)))


CHINESE_CALENDAR = Holidays()
