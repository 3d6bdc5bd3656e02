"""Which days are working days in China, and how surely that is known. May know the two published calendars and our corrections; no clock, no I/O."""

import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
import holidays

# What the State Council announced and the libraries do not know yet, or have wrong: a year, with the weekdays given off and the
# weekend days made up for them. A year that stands here counts as announced, and its days beat both libraries.
#   2027: Arrangement(off=(date(2027, 2, 8), …), made_up=(date(2027, 1, 31), …)),
OFFICIAL: Mapping[int, "Arrangement"] = {}


class Arrangement:
    """One year's arrangement as the State Council announces it: every day off that is no weekend, every weekend day worked."""

    def __init__(self, off: tuple[date, ...], made_up: tuple[date, ...]):
        self.off, self.made_up = frozenset(off), frozenset(made_up)

    def works(self, day: date) -> bool:
        return day in self.made_up or (day.weekday() < 5 and day not in self.off)


class Holidays:
    """Working days, year by year. A year is worked out once, when somebody asks about it, and then answers from a set."""

    def __init__(self, official: Mapping[int, Arrangement] = OFFICIAL):
        self.official = dict(official)
        self._years: dict[int, tuple[frozenset[int], bool]] = {}
        # The same few days are asked about all day long; a county has some thousand different questions a year.
        self.working_day_from = lru_cache(maxsize=8192)(self._working_day_from)
        self.working_day_after = lru_cache(maxsize=8192)(self._working_day_after)

    def works(self, day: date) -> bool:
        return day.toordinal() in self._year(day.year)[0]

    def announced(self, year: int) -> bool:
        """False while nobody has published which weekends are made up: dates that fall in that year are provisional."""
        return self._year(year)[1]

    def _working_day_from(self, ordinal: int) -> int:
        """That day if it is a working day, else the first working day after it; days as proleptic ordinals."""
        day = date.fromordinal(ordinal)
        while not self.works(day):
            day += timedelta(days=1)
        return day.toordinal()

    def _working_day_after(self, ordinal: int, count: int) -> int:
        """The `count`-th working day after that day, which itself is not counted."""
        for _ in range(count):
            ordinal = self.working_day_from(ordinal + 1)
        return ordinal

    def _year(self, year: int) -> tuple[frozenset[int], bool]:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._worked_out(year)
        return known

    def _worked_out(self, year: int) -> tuple[frozenset[int], bool]:
        if year in self.official:
            return _working(year, self.official[year].works), True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a library warns about lunar dates it estimates; the year is provisional then anyhow
            expected = _working(year, holidays.China(years=year).is_working_day)
        try:
            published = _working(year, chinese_calendar.is_workday)
        except NotImplementedError:
            return expected, False  # the festivals are known, the swapped weekends are not
        # Two hands copied the same announcement. Where they differ one is wrong: nobody is told that such a date is certain.
        return published, published == expected


def _working(year: int, works) -> frozenset[int]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return frozenset(ordinal for ordinal in range(first, last + 1) if works(date.fromordinal(ordinal)))


CHINA = Holidays()
