"""Readers of the county files used by the mediation service: own periods (county.toml), holiday schedules (calendar.toml), routing.csv and rosters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from structlog import get_logger

from contracts import COUNTY
from contracts.county import County
from contracts.county.files import line_of_entry, read_toml
from contracts.csv_tables import CellError, cell_error
from services.mediation.law.county_periods import CountyPeriods
from services.mediation.law.county_periods import apply_county_periods as periods_of
from services.mediation.law.holidays import CHINESE_CALENDAR, Holidays, parse_holiday_schedules
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.office_hours import parse_grace, parse_office_hours
from services.mediation.law.periods import DEFAULT_RULES
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.rosters import files as roster_files
from services.mediation.routing import rules as routing_rules

log = get_logger()
PERIODS_FILE, CALENDAR_FILE, ROUTING_FILE = "county.toml", "calendar.toml", "routing.csv"
MAX_LOGGED_ERRORS = 10


class InvalidCountyFiles(ValueError):
    """Raised if files in the county's folder contain mistakes. `errors` lists them."""

    def __init__(self, errors: list[CellError]):
        self.errors = errors
        super().__init__("\n".join(map(str, errors)))


class CountyFiles:
    """Current deadline policy and routing rules, read from one county folder.

    The constructor raises InvalidCountyFiles. If a file becomes invalid later, an error is logged, and the last valid version stays in use.
    """

    def __init__(self, folder: Path, patience_seconds: float = 600.0):
        self.folder, self._patience = folder, timedelta(seconds=patience_seconds)
        self._modified_ns = {file: self._read_mtime_ns(file) for file in (PERIODS_FILE, CALENDAR_FILE, ROUTING_FILE)}
        periods, holidays = _require_valid(read_periods(folder)), _require_valid(read_calendar(folder))
        self.policy = DeadlinePolicy(holidays, periods, self._patience)
        self.routing = _require_valid(read_routing(folder))
        self.recomputed_basis: dict[str, str] | None = None  # the policy's `basis` for which this process last recomputed; None: not since its start

    @property
    def must_recompute(self) -> bool:
        """Return whether the calendar or the periods have changed since this process last recomputed the deadlines."""
        return self.recomputed_basis != self.policy.basis

    def reload(self) -> None:
        """Read again each file that has changed since it was last read."""
        changed = [file for file, mtime_ns in self._modified_ns.items() if self._read_mtime_ns(file) != mtime_ns]
        for file in changed:
            self._modified_ns[file] = self._read_mtime_ns(file)
        if ROUTING_FILE in changed:
            self._apply_file(ROUTING_FILE, read_routing, lambda rules: setattr(self, "routing", rules), "Proposals follow the last valid rules.")
        if PERIODS_FILE in changed:
            self._apply_file(
                PERIODS_FILE, read_periods, lambda periods: self._change_policy(county=periods), "Deadlines are computed with the last valid periods."
            )
        if CALENDAR_FILE in changed:
            self._apply_file(
                CALENDAR_FILE, read_calendar, lambda days: self._change_policy(holidays=days), "Deadlines are computed with the last valid calendar."
            )

    def _apply_file(self, file: str, read: Callable, apply: Callable, consequence: str) -> None:
        value, errors = read(self.folder)
        if not errors:
            apply(value)
            return
        log.error(
            "A county file is invalid.",
            path=str(self.folder / file),
            reason="; ".join(map(str, errors[:MAX_LOGGED_ERRORS])),  # error texts name line and column, but do not quote the file
            consequence=consequence,
            next="Correct the file. It is read again when it changes.",
        )

    def _change_policy(self, holidays: Holidays | None = None, county: CountyPeriods | None = None) -> None:
        self.policy = DeadlinePolicy(holidays or self.policy.holidays, county or self.policy.county, self._patience)

    def _read_mtime_ns(self, file: str) -> int | None:
        path = self.folder / file
        return path.stat().st_mtime_ns if path.exists() else None


