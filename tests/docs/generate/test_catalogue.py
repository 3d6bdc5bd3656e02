"""Tests of docs/contracts/README.md (the catalogue of events): the senders and fields that it lists agree with the definitions of the events."""

import copy
import re
from pathlib import Path

import pytest
from marshmallow import ValidationError

from contracts import AGENCIES, AGENCY_EVENTS, load, may_report

PAGE = (Path(__file__).parents[3] / "docs/contracts/README.md").read_text("utf-8")
TABLE_ROW_PATTERN = re.compile(r"^\| `(?P<type>[a-z_.]+)` \| [^|]+ \| [^|]+ \| (?P<senders>[A-Z ]+) \| (?P<data>[^|]+) \|$", re.MULTILINE)
ROLE_BY_AGENCY = {code: agency.role for code, agency in AGENCIES.items()}
LISTED_ROLES = set(re.findall(r"^\| `([A-Z])` \|", PAGE.partition("## 机构类别 Roles")[2], re.MULTILINE))
AGENCY_EVENTS_SECTION = PAGE.partition("## 机构上报")[2].partition("## 回执")[0]
TABLE_ROWS = {line["type"]: line for line in TABLE_ROW_PATTERN.finditer(AGENCY_EVENTS_SECTION)}

FIELDS_REQUIRED_BY_ANOTHER_FIELD = {("report.corrected", "corrects")}  # `corrects` is required if `facts` is given, as in the example


def listed_fields(cell: str) -> dict[str, bool]:
    """Return, for each top-level field listed in a table cell, whether the field is marked as required."""
    outermost = cell
    while (shorter := re.sub(r"\{[^{}]*\}", "", outermost)) != outermost:
        outermost = shorter
    return {name: star == "*" for name, star in re.findall(r"`([a-z_0-9]+)`(\*?)", outermost)}


def test_the_catalogue_has_a_row_for_every_agency_event_and_a_letter_for_every_role():
    assert set(TABLE_ROWS) == set(AGENCY_EVENTS)
    assert set(ROLE_BY_AGENCY.values()) <= LISTED_ROLES


@pytest.mark.parametrize("event_type", AGENCY_EVENTS)
def test_exactly_the_senders_listed_in_the_catalogue_may_report_the_event(event_type):
    letters = TABLE_ROWS[event_type]["senders"].split()

    assert {agency for agency in AGENCIES if may_report(agency, event_type)} == {agency for agency, letter in ROLE_BY_AGENCY.items() if letter in letters}


@pytest.mark.parametrize("event_type", AGENCY_EVENTS)
def test_fields_marked_in_the_catalogue_are_required_and_fields_not_listed_there_are_ignored(event_type):
    example, listed = AGENCY_EVENTS[event_type].example, listed_fields(TABLE_ROWS[event_type]["data"])

    assert set(example) <= set(listed)
    assert set(load(event_type, {**example, "no_such_field": 1})) <= set(listed)
    for name in listed:
        data = {key: copy.deepcopy(value) for key, value in example.items() if key != name}
        assert is_refused_without(event_type, data, name) == (listed[name] or (event_type, name) in FIELDS_REQUIRED_BY_ANOTHER_FIELD), name


def is_refused_without(event_type, data, name):
    """Return whether `load` refuses the data because the field `name` is missing."""
    try:
        load(event_type, data)
    except ValidationError as refused:
        return refused.messages.get(name) == ["required"]
    return False
