"""Data classes for the content of a county's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency of the county. Its code is also its user name on the message broker, and appears in routing keys and metric labels."""

    code: str
    zh: str
    en: str
    role: str  # a key of ROLES
    parent: str | None = None  # code of the superior agency; for a mediation body, code of the agency that guides it
    platform: str = "own"
    townships: tuple[str, ...] = ()  # codes of the townships that the agency serves; empty: all townships
    takes: tuple[str, ...] = ()  # kinds of dispute in which the agency specialises; empty: it has no speciality
    status: str = "active"
    batches: bool = False  # whether a message in the agency's inbox may contain several receipts and notices

    @property
    def is_active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Village:
    code: str  # 12 digits; the first nine are the code of the township
    zh: str
    en: str
    kind: str  # a key of PLACE_KINDS
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Population:
    """Number of residents of one area on one reference day. The population figures of all areas for one year are called a vintage."""

    year: int
    reference_on: date
    area: str  # code of the county (six digits) or of a township (nine digits)
    residents: int
    source: str
    synthetic: bool
    floating: int | None = None  # registered floating population, not included in `residents`


@dataclass(frozen=True, slots=True)
class County:
    """Content of a county's folder, except rosters, routing rules and calendars, which the mediation service reads."""

    folder: Path
    area: str  # code of the county, six digits
    zh: str
    en: str
    docket: str  # short name of the county's court in docket numbers, such as 甘0702
    titles: Mapping[str, tuple[str, str]]  # titles of the web pages as (Chinese, English), by key
    periods: Mapping[str, Mapping]  # periods and reminders that the county has set, by clock
    agencies: Mapping[str, Agency]
    townships: Mapping[str, tuple[str, str]]  # names of the townships as (Chinese, English), by code
    villages: Mapping[str, Village]
    population: tuple[Population, ...]

    def lead_agency(self, role: str) -> Agency:
        """Return the lead agency of a role: the only agency of that role without a superior of the same role. Role B (mediation bodies) has no lead agency."""
        return next(agency for agency in self.agencies.values() if agency.role == role and not self.has_superior(agency))

    def has_superior(self, agency: Agency) -> bool:
        """Return whether the agency has a superior agency of the same role."""
        return agency.parent in self.agencies and self.agencies[agency.parent].role == agency.role

    def serving_agency(self, role: str, township: str) -> Agency | None:
        """Return the active agency of this role that serves this township, or None."""
        return next((agency for agency in self.agencies.values() if agency.role == role and agency.is_active and township in agency.townships), None)

    def residents_by_area(self, year: int) -> dict[str, int]:
        """Return the number of residents of each area in a year, by area code."""
        return {row.area: row.residents for row in self.population if row.year == year}

    @property
    def latest_vintage(self) -> int:
        """Latest year with population figures."""
        return max(row.year for row in self.population)
