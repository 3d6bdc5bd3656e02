"""Is a code read over the telephone caught when it is wrong?"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from services.intake import codes

serials = st.integers(1, codes.LAST_SERIAL)
years = st.integers(2000, 2100)


def by_hand(digits: str) -> int:
    """ISO 7064 MOD 11-10, written out from the standard's own description."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


def test_the_code_in_every_document_is_one():
    assert codes.make("620702", 2026, 123) == "620702-2026-000123-1"
    assert codes.is_one("620702-2026-000123-1")


@given(years, serials)
def test_the_check_digit_is_that_of_the_standard(year, serial):
    digits = f"620702{year}{serial:06d}"

    assert codes.make("620702", year, serial) == f"620702-{year}-{serial:06d}-{by_hand(digits)}"
    assert mod_11_10.is_valid(digits + str(by_hand(digits)))


@given(years, serials, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_caught(year, serial, place, by):
    right = codes.make("620702", year, serial)
    at = [n for n, letter in enumerate(right) if letter.isdigit()][place]
    wrong = right[:at] + str((int(right[at]) + by) % 10) + right[at + 1 :]

    assert codes.looks_like_one(wrong) and not codes.is_one(wrong)


def test_two_swapped_neighbours_are_nearly_always_caught():
    """The standard promises no more of MOD 11-10: about one swap in a hundred gives another code that is right."""
    swaps = [swapped for serial in range(1, codes.LAST_SERIAL, 997) for swapped in _swaps(codes.make("620702", 2026, serial))]

    assert len(swaps) > 10_000
    assert sum(map(codes.is_one, swaps)) < len(swaps) / 80


def _swaps(right):
    places = [n for n, letter in enumerate(right) if letter.isdigit()]
    for first, second in pairwise(places):
        if right[first] != right[second]:
            wrong = list(right)
            wrong[first], wrong[second] = right[second], right[first]
            yield "".join(wrong)


@pytest.mark.parametrize(
    "text", ["", "620702-2026-000123", "620702-2026-000123-12", "６２０７０２-2026-000123-1", "620702-2026-000123-1\n", "62070220260001231"]
)
def test_what_is_no_code_does_not_look_like_one(text):
    assert not codes.looks_like_one(text) and not codes.is_one(text)


def test_an_area_has_a_million_codes_a_year():
    assert codes.make("620702", 2026, codes.LAST_SERIAL).startswith("620702-2026-999999-")
    with pytest.raises(codes.SerialsExhausted):
        codes.make("620702", 2026, codes.LAST_SERIAL + 1)


def test_serials_are_given_out_scattered_each_of_the_million_once():
    key = bytes(range(32))
    given = [codes.serial_of(count, key) for count in range(1, codes.LAST_SERIAL + 1, 9)] + [codes.serial_of(count, key) for count in range(2, 20_000)]

    assert len(set(given)) == len({*range(1, codes.LAST_SERIAL + 1, 9), *range(2, 20_000)})
    assert all(0 <= serial <= codes.LAST_SERIAL for serial in given)
    with pytest.raises(codes.SerialsExhausted):
        codes.serial_of(codes.LAST_SERIAL + 1, key)


@given(st.integers(1, codes.LAST_SERIAL - 1), st.binary(min_size=32, max_size=32))
def test_two_codes_in_a_row_do_not_show_it(count, key):
    assert codes.serial_of(count, key) != codes.serial_of(count + 1, key)
