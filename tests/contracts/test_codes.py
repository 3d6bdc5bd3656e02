"""Tests of dispute codes: their form and check digit."""

import re

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from contracts.codes import DISPUTE_CODE_PATTERN, check_digit, dispute_code


@given(st.text("0123456789", min_size=1, max_size=30))
def test_check_digit_equals_the_check_digit_of_iso_7064_mod_11_10(digits):
    assert check_digit(digits) == mod_11_10.calc_check_digit(digits)


def test_dispute_code_has_the_published_form():
    assert dispute_code("620702", 2026, 123) == "620702-2026-000123-1"
    assert re.fullmatch(DISPUTE_CODE_PATTERN, dispute_code("330681", 2031, 999_999))
