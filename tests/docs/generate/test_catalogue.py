"""Does the written catalogue tell an agency's programmer what really happens to an event? Read from the committed page, tried on the contract."""

import copy
import re
from pathlib import Path

import pytest
from marshmallow import ValidationError

from contracts import AGENCIES, AGENCY_EVENTS, load, may_say

PAGE = (Path(__file__).parents[3] / "docs/contracts/README.md").read_text("utf-8")
LINE = re.compile(r"^\| `(?P<type>[a-z_.]+)` \| [^|]+ \| [^|]+ \| (?P<who>[A-Z ]+) \| (?P<data>[^|]+) \|$", re.MULTILINE)
LETTERS = {code: agency.role for code, agency in AGENCIES.items()}
ROLES_SHOWN = set(re.findall(r"^\| `([A-Z])` \|", PAGE.partition("## 机构类别 Roles")[2], re.MULTILINE))
SAID = PAGE.partition("## 机构上报")[2].partition("## 答复：回执")[0]
ROWS = {line["type"]: line for line in LINE.finditer(SAID)}

ASKED_FOR_BY_ANOTHER_FIELD = {("report.corrected", "corrects")}  # by `facts`, which its example has


def fields(told: str) -> dict[str, bool]:
    """The fields of one row that stand at the top of the data: whether each is marked as required."""
    outermost = told
    while (thinner := re.sub(r"\{[^{}]*\}", "", outermost)) != outermost:
        outermost = thinner
    return {name: star == "*" for name, star in re.findall(r"`([a-z_0-9]+)`(\*?)", outermost)}


def test_every_event_of_agencies_has_its_row_and_every_role_its_letter():
    assert set(ROWS) == set(AGENCY_EVENTS)
    assert set(LETTERS.values()) <= ROLES_SHOWN


@pytest.mark.parametrize("word", AGENCY_EVENTS)
def test_who_is_named_may_say_it_and_nobody_else(word):
    letters = ROWS[word]["who"].split()

    assert {agency for agency in AGENCIES if may_say(agency, word)} == {agency for agency, letter in LETTERS.items() if letter in letters}


@pytest.mark.parametrize("word", AGENCY_EVENTS)
def test_what_is_marked_is_required_and_what_is_not_named_is_passed_over(word):
    example, told = AGENCY_EVENTS[word].example, fields(ROWS[word]["data"])

    assert set(example) <= set(told)
    assert set(load(word, {**example, "no_such_field": 1})) <= set(told)
    for name in told:
        missing = {key: copy.deepcopy(value) for key, value in example.items() if key != name}
        assert is_missed(word, missing, name) == (told[name] or (word, name) in ASKED_FOR_BY_ANOTHER_FIELD), name


def is_missed(word, data, name):
    """Whether the event is refused because this field is not there."""
    try:
        load(word, data)
    except ValidationError as refused:
        return refused.messages.get(name) == ["required"]
    return False
