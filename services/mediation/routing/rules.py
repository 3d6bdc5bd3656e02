"""The routing rules as a county keeps them: one CSV, one rule a line. Pure: bytes in, rules and every mistake out.

A rule that fits a dispute gives its bodies points, with the reason in words. What all rules that fit give a body is added up; the body with the
most comes first. A rule about `*` adds to bodies that other rules have named, by how they have done: see `when`.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from contracts import COUNTY, KINDS
from contracts.county import County
from contracts.csv_tables import CellError, CellMistake, cell_error, day_of, formed, one_of, read_table, several
from contracts.fields import ORGANISATION
from contracts.kinds import FLAGS, ORGANISATION_KINDS, PROPOSAL_REASONS, STANDINGS, TRACKS

FILE = "routing.csv"
EVERYBODY = "*"  # every body that another rule has named
PLACES = ("village_committee", "township_committee", "takes_it")
MEASURE = re.compile(r"(accepts|open)(>=|<=)([0-9]{1,4})")
MOST = 1000


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a body: `accepts` is the share of what it answered that it took, in percent; `open` is how many disputes it has at hand."""

    measure: str
    at_least: bool
    number: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One line. An empty condition always fits."""

    rule: str
    bodies: str
    points: int
    reason: str
    kinds: tuple[str, ...] = ()
    townships: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    when: tuple[When, ...] = ()
    joint_with: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    rules: tuple[Rule, ...]
    edition: str  # the beginning of the file's SHA-256: a proposal says by which rules it was made
    lines: tuple[int, ...] = ()  # of the file, one for each rule


def _bodies(agency):
    """Read `village_committee`, `township_committee`, `takes_it`, `*`, `kind:…`, `agency:…` or `organisation:…`."""
    named = {"kind": one_of(ORGANISATION_KINDS), "agency": agency, "organisation": formed(ORGANISATION)}

    def read_cell(cell):
        word, _, which = cell.partition(":")
        if cell in (*PLACES, EVERYBODY):
            return cell
        if word not in named:
            raise CellMistake("not_in_list")
        return f"{word}:{named[word](which)}"

    return read_cell


def _when(cell):
    found = MEASURE.fullmatch(cell)
    if not found:
        raise CellMistake("wrong_form")
    return When(found[1], found[2] == ">=", int(found[3]))


def _points(cell):
    if not re.fullmatch(r"[+-]?[0-9]{1,4}", cell, re.ASCII) or not -MOST <= int(cell) <= MOST:
        raise CellMistake("out_of_range")
    return int(cell)


def _columns(county: County) -> dict:
    agency = one_of({code: (one.zh,) for code, one in county.agencies.items()}, "unknown_agency")
    township = one_of(county.townships, "unknown_township")
    # fmt: off
    return {
        # column         Chinese            needed   how it is read                 if empty
        "rule":         ("规则编号",        True,    formed(r"^[A-Za-z0-9_-]{1,16}$")),
        "kinds":        ("纠纷类型",        False,   several(one_of(KINDS)),        ()),
        "townships":    ("乡镇街道",        False,   several(township),             ()),
        "standings":    ("当事人身份",      False,   several(one_of(STANDINGS)),    ()),
        "flags":        ("风险情形",        False,   several(one_of(FLAGS)),        ()),
        "tracks":       ("轨道",            False,   several(one_of(TRACKS)),       ()),
        "bodies":       ("组织",            True,    _bodies(agency)),
        "when":         ("组织情况",        False,   several(_when),                ()),
        "points":       ("分值",            True,    _points),
        "reason":       ("理由",            True,    one_of(PROPOSAL_REASONS)),
        "joint_with":   ("协同机构",        False,   several(agency),               ()),
        "valid_from":   ("生效日期",        False,   day_of),
        "valid_to":     ("失效日期",        False,   day_of),
    }
    # fmt: on


def read(content: bytes, county: County = COUNTY) -> tuple[Rules, list[CellError]]:
    """Return the rules of a file and every mistake in it."""
    numbered, wrong = read_table(FILE, content, _columns(county), Rule, _fits)
    lines = {}
    for line, rule in numbered:
        if rule.rule in lines:
            wrong.append(cell_error(FILE, line, "rule", "twice", lines[rule.rule]))
        lines.setdefault(rule.rule, line)
    rules = Rules(tuple(rule for _, rule in numbered), hashlib.sha256(content).hexdigest()[:12], tuple(line for line, _ in numbered))
    return rules, sorted(wrong, key=lambda one: (one.line, one.column))


def _fits(row):
    if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return "valid_to", "ends_too_early"
    if row["bodies"] == EVERYBODY and not row["when"]:
        return "when", "required"  # the same for everybody changes nothing
    return None
