"""Reader of a county's routing rules, routing.csv with one rule per line. Pure: bytes in, rules and every mistake out.

A rule that matches a dispute gives points and a reason to the bodies that it names. The points of all matching rules are added up, and bodies are
proposed in order of points. A rule for `*` gives points to the bodies that other rules name, depending on their record: see RecordCondition.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from contracts import COUNTY, KINDS
from contracts.county import County
from contracts.csv_tables import CellError, CellMistake, calendar_date, cell_error, list_of, one_of, read_table, text_matching
from contracts.fields import ORGANISATION_PATTERN
from contracts.kinds import FLAGS, ORGANISATION_KINDS, PROPOSAL_REASONS, STANDINGS, TRACKS

FILE = "routing.csv"
ALL_NAMED_BODIES = "*"  # every body that another rule names
BODY_SELECTORS = ("village_committee", "township_committee", "takes_it")
CONDITION_PATTERN = re.compile(r"(accepts|open)(>=|<=)([0-9]{1,4})")
MAX_POINTS = 1000


@dataclass(frozen=True, slots=True)
class RecordCondition:
    """Condition on the record of a body.

    `measure` is `accepts` (accepted referrals in percent of those answered) or `open` (number of open disputes); `at_least`: >=, else <=.
    """

    measure: str
    at_least: bool
    number: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of routing.csv. An empty condition is always met."""

    rule: str
    bodies: str
    points: int
    reason: str
    kinds: tuple[str, ...] = ()
    townships: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    when: tuple[RecordCondition, ...] = ()
    joint_with: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one file."""

    rules: tuple[Rule, ...]
    edition: str  # first 12 hex digits of the file's SHA-256; each proposal carries the edition of its rules
    lines: tuple[int, ...] = ()  # line number of each rule in the file


def _bodies_reader(agency):
    """Return a reader of cells with `village_committee`, `township_committee`, `takes_it`, `*`, `kind:…`, `agency:…` or `organisation:…`."""
    argument_readers = {"kind": one_of(ORGANISATION_KINDS), "agency": agency, "organisation": text_matching(ORGANISATION_PATTERN)}

    def read_cell(cell):
        selector, _, argument = cell.partition(":")
        if cell in (*BODY_SELECTORS, ALL_NAMED_BODIES):
            return cell
        if selector not in argument_readers:
            raise CellMistake("not_in_list")
        return f"{selector}:{argument_readers[selector](argument)}"

    return read_cell


def _read_condition(cell):
    match = CONDITION_PATTERN.fullmatch(cell)
    if not match:
        raise CellMistake("wrong_form")
    return RecordCondition(match[1], match[2] == ">=", int(match[3]))


def _read_points(cell):
    if not re.fullmatch(r"[+-]?[0-9]{1,4}", cell, re.ASCII) or not -MAX_POINTS <= int(cell) <= MAX_POINTS:
        raise CellMistake("out_of_range")
    return int(cell)


def _columns(county: County) -> dict:
    agency = one_of({code: (one.zh,) for code, one in county.agencies.items()}, "unknown_agency")
    township = one_of(county.townships, "unknown_township")
    # fmt: off
    return {
        # column         Chinese            required reader of the cell             if empty
        "rule":         ("规则编号",        True,    text_matching(r"^[A-Za-z0-9_-]{1,16}$")),
        "kinds":        ("纠纷类型",        False,   list_of(one_of(KINDS)),        ()),
        "townships":    ("乡镇街道",        False,   list_of(township),             ()),
        "standings":    ("当事人身份",      False,   list_of(one_of(STANDINGS)),    ()),
        "flags":        ("风险情形",        False,   list_of(one_of(FLAGS)),        ()),
        "tracks":       ("轨道",            False,   list_of(one_of(TRACKS)),       ()),
        "bodies":       ("组织",            True,    _bodies_reader(agency)),
        "when":         ("组织情况",        False,   list_of(_read_condition),                ()),
        "points":       ("分值",            True,    _read_points),
        "reason":       ("理由",            True,    one_of(PROPOSAL_REASONS)),
        "joint_with":   ("协同机构",        False,   list_of(agency),               ()),
        "valid_from":   ("生效日期",        False,   calendar_date),
        "valid_to":     ("失效日期",        False,   calendar_date),
    }
    # fmt: on


def read(content: bytes, county: County = COUNTY) -> tuple[Rules, list[CellError]]:
    """Return the rules of a file and every mistake in it."""
    numbered, errors = read_table(FILE, content, _columns(county), Rule, _check_row)
    lines = {}
    for line, rule in numbered:
        if rule.rule in lines:
            errors.append(cell_error(FILE, line, "rule", "twice", lines[rule.rule]))
        lines.setdefault(rule.rule, line)
    rules = Rules(tuple(rule for _, rule in numbered), hashlib.sha256(content).hexdigest()[:12], tuple(line for line, _ in numbered))
    return rules, sorted(errors, key=lambda error: (error.line, error.column))


def _check_row(row):
    """Return (column, mistake) if the cells of a row contradict each other."""
    if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return "valid_to", "ends_too_early"
    if row["bodies"] == ALL_NAMED_BODIES and not row["when"]:
        return "when", "required"  # without a condition every body would get the same points
    return None
