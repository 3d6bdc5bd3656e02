"""Are depth and list elements found as a parser would find them?"""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.nesting import MAX_DEPTH, elements, is_too_deep

TEXT = st.text(alphabet='a"\\[]{},: \n盒😀', max_size=8)
JSON = st.recursive(st.none() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=20)
SPACING = st.sampled_from([None, 0, 1, 3])


def depth(value) -> int:
    """By the parsed value: the oracle."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(JSON, st.integers(0, 2 * MAX_DEPTH), SPACING)
def test_depth_is_that_of_the_parsed_value(value, wrapped, indent):
    for level in range(wrapped):
        value = [TRAP, value] if level % 2 else {TRAP: value}
    body = json.dumps(value, ensure_ascii=False, indent=indent).encode()

    assert is_too_deep(body) == (depth(value) > MAX_DEPTH)


@given(st.lists(JSON, max_size=6), SPACING)
def test_elements_are_those_that_a_parser_finds(values, indent):
    body = json.dumps(values, ensure_ascii=False, indent=indent).encode()

    assert [json.loads(element) for element in elements(body)] == values


def test_an_element_is_the_bytes_as_they_were_sent():
    assert elements(b' [ {"a" : 1.50} ,\n"x,]\\"" , NaN,[[ ]], \xff ] \r\n') == [b'{"a" : 1.50}', b'"x,]\\""', b"NaN", b"[[ ]]", b"\xff"]
    assert elements(b"[1,,2]") == [b"1", b"", b"2"]  # what is no JSON is refused later, by itself
    assert elements(b"[]") == elements(b"[ ]") == []


@pytest.mark.parametrize("body", [b"", b"{}", b"7", b"null", b"[", b"[1", b"[1]]", b"[1] x", b"[}", b'["]', b"\xff", b"[" * 100_000, b"]["])
def test_what_is_no_list_is_said_to_be_none(body):
    with pytest.raises(ValueError):
        elements(body)


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(body):
    """Nothing but ValueError is raised, and the elements found are bytes of the body."""
    assert is_too_deep(body) in (True, False)
    with contextlib.suppress(ValueError):
        assert all(element in body for element in elements(body))


def test_the_time_is_linear_in_the_bytes():
    """Brackets, quotes and backslashes that end nowhere: a pattern that looks back would not end within the life of this test."""
    for body in (b"[" * 1_000_000, b'"' * 1_000_001, b"\\" * 1_000_000, b'["' + b"\\" * 1_000_001, b"[{" * 500_000 + b'"'):
        is_too_deep(body)


TRAP = '[{"'
