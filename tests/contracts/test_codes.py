"""Is the check digit of a dispute's code that of ISO 7064 MOD 11-10?"""

import re

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from contracts.codes import PATTERN, check_digit, dispute_code


@given(st.text("0123456789", min_size=1, max_size=30))
def test_the_check_digit_is_that_of_the_standard(digits):
    assert check_digit(digits) == mod_11_10.calc_check_digit(digits)


def test_a_code_has_the_promised_form():
    assert dispute_code("620702", 2026, 123) == "620702-2026-000123-1"
    assert re.fullmatch(PATTERN, dispute_code("330681", 2031, 999_999))