def read_periods(folder: Path) -> tuple[CountyPeriods, list[CellError]]:
    """Return the county's own periods, reminder times, office hours and grace period from county.toml, and every mistake in them."""
    errors: list[CellError] = []
    settings, text = read_toml(folder, PERIODS_FILE, errors)
    rows = settings.get("periods", {})
    if not isinstance(rows, dict):
        return CountyPeriods(), [cell_error(PERIODS_FILE, line_of_entry(text, ("periods",)), "periods", "not_an_object")]
    for clock, row in rows.items():
        try:
            periods_of({clock: row})
        except InvalidFacts as invalid:
            column = f"periods.{clock}" if clock in DEFAULT_RULES else "periods"  # an unknown clock name is not quoted, because it may be personal data
            errors.append(_cell_error_of(PERIODS_FILE, line_of_entry(text, ("periods", clock)), column, invalid))
    hours, grace = (_read_table(settings, text, name, parse, errors) for name, parse in (("office_hours", parse_office_hours), ("grace", parse_grace)))
    if errors:
        return CountyPeriods(), errors
    periods = periods_of(rows)
    return replace(periods, office_hours=hours or periods.office_hours, grace=grace or periods.grace), errors


def _read_table(settings: dict, text: str, name: str, parse: Callable, errors: list[CellError]):
    """Return the parsed table of county.toml, or None if it is absent or invalid. The mistake of an invalid table is added to `errors`."""
    if name not in settings:
        return None
    try:
        return parse(settings[name])
    except InvalidFacts as invalid:
        errors.append(_cell_error_of(PERIODS_FILE, line_of_entry(text, (name,)), name, invalid))
        return None


def read_calendar(folder: Path) -> tuple[Holidays, list[CellError]]:
    """Return the calendar with the holiday schedules in calendar.toml, and every mistake in the file. Without the file: the built-in calendar of China."""
    if not (folder / CALENDAR_FILE).exists():
        return CHINESE_CALENDAR, []
    errors: list[CellError] = []
    years, text = read_toml(folder, CALENDAR_FILE, errors)
    for year, row in years.items():
        try:
            parse_holiday_schedules({year: row})
        except InvalidFacts as invalid:
            errors.append(_cell_error_of(CALENDAR_FILE, line_of_entry(text, (year,)), year if year.isascii() and year.isdigit() else "year", invalid))
    return (CHINESE_CALENDAR if errors or not years else Holidays(parse_holiday_schedules(years))), errors


def read_routing(folder: Path, county: County = COUNTY) -> tuple[routing_rules.Rules | None, list[CellError]]:
    """Return the routing rules in routing.csv, or None without the file, and every mistake in it."""
    content, errors = _read_bytes(folder, ROUTING_FILE)
    return routing_rules.read(content, county) if not errors else (None, errors)


def read_rosters(folder: Path, county: County = COUNTY) -> tuple[dict[str, list], list[CellError]]:
    """Return the entries of organisations.csv and members.csv, by file name without suffix, and every mistake in them."""
    contents, errors = {}, []
    for name in roster_files.TABLES:
        contents[name], missing = _read_bytes(folder, f"{name}.csv")
        errors += missing
    return roster_files.read(contents, county) if not errors else ({}, errors)


def check(folder: Path, county: County) -> list[CellError]:
    """Return every mistake in the files of a folder that the mediation service uses, including contradictions between files.

    `county`: agencies and townships read from the same folder by package contracts.
    """
    rules, rule_errors = read_routing(folder, county)
    rosters, roster_errors = read_rosters(folder, county)
    errors = [*read_periods(folder)[1], *read_calendar(folder)[1], *rule_errors, *roster_errors]
    if not rule_errors and not roster_errors:
        codes = {organisation.code for organisation in rosters["organisations"]}
        for line, rule in zip(rules.lines, rules.rules, strict=True):
            selector, _, code = rule.bodies.partition(":")
            if selector == "organisation" and code not in codes:
                errors.append(cell_error(ROUTING_FILE, line, "bodies", "unknown_place"))
    return errors


def _require_valid(result):
    """Return the value of a (value, errors) pair. Raises InvalidCountyFiles if `errors` is not empty."""
    value, errors = result
    if errors:
        raise InvalidCountyFiles(errors)
    return value


def _read_bytes(folder, file):
    try:
        return (folder / file).read_bytes(), []
    except FileNotFoundError:
        return b"", [cell_error(file, 1, file, "missing_file")]


def _cell_error_of(file, line, column, invalid: InvalidFacts) -> CellError:
    return CellError(file, line, column, invalid.code, invalid.zh, invalid.en)
