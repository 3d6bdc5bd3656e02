"""The dispute's code, 一案一码: which serial numbers are given out, and whether a text is a code. Its form and check digit: contracts/codes.py. Pure.

Serial numbers are given out in a scattered order. In a row, a missing number would show that a dispute exists that nobody may see, and
two reports of one's own would tell when it came.
"""

import re
from hashlib import blake2b

from contracts.codes import PATTERN, check_digit, dispute_code

CODE = re.compile(PATTERN, re.ASCII)
LAST_SERIAL = 999_999


class SerialsExhausted(Exception):
    """This area has given out all its codes of this year."""


def make(area: str, year: int, serial: int) -> str:
    """The code of the `serial`-th dispute of that area and year. Raises SerialsExhausted."""
    if serial > LAST_SERIAL:
        raise SerialsExhausted
    return dispute_code(area, year, serial)


def serial_of(count: int, key: bytes) -> int:
    """The serial number of the `count`-th dispute, 1, 2, 3 …: each of the million once, in an order that only `key` tells (32 bytes, the same for all of a year). Raises SerialsExhausted.

    A Feistel network over two halves of three digits; adding modulo 1,000 keeps it one to one.
    """
    if count > LAST_SERIAL:
        raise SerialsExhausted
    left, right = divmod(count, 1000)
    for turn in range(8):
        mixed = int.from_bytes(blake2b(bytes((turn,)) + right.to_bytes(2, "big"), digest_size=4, key=key).digest(), "big")
        left, right = right, (left + mixed) % 1000
    return left * 1000 + right


def looks_like_one(text: str) -> bool:
    return CODE.fullmatch(text) is not None


def is_one(text: str) -> bool:
    """Whether it has the form of a code and its check digit is right."""
    return looks_like_one(text) and check_digit(text[:-1].replace("-", "")) == text[-1]
