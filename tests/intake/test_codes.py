"""Tests of dispute codes: form, check digit, and the scattered order of serial numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from services.intake import codes

serials = st.integers(1, codes.LAST_SERIAL)
years = st.integers(2000, 2100)


def expected_check_digit(digits: str) -> int:
    """Return the check digit by ISO 7064 MOD 11-10, computed independently of the implementation."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


def test_the_example_dispute_code_in_the_documentation_is_valid():
    assert codes.make_code("620702", 2026, 123) == "620702-2026-000123-1"
    assert codes.is_valid("620702-2026-000123-1")


@given(years, serials)
def test_the_check_digit_of_a_dispute_code_follows_iso_7064_mod_11_10(year, serial):
    digits = f"620702{year}{serial:06d}"

    assert codes.make_code("620702", year, serial) == f"620702-{year}-{serial:06d}-{expected_check_digit(digits)}"
    assert mod_11_10.is_valid(digits + str(expected_check_digit(digits)))


@given(years, serials, st.integers(0, 16), st.integers(1, 9))
def test_a_dispute_code_with_one_wrong_digit_is_invalid(year, serial, place, difference):
    code = codes.make_code("620702", year, serial)
    position = [n for n, letter in enumerate(code) if letter.isdigit()][place]
    wrong = code[:position] + str((int(code[position]) + difference) % 10) + code[position + 1 :]

    assert codes.has_code_form(wrong) and not codes.is_valid(wrong)


def test_a_dispute_code_with_two_adjacent_digits_swapped_is_nearly_always_invalid():
    """The check digit (MOD 11-10) does not detect all swaps: about one swap in a hundred results in another valid code."""
    swaps = [swapped for serial in range(1, codes.LAST_SERIAL, 997) for swapped in _codes_with_swapped_digits(codes.make_code("620702", 2026, serial))]

    assert len(swaps) > 10_000
    assert sum(map(codes.is_valid, swaps)) < len(swaps) / 80


def _codes_with_swapped_digits(code):
    places = [n for n, letter in enumerate(code) if letter.isdigit()]
    for first, second in pairwise(places):
        if code[first] != code[second]:
            wrong = list(code)
            wrong[first], wrong[second] = code[second], code[first]
            yield "".join(wrong)


@pytest.mark.parametrize(
    "text", ["", "620702-2026-000123", "620702-2026-000123-12", "６２０７０２-2026-000123-1", "620702-2026-000123-1\n", "62070220260001231"]
)
def test_a_text_in_another_format_is_not_a_dispute_code(text):
    assert not codes.has_code_form(text) and not codes.is_valid(text)


def test_an_area_has_at_most_999999_dispute_codes_in_a_year():
    assert codes.make_code("620702", 2026, codes.LAST_SERIAL).startswith("620702-2026-999999-")
    with pytest.raises(codes.SerialsExhausted):
        codes.make_code("620702", 2026, codes.LAST_SERIAL + 1)


def test_each_serial_number_is_assigned_at_most_once():
    key = bytes(range(32))
    serials = [codes.scattered_serial(count, key) for count in range(1, codes.LAST_SERIAL + 1, 9)] + [
        codes.scattered_serial(count, key) for count in range(2, 20_000)
    ]

    assert len(set(serials)) == len({*range(1, codes.LAST_SERIAL + 1, 9), *range(2, 20_000)})
    assert all(0 <= serial <= codes.LAST_SERIAL for serial in serials)
    with pytest.raises(codes.SerialsExhausted):
        codes.scattered_serial(codes.LAST_SERIAL + 1, key)


@given(st.integers(1, codes.LAST_SERIAL - 1), st.binary(min_size=32, max_size=32))
def test_two_consecutive_disputes_get_different_serial_numbers(count, key):
    assert codes.scattered_serial(count, key) != codes.scattered_serial(count + 1, key)
