"""Does a refusal ever repeat what was sent? It may be somebody's name."""

import re
from itertools import product

import pytest
from marshmallow import ValidationError

from contracts import MISTAKES, REASONS, dump, load, mistakes_in
from tests.contracts.rows import ROWS, changed, name_of, places_in

SECRET = "张三丰13912345678"
WRONG = [SECRET, [SECRET], {SECRET: SECRET}, {"zhang_san": SECRET}, 3.14, 10**30, True, None, [], {}, [[SECRET]]]


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_no_value_and_no_invented_field_name_is_ever_repeated(row):
    for path, wrong, speak in product(places_in(row.example), WRONG, (load, dump)):
        try:
            speak(row.type, changed(row.example, path, wrong), row.stream)
        except ValidationError as error:
            _tells_only_what_is_ours(mistakes_in(error))


def _tells_only_what_is_ours(mistakes):
    shown = " ".join(f"{one.field} {one.zh} {one.en}" for one in mistakes)
    assert mistakes
    assert "张三" not in shown and "139" not in shown and "zhang" not in shown
    for one in mistakes:
        assert re.fullmatch(r"[a-z][a-z0-9_.\[\]]*", one.field)
        assert one.token in MISTAKES and one.token != "invalid"
        assert REASONS["malformed_data"].text(field=one.field, mistake=one.token)


@pytest.mark.parametrize("whole", [None, [], "text", 7])
def test_data_that_is_no_object_at_all_has_a_mistake_too(whole):
    with pytest.raises(ValidationError) as error:
        load("dispute.reported", whole)

    assert [(one.field, one.token) for one in mistakes_in(error.value)] == [("data", "not_an_object")]


def test_every_mistake_is_told_in_both_languages():
    for zh, en in MISTAKES.values():
        assert re.search(r"[\u4e00-\u9fff]", zh) and re.fullmatch(r"[ -~]+", en)
