"""Which days are working days in China, and how surely that is known. May know the two published calendars and our corrections; no clock, no I/O."""

import warnings
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
import holidays

from services.mediation.law.invalid_facts import InvalidFacts

# What the State Council announced and the libraries do not know yet, or have wrong: a year, with the weekdays given off and the
# weekend days made up for them. A year that stands here counts as announced, and its days beat both libraries.
#   2027: Arrangement(off=(date(2027, 2, 8), …), made_up=(date(2027, 1, 31), …)),
OFFICIAL: Mapping[int, "Arrangement"] = {}


# fmt: off
FESTIVALS = {
    # as the libraries call it     as people do
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
    """One year's arrangement as the State Council announces it: every day off that is no weekend, every weekend day worked.

    New Year may take days of the December before.
    """

    def __init__(self, off: Iterable[date], made_up: Iterable[date]):
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

    def festival(self, day: date) -> tuple[str, str] | None:
        """What a day off belongs to, as people call it (zh, en); None for a working day and an ordinary weekend."""
        if self.works(day):
            return None
        try:
            name = chinese_calendar.get_holiday_detail(day)[1]
        except NotImplementedError:
            name = holidays.China(years=day.year).get(day)
        return next((called for known, called in FESTIVALS.items() if name and name.startswith(known)), None)

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
        working, certain = self._announced_or_published(year)
        following = self.official.get(year + 1)
        if following is not None:
            first, last = date(year, 12, 1).toordinal(), date(year, 12, 31).toordinal()
            off, made_up = ({day.toordinal() for day in days if first <= day.toordinal() <= last} for days in (following.off, following.made_up))
            working = (working - off) | made_up
        return working, certain

    def _announced_or_published(self, year: int) -> tuple[frozenset[int], bool]:
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


def arrangements(years: object) -> dict[int, Arrangement]:
    """Return the arrangements of calendar.toml as parsed: {"2027": {"off": [date(2027, 1, 1), …], "made_up": [date(2027, 2, 20), …]}}. Raises InvalidFacts.

    `off` may name weekend days too, as announcements do. A year named here is certain, and beats the libraries.
    """
    if type(years) is not dict:
        raise InvalidFacts("not_an_object")
    return {_year_of(name): _arrangement(name, row) for name, row in years.items()}


def _year_of(name: str) -> int:
    if not (name.isascii() and name.isdigit() and 1990 <= int(name) <= 2199):
        raise InvalidFacts("not_an_arrangement", clock="")
    return int(name)


def _date(value: object) -> date:
    """TOML has dates of its own. Raises TypeError."""
    if type(value) is not date:
        raise TypeError
    return value


def _arrangement(year: str, row: object) -> Arrangement:
    try:
        off, made_up = (frozenset(map(_date, row[name])) for name in ("off", "made_up"))
    except (KeyError, TypeError, ValueError):
        raise InvalidFacts("not_an_arrangement", clock=year) from None
    if set(row) != {"off", "made_up"}:
        raise InvalidFacts("not_an_arrangement", clock=year)
    strange = [day for day in off | made_up if day.year != int(year) and (day.year, day.month) != (int(year) - 1, 12)]
    if strange or off & made_up or any(day.weekday() < 5 for day in made_up):
        raise InvalidFacts("not_an_arrangement", clock=year)
    return Arrangement(off, made_up)


def _working(year: int, works) -> frozenset[int]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return frozenset(ordinal for ordinal in range(first, last + 1) if works(date.fromordinal(ordinal)))


CHINA = Holidays()
