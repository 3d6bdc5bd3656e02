"""Tests of docs/contracts/README.md: senders, required fields and optional fields of each event, as printed, agree with the contract."""

import copy
import re
from pathlib import Path

import pytest
from marshmallow import ValidationError

from contracts import AGENCIES, AGENCY_EVENTS, load, may_report

PAGE = (Path(__file__).parents[3] / "docs/contracts/README.md").read_text("utf-8")
LINE = re.compile(r"^\| `(?P<type>[a-z_.]+)` \| [^|]+ \| [^|]+ \| (?P<senders>[A-Z ]+) \| (?P<data>[^|]+) \|$", re.MULTILINE)
LETTERS = {code: agency.role for code, agency in AGENCIES.items()}
ROLES_SHOWN = set(re.findall(r"^\| `([A-Z])` \|", PAGE.partition("## 机构类别 Roles")[2], re.MULTILINE))
AGENCY_EVENTS_SECTION = PAGE.partition("## 机构上报")[2].partition("## 回执")[0]
ROWS = {line["type"]: line for line in LINE.finditer(AGENCY_EVENTS_SECTION)}

REQUIRED_BY_ANOTHER_FIELD = {("report.corrected", "corrects")}  # by `facts`, which the example contains


def fields(cell: str) -> dict[str, bool]:
    """Return the top-level fields of a table cell, and whether each is marked as required."""
    outermost = cell
    while (shorter := re.sub(r"\{[^{}]*\}", "", outermost)) != outermost:
        outermost = shorter
    return {name: star == "*" for name, star in re.findall(r"`([a-z_0-9]+)`(\*?)", outermost)}


def test_every_agency_event_has_a_row_and_every_role_a_letter():
    assert set(ROWS) == set(AGENCY_EVENTS)
    assert set(LETTERS.values()) <= ROLES_SHOWN


@pytest.mark.parametrize("event_type", AGENCY_EVENTS)
def test_the_listed_senders_may_report_the_event_and_no_others(event_type):
    letters = ROWS[event_type]["senders"].split()

    assert {agency for agency in AGENCIES if may_report(agency, event_type)} == {agency for agency, letter in LETTERS.items() if letter in letters}


@pytest.mark.parametrize("event_type", AGENCY_EVENTS)
def test_marked_fields_are_required_and_unlisted_fields_are_ignored(event_type):
    example, listed = AGENCY_EVENTS[event_type].example, fields(ROWS[event_type]["data"])

    assert set(example) <= set(listed)
    assert set(load(event_type, {**example, "no_such_field": 1})) <= set(listed)
    for name in listed:
        missing = {key: copy.deepcopy(value) for key, value in example.items() if key != name}
        assert is_refused_without(event_type, missing, name) == (listed[name] or (event_type, name) in REQUIRED_BY_ANOTHER_FIELD), name


def is_refused_without(event_type, data, name):
    """Return whether the data is refused because this field is missing."""
    try:
        load(event_type, data)
    except ValidationError as refused:
        return refused.messages.get(name) == ["required"]
    return False
