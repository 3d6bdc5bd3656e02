"""Tests of nesting depth and list elements, compared with the results of a JSON parser."""

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
    """Return the nesting depth of a parsed value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(JSON, st.integers(0, 2 * MAX_DEPTH), SPACING)
def test_depth_equals_the_depth_of_the_parsed_value(value, levels, indent):
    for level in range(levels):
        value = [BRACKETS_IN_TEXT, value] if level % 2 else {BRACKETS_IN_TEXT: value}
    body = json.dumps(value, ensure_ascii=False, indent=indent).encode()

    assert is_too_deep(body) == (depth(value) > MAX_DEPTH)


@given(st.lists(JSON, max_size=6), SPACING)
def test_elements_equal_those_of_a_json_parser(values, indent):
    body = json.dumps(values, ensure_ascii=False, indent=indent).encode()

    assert [json.loads(element) for element in elements(body)] == values


def test_elements_are_the_unchanged_bytes():
    assert elements(b' [ {"a" : 1.50} ,\n"x,]\\"" , NaN,[[ ]], \xff ] \r\n') == [b'{"a" : 1.50}', b'"x,]\\""', b"NaN", b"[[ ]]", b"\xff"]
    assert elements(b"[1,,2]") == [b"1", b"", b"2"]  # an element that is not JSON is refused alone, later
    assert elements(b"[]") == elements(b"[ ]") == []


@pytest.mark.parametrize("body", [b"", b"{}", b"7", b"null", b"[", b"[1", b"[1]]", b"[1] x", b"[}", b'["]', b"\xff", b"[" * 100_000, b"]["])
def test_a_body_that_is_not_a_list_raises_value_error(body):
    with pytest.raises(ValueError):
        elements(body)


@given(st.binary(max_size=200))
def test_random_bytes_raise_at_most_value_error(body):
    """The elements found are parts of the body."""
    assert is_too_deep(body) in (True, False)
    with contextlib.suppress(ValueError):
        assert all(element in body for element in elements(body))


def test_the_running_time_is_linear_in_the_number_of_bytes():
    """Unclosed brackets, quotes and backslashes: a regular expression that backtracks would not finish in acceptable time."""
    for body in (b"[" * 1_000_000, b'"' * 1_000_001, b"\\" * 1_000_000, b'["' + b"\\" * 1_000_001, b"[{" * 500_000 + b'"'):
        is_too_deep(body)


BRACKETS_IN_TEXT = '[{"'
