"""Tests of the content hash: two events have the same hash if and only if their type, subject and data are equal as JSON."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import hash_content

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from(["null", "NaN", "汉字", "\ud83d", "a", 10**30, -0.0, 1.0, 1e22, 5e-324]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcé汉"), inner, max_size=3), max_leaves=6)
DATA = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def hash_of(data, type="dispute.reported", subject="R-1"):
    return hash_content(SimpleNamespace(type=type, subject=subject, data=data))


def reordered(value):
    """Return the value with the keys of all objects in reverse order."""
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in reversed(value.items())}
    return [reordered(inner) for inner in value] if isinstance(value, list) else value


@given(DATA, DATA)
def test_two_contents_have_the_same_hash_exactly_if_their_json_texts_with_sorted_keys_are_equal(one, other):
    are_equal = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (hash_of(one) == hash_of(other)) == are_equal


@given(DATA)
def test_the_order_of_keys_does_not_change_the_hash(data):
    assert hash_of(data) == hash_of(reordered(data)) == hash_of(json.loads(json.dumps(data)))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 10**30, 0, False, "null", "NaN", ""])
def test_no_other_value_has_the_hash_of_null(number):
    assert hash_of({"a": number}) != hash_of({"a": None})


def test_type_and_subject_are_part_of_the_content():
    assert len({hash_of({}), hash_of({}, type="dispute.screened"), hash_of({}, subject="R-2"), hash_of({}, type="R-1", subject="dispute.reported")}) == 4
