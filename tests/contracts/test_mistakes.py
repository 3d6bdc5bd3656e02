"""Tests that descriptions of mistakes never repeat the data that was sent, because it may be a person's name."""

import re
from itertools import product

import pytest
from marshmallow import ValidationError

from contracts import MISTAKES, REASONS, dump, load, mistakes_in
from tests.contracts.rows import ROWS, name_of, paths_in, with_value_at

SECRET = "张三丰13912345678"
WRONG_VALUES = [SECRET, [SECRET], {SECRET: SECRET}, {"zhang_san": SECRET}, 3.14, 10**30, True, None, [], {}, [[SECRET]]]


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_mistake_repeats_neither_a_value_nor_an_unknown_field_name(row):
    for path, wrong, operation in product(paths_in(row.example), WRONG_VALUES, (load, dump)):
        try:
            operation(row.type, with_value_at(row.example, path, wrong), row.stream)
        except ValidationError as error:
            _assert_no_secret_in(mistakes_in(error))


def _assert_no_secret_in(mistakes):
    shown = " ".join(f"{mistake.field} {mistake.zh} {mistake.en}" for mistake in mistakes)
    assert mistakes
    assert "张三" not in shown and "139" not in shown and "zhang" not in shown
    for mistake in mistakes:
        assert re.fullmatch(r"[a-z][a-z0-9_.\[\]]*", mistake.field)
        assert mistake.token in MISTAKES and mistake.token != "invalid"
        assert REASONS["malformed_data"].text(field=mistake.field, mistake=mistake.token)


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_data_that_is_not_an_object_is_reported_as_a_mistake_in_data(data):
    with pytest.raises(ValidationError) as error:
        load("dispute.reported", data)

    assert [(mistake.field, mistake.token) for mistake in mistakes_in(error.value)] == [("data", "not_an_object")]


def test_every_mistake_has_a_description_in_both_languages():
    for zh, en in MISTAKES.values():
        assert re.search(r"[\u4e00-\u9fff]", zh) and re.fullmatch(r"[ -~]+", en)
