"""Reads a county's routing rules from routing.csv, one rule per line. Pure functions: bytes of the file give rules and a list of mistakes.

A rule that matches a dispute gives points and a reason to the bodies that the rule names. The points of all matching rules are added up, and bodies
are proposed in order of points. A rule for `*` gives points to bodies named by other rules, depending on statistics: see StatisticsCondition.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from contracts import COUNTY, KINDS
from contracts.county import County
from contracts.csv_tables import CellError, InvalidCell, cell_error, choice_reader, list_reader, pattern_reader, read_date, read_table
from contracts.fields import ORGANISATION_PATTERN
from contracts.kinds import FLAGS, ORGANISATION_KINDS, PROPOSAL_REASONS, STANDINGS, TRACKS

FILE_NAME = "routing.csv"
ALL_NAMED_BODIES = "*"  # selects every body that another rule names
BODY_SELECTORS = ("village_committee", "township_committee", "takes_it")
CONDITION_PATTERN = re.compile(r"(accepts|open)(>=|<=)([0-9]{1,4})")
MAX_POINTS = 1000


@dataclass(frozen=True, slots=True)
class StatisticsCondition:
    """Condition on the statistics of a mediation body, such as `accepts>=80`.

    `measure` is `accepts` (accepted referrals in percent of answered referrals) or `open` (number of open disputes). `at_least`: True for >=, False for <=.
    """

    measure: str
    at_least: bool
    number: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of routing.csv. A condition that is empty is always met."""

    rule: str
    bodies: str
    points: int
    reason: str
    kinds: tuple[str, ...] = ()
    townships: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    when: tuple[StatisticsCondition, ...] = ()
    joint_with: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The routing rules of one county, as read from its routing.csv."""

    rules: tuple[Rule, ...]
    version: str  # first 12 hex digits of the file's SHA-256; each proposal states it
    lines: tuple[int, ...] = ()  # line number of each rule in the file


def _bodies_reader(agency):
    """Return a reader of cells of the column `bodies`: `village_committee`, `township_committee`, `takes_it`, `*`, `kind:…`, `agency:…` or `organisation:…`."""
    argument_readers = {"kind": choice_reader(ORGANISATION_KINDS), "agency": agency, "organisation": pattern_reader(ORGANISATION_PATTERN)}

    def read_cell(cell):
        selector, _, argument = cell.partition(":")
        if cell in (*BODY_SELECTORS, ALL_NAMED_BODIES):
            return cell
        if selector not in argument_readers:
            raise InvalidCell("not_in_list")
        return f"{selector}:{argument_readers[selector](argument)}"

    return read_cell


def _read_condition(cell):
    """Return the StatisticsCondition in a cell such as `open<=20`. Raises CellMistake."""
    match = CONDITION_PATTERN.fullmatch(cell)
    if not match:
        raise InvalidCell("wrong_form")
    return StatisticsCondition(match[1], match[2] == ">=", int(match[3]))


def _read_points(cell):
    """Return the points in a cell, from -MAX_POINTS to MAX_POINTS. Raises CellMistake."""
    if not re.fullmatch(r"[+-]?[0-9]{1,4}", cell, re.ASCII) or not -MAX_POINTS <= int(cell) <= MAX_POINTS:
        raise InvalidCell("out_of_range")
    return int(cell)


def _column_readers(county: County) -> dict:
    """Return the columns of routing.csv, with readers for the agencies and townships of this county."""
    agency = choice_reader({code: (one.zh,) for code, one in county.agencies.items()}, "unknown_agency")
    township = choice_reader(county.townships, "unknown_township")
    # fmt: off
    return {
        # column         Chinese            required reader of the cell             value if empty
        "rule":         ("规则编号",        True,    pattern_reader(r"^[A-Za-z0-9_-]{1,16}$")),
        "kinds":        ("纠纷类型",        False,   list_reader(choice_reader(KINDS)),        ()),
        "townships":    ("乡镇街道",        False,   list_reader(township),             ()),
        "standings":    ("当事人身份",      False,   list_reader(choice_reader(STANDINGS)),    ()),
        "flags":        ("风险情形",        False,   list_reader(choice_reader(FLAGS)),        ()),
        "tracks":       ("轨道",            False,   list_reader(choice_reader(TRACKS)),       ()),
        "bodies":       ("组织",            True,    _bodies_reader(agency)),
        "when":         ("组织情况",        False,   list_reader(_read_condition),                ()),
        "points":       ("分值",            True,    _read_points),
        "reason":       ("理由",            True,    choice_reader(PROPOSAL_REASONS)),
        "joint_with":   ("协同机构",        False,   list_reader(agency),               ()),
        "valid_from":   ("生效日期",        False,   read_date),
        "valid_to":     ("失效日期",        False,   read_date),
    }
    # fmt: on


def read(content: bytes, county: County = COUNTY) -> tuple[Rules, list[CellError]]:
    """Return the rules in the file and every mistake in it."""
    numbered_rules, errors = read_table(FILE_NAME, content, _column_readers(county), Rule, _check_row)
    lines = {}
    for line, rule in numbered_rules:
        if rule.rule in lines:
            errors.append(cell_error(FILE_NAME, line, "rule", "twice", lines[rule.rule]))
        lines.setdefault(rule.rule, line)
    rules = Rules(tuple(rule for _, rule in numbered_rules), hashlib.sha256(content).hexdigest()[:12], tuple(line for line, _ in numbered_rules))
    return rules, sorted(errors, key=lambda error: (error.line, error.column))


def _check_row(row):
    """Return (column, mistake) if cells of the row contradict each other, else None."""
    if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return "valid_to", "ends_too_early"
    if row["bodies"] == ALL_NAMED_BODIES and not row["when"]:
        return "when", "required"  # without a condition every body would get the same points
    return None
