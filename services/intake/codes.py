"""Creates and validates dispute codes (一案一码, one code for each dispute). Pure; contracts/codes.py defines the format and the check digit.

Serial numbers are assigned in a scattered order. With consecutive numbers, a missing number would reveal a dispute in the safeguard lane (events
that only police, courts and women's federation see), and an agency could infer from two of its codes when a code between them was assigned.
"""

import re
from hashlib import blake2b

from contracts.codes import DISPUTE_CODE_PATTERN, check_digit, dispute_code

CODE_PATTERN = re.compile(DISPUTE_CODE_PATTERN, re.ASCII)
LAST_SERIAL = 999_999


class SerialsExhausted(Exception):
    """Raised when all serial numbers of an area and year are assigned."""


def make_code(area: str, year: int, serial: int) -> str:
    """Return the dispute code with this serial number. Raises SerialsExhausted."""
    if serial > LAST_SERIAL:
        raise SerialsExhausted
    return dispute_code(area, year, serial)


def scattered_serial(count: int, key: bytes) -> int:
    """Return the serial number of the `count`-th dispute (1, 2, 3 …) of an area and year. Raises SerialsExhausted.

    The mapping is a permutation of the serial numbers that cannot be predicted without `key` (32 bytes, constant for an area and year):
    a Feistel network over two halves of three digits, with addition modulo 1,000.
    """
    if count > LAST_SERIAL:
        raise SerialsExhausted
    left, right = divmod(count, 1000)
    for round_number in range(8):
        mixed = int.from_bytes(blake2b(bytes((round_number,)) + right.to_bytes(2, "big"), digest_size=4, key=key).digest(), "big")
        left, right = right, (left + mixed) % 1000
    return left * 1000 + right


def has_code_form(text: str) -> bool:
    """Return whether the text has the format of a dispute code. The check digit is not verified."""
    return CODE_PATTERN.fullmatch(text) is not None


def is_valid(text: str) -> bool:
    """Return whether the text has the format of a dispute code and a correct check digit."""
    return has_code_form(text) and check_digit(text[:-1].replace("-", "")) == text[-1]
