"""Tests of the descriptions of mistakes: they never contain data that was sent, because it may be a person's name."""

import re
from itertools import product

import pytest
from marshmallow import ValidationError

from contracts import MISTAKES, REASONS, dump, load, mistakes_in
from tests.contracts.event_types import EVENT_TYPES, event_type_id, paths_in, with_value_at

PERSONAL_DATA = "张三丰13912345678"
WRONG_VALUES = [
    PERSONAL_DATA,
    [PERSONAL_DATA],
    {PERSONAL_DATA: PERSONAL_DATA},
    {"zhang_san": PERSONAL_DATA},
    3.14,
    10**30,
    True,
    None,
    [],
    {},
    [[PERSONAL_DATA]],
]


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=event_type_id)
def test_the_description_of_a_mistake_contains_neither_the_value_nor_an_unknown_field_name(event_type):
    for path, wrong, operation in product(paths_in(event_type.example), WRONG_VALUES, (load, dump)):
        try:
            operation(event_type.type, with_value_at(event_type.example, path, wrong), event_type.stream)
        except ValidationError as error:
            _assert_no_personal_data_in(mistakes_in(error))


def _assert_no_personal_data_in(mistakes):
    shown = " ".join(f"{mistake.field} {mistake.zh} {mistake.en}" for mistake in mistakes)
    assert mistakes
    assert "张三" not in shown and "139" not in shown and "zhang" not in shown
    for mistake in mistakes:
        assert re.fullmatch(r"[a-z][a-z0-9_.\[\]]*", mistake.field)
        assert mistake.token in MISTAKES and mistake.token != "invalid"
        assert REASONS["malformed_data"].text(field=mistake.field, mistake=mistake.token)


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_event_data_that_is_not_an_object_is_reported_as_a_mistake_of_the_data_as_a_whole(data):
    with pytest.raises(ValidationError) as error:
        load("dispute.reported", data)

    assert [(mistake.field, mistake.token) for mistake in mistakes_in(error.value)] == [("data", "not_an_object")]


def test_every_mistake_has_a_description_in_chinese_and_english():
    for zh, en in MISTAKES.values():
        assert re.search(r"[\u4e00-\u9fff]", zh) and re.fullmatch(r"[ -~]+", en)
