"""Data classes for the content of a county's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. Its code is also its user name on the broker, and appears in routing keys and metric labels."""

    code: str
    zh: str
    en: str
    role: str  # a key of ROLES
    parent: str | None = None  # code of the superior agency; for a mediation body, of the agency that guides it
    platform: str = "own"
    townships: tuple[str, ...] = ()  # codes of the townships that it serves; empty: all townships
    takes: tuple[str, ...] = ()  # kinds of dispute that it specialises in; empty: none in particular
    status: str = "active"

    @property
    def is_active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Village:
    code: str  # 12 digits, of which the first nine are the code of its township
    zh: str
    en: str
    kind: str  # a key of PLACE_KINDS
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Population:
    """Number of residents of one area on one reference day. All rows of one year form a vintage."""

    year: int
    reference_on: date
    area: str  # the county's six digits or a township's nine
    residents: int
    source: str
    synthetic: bool
    floating: int | None = None  # registered floating population, not included in `residents`


@dataclass(frozen=True, slots=True)
class County:
    """Content of a county's folder, except rosters, routing rules and calendars, which mediation reads itself."""

    folder: Path
    area: str  # six digits
    zh: str
    en: str
    docket: str  # short name of the court in its docket numbers, such as 甘0702
    titles: Mapping[str, tuple[str, str]]  # titles of the web pages, (zh, en)
    periods: Mapping[str, Mapping]  # periods and reminders set by the county itself, by clock
    agencies: Mapping[str, Agency]
    townships: Mapping[str, tuple[str, str]]  # names in Chinese and English, by code
    villages: Mapping[str, Village]
    population: tuple[Population, ...]

    def lead(self, role: str) -> Agency:
        """Return the lead agency of a role: the only agency of that role without a superior of the same role. Role B has none."""
        return next(agency for agency in self.agencies.values() if agency.role == role and not self.has_superior(agency))

    def has_superior(self, agency: Agency) -> bool:
        """Return whether the agency has a superior agency of the same role."""
        return agency.parent in self.agencies and self.agencies[agency.parent].role == agency.role

    def serving_agency(self, role: str, township: str) -> Agency | None:
        """Return the active agency of this role whose row lists this township, or None."""
        return next((agency for agency in self.agencies.values() if agency.role == role and agency.is_active and township in agency.townships), None)

    def residents(self, year: int) -> dict[str, int]:
        """Return the numbers of residents of one vintage, by area code."""
        return {row.area: row.residents for row in self.population if row.year == year}

    @property
    def latest_vintage(self) -> int:
        return max(row.year for row in self.population)
