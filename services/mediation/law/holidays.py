"""Calendar of working days in China, from two calendar libraries and the official holiday schedules in this module or in calendar.toml."""

import hashlib
import warnings
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from importlib import metadata

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

# Largest number of days between a weekday that a holiday schedule makes a rest day and the nearest statutory festival day. The festivals are fixed
# (全国年节及纪念日放假办法); a schedule joins each of them with the weekends next to it. The largest distance in any published year is five days
# (8 October 2020); two days are added as a margin. tests/mediation/law/test_holidays.py compares the bound with every published year.
FESTIVAL_REACH = timedelta(days=7)
NOT_STATUTORY = ("substituted", "observed", "Extended", "Anniversary")  # parts of the names that the library gives to days added by a schedule


class HolidaySchedule:
    """Holiday schedule of one year as announced by the State Council (放假安排): weekdays off (`off`), and weekend days worked (`made_up`).

    It may include the last days of the December before, because of New Year: those within FESTIVAL_REACH of 1 January.
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
        self._festivals: dict[int, frozenset[date]] = {}
        # A county needs only a few thousand different days a year, and needs each of them often.
        self.working_day_from = lru_cache(maxsize=8192)(self._working_day_from)
        self.working_day_after = lru_cache(maxsize=8192)(self._working_day_after)

    def is_working_day(self, day: date) -> bool:
        return day.toordinal() in self._working_days_of_year(day.year)[0]

    def is_announced(self, year: int) -> bool:
        """Return whether the holiday schedule of the year is published and certain. If not, dates in that year are provisional."""
        return self._working_days_of_year(year)[1]

    def is_certain(self, day: date) -> bool:
        """Return whether it is certain if the day is a working day.

        A day is certain if the schedule of its year is published. The last days of December are certain only if the schedule of the next year is
        published, too: the schedule of 2019, published in December 2018, made Monday 31 December 2018 a rest day.
        """
        return self.is_announced(day.year) and (not is_near_new_year(day) or self.is_announced(day.year + 1))

    def may_be_rest_day(self, day: date) -> bool:
        """Return whether the day is a rest day or may become one by a schedule that is not published yet.

        Such a schedule can make a weekday a rest day only within FESTIVAL_REACH of a statutory festival day.
        """
        if self.is_certain(day):
            return not self.is_working_day(day)
        return day.weekday() >= 5 or self._is_near_festival(day)

    @property
    def latest_ends(self) -> "LatestEnds":
        """Return the calendar with which a period ends on the latest day that is possible, as long as schedules are not published."""
        return LatestEnds(self)

    @property
    def known_until(self) -> date:
        """Return the last day of the last year whose holiday schedule is published. A later published year after a gap does not count."""
        year = max(chinese_calendar.constants.holidays).year
        while not self.is_announced(year):
            year -= 1
        while self.is_announced(year + 1):
            year += 1
        return date(year, 12, 31)

    @property
    def fingerprint(self) -> str:
        """Return a text that is equal for calendars of equal content: a hash of the entered schedules and the versions of the calendar libraries."""
        schedules = [(year, sorted(map(str, row.off)), sorted(map(str, row.made_up))) for year, row in sorted(self.official_schedules.items())]
        versions = [metadata.version(library) for library in ("chinesecalendar", "holidays")]
        return hashlib.sha256(repr((schedules, versions)).encode()).hexdigest()[:16]

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

    def _is_near_festival(self, day: date) -> bool:
        years = {(day - FESTIVAL_REACH).year, (day + FESTIVAL_REACH).year}
        return any(abs(festival - day) <= FESTIVAL_REACH for year in years for festival in self._festival_days(year))

    def _festival_days(self, year: int) -> frozenset[date]:
        """Return the statutory festival days of a year, without the days that a published schedule added."""
        if year not in self._festivals:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # estimated lunar dates may be wrong by a day; FESTIVAL_REACH has a larger margin
                named = holidays.China(years=year, language="en_US").items()
            self._festivals[year] = frozenset(day for day, name in named if day.year == year and not any(mark in name for mark in NOT_STATUTORY))
        return self._festivals[year]

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


class LatestEnds:
    """Calendar of working days in which each day that may become a rest day is one. A period computed with it ends on the latest day that is possible.

    A schedule also makes weekend days working days. These only make a period end earlier, so this calendar contains none that is not published.
    """

    def __init__(self, calendar: Holidays):
        self.calendar = calendar

    def working_day_from(self, ordinal: int) -> int:
        while self.calendar.may_be_rest_day(date.fromordinal(ordinal)):
            ordinal += 1
        return ordinal

    def working_day_after(self, ordinal: int, count: int) -> int:
        for _ in range(count):
            ordinal = self.working_day_from(ordinal + 1)
        return ordinal

    def is_certain(self, day: date) -> bool:
        return self.calendar.is_certain(day)


def is_near_new_year(day: date) -> bool:
    """Return whether the day is one of the last days of December (25 to 31), which the schedule of the next year may change."""
    return day >= date(day.year, 12, 31) + timedelta(days=1) - FESTIVAL_REACH


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
    outside_year = [day for day in off | made_up if day.year != int(year) and not (day.year == int(year) - 1 and is_near_new_year(day))]
    if outside_year or off & made_up or any(day.weekday() < 5 for day in made_up):
        raise InvalidFacts("not_an_arrangement", clock=year)
    return HolidaySchedule(off, made_up)


def _working_days(year: int, is_working_day) -> frozenset[int]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return frozenset(ordinal for ordinal in range(first, last + 1) if is_working_day(date.fromordinal(ordinal)))


CHINESE_CALENDAR = Holidays()
