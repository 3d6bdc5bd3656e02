"""The county's files that mediation uses: its own periods (county.toml), holiday arrangements (calendar.toml), routing rules (routing.csv) and rosters."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from structlog import get_logger

from contracts import COUNTY
from contracts.county import County
from contracts.county.files import line_of, read_toml
from contracts.csv_tables import CellError, cell_error
from services.mediation.law.county_periods import County as CountyPeriods
from services.mediation.law.county_periods import county as periods_of
from services.mediation.law.holidays import CHINA, Holidays, arrangements
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import LAW
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.rosters import files as roster_files
from services.mediation.routing import rules as routing_rules

log = get_logger()
PERIODS, CALENDAR, ROUTING = "county.toml", "calendar.toml", "routing.csv"
SHOWN = 10  # mistakes in one log line


class InvalidCountyFiles(ValueError):
    """Files of the county's folder have mistakes; `errors` lists them."""

    def __init__(self, errors: list[CellError]):
        self.errors = errors
        super().__init__("\n".join(map(str, errors)))


class CountyFiles:
    """The deadline policy and routing rules of one folder, as they are valid now. Raises InvalidCountyFiles at the start; later the last valid ones stay."""

    def __init__(self, folder: Path, patience_seconds: float = 600.0):
        self.folder, self._patience = folder, timedelta(seconds=patience_seconds)
        self._stamps = {file: self._stamp(file) for file in (PERIODS, CALENDAR, ROUTING)}
        periods, holidays = _valid(read_periods(folder)), _valid(read_calendar(folder))
        self.policy = DeadlinePolicy(holidays, periods, self._patience)
        self.routing = _valid(read_routing(folder))
        self.recomputed = False  # whether provisional deadlines were computed again since the policy changed

    def reload(self) -> None:
        """Read files again that have changed."""
        changed = [file for file, stamp in self._stamps.items() if self._stamp(file) != stamp]
        for file in changed:
            self._stamps[file] = self._stamp(file)
        if ROUTING in changed:
            self._take(ROUTING, read_routing, lambda rules: setattr(self, "routing", rules), "Proposals are made by the last valid rules.")
        if PERIODS in changed:
            self._take(PERIODS, read_periods, lambda periods: self._change_policy(county=periods), "Deadlines are computed by the last valid periods.")
        if CALENDAR in changed:
            self._take(CALENDAR, read_calendar, lambda days: self._change_policy(holidays=days), "Deadlines are computed by the last valid calendar.")

    def _take(self, file: str, read: Callable, use: Callable, consequence: str) -> None:
        value, errors = read(self.folder)
        if not errors:
            use(value)
            return
        log.error(
            "A file of the county is invalid.",
            path=str(self.folder / file),
            reason="; ".join(map(str, errors[:SHOWN])),  # a mistake names its line and column, never what is written there
            consequence=consequence,
            next="Correct the file: it is read again when it changes.",
        )

    def _change_policy(self, holidays: Holidays | None = None, county: CountyPeriods | None = None) -> None:
        self.policy = DeadlinePolicy(holidays or self.policy.holidays, county or self.policy.county, self._patience)
        self.recomputed = False

    def _stamp(self, file: str) -> int | None:
        path = self.folder / file
        return path.stat().st_mtime_ns if path.exists() else None


def read_periods(folder: Path) -> tuple[CountyPeriods, list[CellError]]:
    """Return the county's own periods and reminders from county.toml, and every mistake in them."""
    errors: list[CellError] = []
    settings, text = read_toml(folder, PERIODS, errors)
    rows = settings.get("periods", {})
    if not isinstance(rows, dict):
        return CountyPeriods(), [cell_error(PERIODS, line_of(text, ("periods",)), "periods", "not_an_object")]
    for clock, row in rows.items():
        try:
            periods_of({clock: row})
        except InvalidFacts as invalid:
            column = f"periods.{clock}" if clock in LAW else "periods"  # an unknown name is not repeated
            errors.append(_law_error(PERIODS, line_of(text, ("periods", clock)), column, invalid))
    return (CountyPeriods() if errors else periods_of(rows)), errors


def read_calendar(folder: Path) -> tuple[Holidays, list[CellError]]:
    """Return the calendar with the arrangements of calendar.toml, which need not be there, and every mistake in it."""
    if not (folder / CALENDAR).exists():
        return CHINA, []
    errors: list[CellError] = []
    years, text = read_toml(folder, CALENDAR, errors)
    for year, row in years.items():
        try:
            arrangements({year: row})
        except InvalidFacts as invalid:
            errors.append(_law_error(CALENDAR, line_of(text, (year,)), year if year.isascii() and year.isdigit() else "year", invalid))
    return (CHINA if errors or not years else Holidays(arrangements(years))), errors


def read_routing(folder: Path, county: County = COUNTY) -> tuple[routing_rules.Rules | None, list[CellError]]:
    """Return the routing rules of routing.csv and every mistake in them."""
    content, errors = _content(folder, ROUTING)
    return routing_rules.read(content, county) if not errors else (None, errors)


def read_rosters(folder: Path, county: County = COUNTY) -> tuple[dict[str, list], list[CellError]]:
    """Return the entries of organisations.csv and members.csv, by file name without ending, and every mistake in them."""
    contents, errors = {}, []
    for name in roster_files.TABLES:
        contents[name], missing = _content(folder, f"{name}.csv")
        errors += missing
    return roster_files.read(contents, county) if not errors else ({}, errors)


def check(folder: Path, county: County) -> list[CellError]:
    """Return every mistake in mediation's files of a folder, those between files included. `county` is what the contract read of the same folder."""
    rules, wrong_rules = read_routing(folder, county)
    rosters, wrong_rosters = read_rosters(folder, county)
    errors = [*read_periods(folder)[1], *read_calendar(folder)[1], *wrong_rules, *wrong_rosters]
    if not wrong_rules and not wrong_rosters:
        codes = {organisation.code for organisation in rosters["organisations"]}
        for line, rule in zip(rules.lines, rules.rules, strict=True):
            kind, _, code = rule.bodies.partition(":")
            if kind == "organisation" and code not in codes:
                errors.append(cell_error(ROUTING, line, "bodies", "unknown_place"))
    return errors


def _valid(found):
    value, errors = found
    if errors:
        raise InvalidCountyFiles(errors)
    return value


def _content(folder, file):
    try:
        return (folder / file).read_bytes(), []
    except FileNotFoundError:
        return b"", [cell_error(file, 1, file, "missing_file")]


def _law_error(file, line, column, invalid: InvalidFacts) -> CellError:
    return CellError(file, line, column, invalid.code, invalid.zh, invalid.en)
