"""A county as its folder describes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. Its code is one token in code, SQL, routing keys and metric labels, and the broker user of the same name."""

    code: str
    zh: str
    en: str
    role: str  # a key of ROLES
    parent: str | None = None  # the agency above it; of a mediation body, the one that guides it
    platform: str = "own"
    townships: tuple[str, ...] = ()  # those that it serves; none: all of them
    takes: tuple[str, ...] = ()  # kinds of dispute that it is set up for; none: no kind in particular
    status: str = "active"

    @property
    def is_active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Village:
    code: str  # 12 digits, the first nine are its township's
    zh: str
    en: str
    kind: str  # village or community
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Population:
    """The residents of one area on one day. A vintage is all rows of one year."""

    year: int
    reference_on: date
    area: str  # the county's six digits or a township's nine
    residents: int
    source: str
    synthetic: bool
    floating: int | None = None  # registered floating population, not among the residents


@dataclass(frozen=True, slots=True)
class County:
    """Everything that the contract knows of a county. Rosters, routing rules and calendars are read by who uses them."""

    folder: Path
    area: str  # six digits
    zh: str
    en: str
    docket: str  # what its court's docket numbers carry, e.g. 甘0702
    titles: Mapping[str, tuple[str, str]]  # of the pages, (zh, en)
    periods: Mapping[str, Mapping]  # the county's own periods and reminders, by clock
    agencies: Mapping[str, Agency]
    townships: Mapping[str, tuple[str, str]]
    villages: Mapping[str, Village]
    population: tuple[Population, ...]

    def lead(self, role: str) -> Agency:
        """Return the agency that leads this role: the one without a parent of the same role. Every role but B has exactly one."""
        return next(agency for agency in self.agencies.values() if agency.role == role and not self.has_superior(agency))

    def has_superior(self, agency: Agency) -> bool:
        return agency.parent in self.agencies and self.agencies[agency.parent].role == agency.role

    def serving(self, role: str, township: str) -> Agency | None:
        """Return the active agency of this role that serves this township by its own row; None if there is none."""
        return next((agency for agency in self.agencies.values() if agency.role == role and agency.is_active and township in agency.townships), None)

    def residents(self, year: int) -> dict[str, int]:
        """Residents by area code in one vintage."""
        return {row.area: row.residents for row in self.population if row.year == year}

    @property
    def latest_vintage(self) -> int:
        return max(row.year for row in self.population)
