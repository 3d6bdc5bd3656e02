"""Working days in China, from two published calendars and the arrangements entered here or in calendar.toml. No present time, no I/O."""

import warnings
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
import holidays

from services.mediation.law.invalid_facts import InvalidFacts

# Arrangements announced by the State Council that the libraries lack or have wrong: per year, the weekdays off and the weekend days worked.
# A year in this table counts as published, and its days take precedence over both libraries.
#   2027: Arrangement(off=(date(2027, 2, 8), …), made_up=(date(2027, 1, 31), …)),
OFFICIAL_ARRANGEMENTS: Mapping[int, "Arrangement"] = {}


# fmt: off
FESTIVALS = {
    # name in the libraries         name in sentences
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


class Arrangement:
    """Arrangement of one year as announced by the State Council: weekdays off, and weekend days worked.

    It may include days of the December before, for New Year.
    """

    def __init__(self, off: Iterable[date], made_up: Iterable[date]):
        self.off, self.made_up = frozenset(off), frozenset(made_up)

    def is_working_day(self, day: date) -> bool:
        return day in self.made_up or (day.weekday() < 5 and day not in self.off)


class Holidays:
    """Calendar of working days. The working days of a year are computed on first use and then cached."""

    def __init__(self, official: Mapping[int, Arrangement] = OFFICIAL_ARRANGEMENTS):
        self.official = dict(official)
        self._years: dict[int, tuple[frozenset[int], bool]] = {}
        # A county has a few thousand different queries a year, repeated often.
        self.working_day_from = lru_cache(maxsize=8192)(self._working_day_from)
        self.working_day_after = lru_cache(maxsize=8192)(self._working_day_after)

    def is_working_day(self, day: date) -> bool:
        return day.toordinal() in self._year(day.year)[0]

    def is_announced(self, year: int) -> bool:
        """Return whether the arrangement of the year is published and certain. Otherwise dates in that year are provisional."""
        return self._year(year)[1]

    def festival_name(self, day: date) -> tuple[str, str] | None:
        """Return the name of the festival that a day off belongs to (Chinese, English); None for a working day or an ordinary weekend."""
        if self.is_working_day(day):
            return None
        try:
            name = chinese_calendar.get_holiday_detail(day)[1]
        except NotImplementedError:
            name = holidays.China(years=day.year).get(day)
        return next((called for prefix, called in FESTIVALS.items() if name and name.startswith(prefix)), None)

    def _working_day_from(self, ordinal: int) -> int:
        """Return the day if it is a working day, else the first working day after it; days are proleptic ordinals."""
        day = date.fromordinal(ordinal)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day.toordinal()

    def _working_day_after(self, ordinal: int, count: int) -> int:
        """Return the `count`-th working day after the day, which itself is not counted; days are proleptic ordinals."""
        for _ in range(count):
            ordinal = self.working_day_from(ordinal + 1)
        return ordinal

    def _year(self, year: int) -> tuple[frozenset[int], bool]:
        computed = self._years.get(year)
        if computed is None:
            computed = self._years[year] = self._compute_year(year)
        return computed

    def _compute_year(self, year: int) -> tuple[frozenset[int], bool]:
        working, is_certain = self._own_days_of(year)
        next_year = self.official.get(year + 1)
        if next_year is not None:
            first, last = date(year, 12, 1).toordinal(), date(year, 12, 31).toordinal()
            off, made_up = ({day.toordinal() for day in days if first <= day.toordinal() <= last} for days in (next_year.off, next_year.made_up))
            working = (working - off) | made_up
        return working, is_certain

    def _own_days_of(self, year: int) -> tuple[frozenset[int], bool]:
        if year in self.official:
            return _working_days(year, self.official[year].is_working_day), True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns about estimated lunar dates; such a year is provisional in any case
            expected = _working_days(year, holidays.China(years=year).is_working_day)
        try:
            published = _working_days(year, chinese_calendar.is_workday)
        except NotImplementedError:
            return expected, False  # the festivals are known, the make-up weekends are not
        # Both libraries copy the same announcement. If they differ, one is wrong, and the year counts as provisional.
        return published, published == expected


def parse_arrangements(years: object) -> dict[int, Arrangement]:
    """Return the arrangements of calendar.toml as parsed: {"2027": {"off": [date(2027, 1, 1), …], "made_up": [date(2027, 2, 20), …]}}. Raises InvalidFacts.

    `off` may include weekend days, as announcements do. A year in calendar.toml counts as published and takes precedence over the libraries.
    """
    if type(years) is not dict:
        raise InvalidFacts("not_an_object")
    return {_parse_year(name): _parse_arrangement(name, row) for name, row in years.items()}


def _parse_year(name: str) -> int:
    if not (name.isascii() and name.isdigit() and 1990 <= int(name) <= 2199):
        raise InvalidFacts("not_an_arrangement", clock="")
    return int(name)


def _check_date(value: object) -> date:
    """Return the TOML date. Raises TypeError for any other type."""
    if type(value) is not date:
        raise TypeError
    return value


def _parse_arrangement(year: str, row: object) -> Arrangement:
    try:
        off, made_up = (frozenset(map(_check_date, row[name])) for name in ("off", "made_up"))
    except (KeyError, TypeError, ValueError):
        raise InvalidFacts("not_an_arrangement", clock=year) from None
    if set(row) != {"off", "made_up"}:
        raise InvalidFacts("not_an_arrangement", clock=year)
    outside_year = [day for day in off | made_up if day.year != int(year) and (day.year, day.month) != (int(year) - 1, 12)]
    if outside_year or off & made_up or any(day.weekday() < 5 for day in made_up):
        raise InvalidFacts("not_an_arrangement", clock=year)
    return Arrangement(off, made_up)


def _working_days(year: int, is_working_day) -> frozenset[int]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return frozenset(ordinal for ordinal in range(first, last + 1) if is_working_day(date.fromordinal(ordinal)))


CHINA = Holidays()
