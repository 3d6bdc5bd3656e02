"""Tests of JSON nesting depth and of splitting JSON lists, compared with the results of a JSON parser."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.nesting import MAX_DEPTH, is_too_deep, split_json_list

TEXT_VALUES = st.text(alphabet='a"\\[]{},: \n盒😀', max_size=8)
JSON_VALUES = st.recursive(
    st.none() | st.integers() | TEXT_VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT_VALUES, inner, max_size=3), max_leaves=20
)
INDENTATIONS = st.sampled_from([None, 0, 1, 3])


def nesting_depth(value) -> int:
    """Return the nesting depth of a parsed JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(nesting_depth, inner), default=0)


@given(JSON_VALUES, st.integers(0, 2 * MAX_DEPTH), INDENTATIONS)
def test_the_checked_nesting_depth_equals_the_depth_of_the_parsed_json(value, levels, indent):
    for level in range(levels):
        value = [BRACKETS_IN_TEXT, value] if level % 2 else {BRACKETS_IN_TEXT: value}
    body = json.dumps(value, ensure_ascii=False, indent=indent).encode()

    assert is_too_deep(body) == (nesting_depth(value) > MAX_DEPTH)


@given(st.lists(JSON_VALUES, max_size=6), INDENTATIONS)
def test_the_elements_of_a_split_json_list_equal_those_of_a_json_parser(values, indent):
    body = json.dumps(values, ensure_ascii=False, indent=indent).encode()

    assert [json.loads(element) for element in split_json_list(body)] == values


def test_the_elements_of_a_split_json_list_are_unchanged_bytes():
    assert split_json_list(b' [ {"a" : 1.50} ,\n"x,]\\"" , NaN,[[ ]], \xff ] \r\n') == [b'{"a" : 1.50}', b'"x,]\\""', b"NaN", b"[[ ]]", b"\xff"]
    assert split_json_list(b"[1,,2]") == [b"1", b"", b"2"]  # an empty element is not JSON; only that event is refused later
    assert split_json_list(b"[]") == split_json_list(b"[ ]") == []


@pytest.mark.parametrize("body", [b"", b"{}", b"7", b"null", b"[", b"[1", b"[1]]", b"[1] x", b"[}", b'["]', b"\xff", b"[" * 100_000, b"]["])
def test_splitting_a_body_that_is_not_a_json_list_raises_value_error(body):
    with pytest.raises(ValueError):
        split_json_list(body)


@given(st.binary(max_size=200))
def test_splitting_random_bytes_raises_no_exception_but_value_error(body):
    """Also, every returned element is part of the body."""
    assert is_too_deep(body) in (True, False)
    with contextlib.suppress(ValueError):
        assert all(element in body for element in split_json_list(body))


def test_the_time_of_the_depth_check_is_linear_in_the_number_of_bytes():
    """The bodies have a million unclosed brackets, quotes or backslashes. A regular expression that backtracks would not finish."""
    for body in (b"[" * 1_000_000, b'"' * 1_000_001, b"\\" * 1_000_000, b'["' + b"\\" * 1_000_001, b"[{" * 500_000 + b'"'):
        is_too_deep(body)


BRACKETS_IN_TEXT = '[{"'
