"""The dispute's code, 一案一码: `<area>-<year>-<serial>-<check digit>`. Pure.

Six digits of area (GB/T 2260), four of the year of registration, six of a serial number, one check digit by ISO 7064 MOD 11-10
over the sixteen before it: a code read over the telephone is always caught when a digit is wrong, and in 99 of 100 cases when two
neighbours are swapped.

Serial numbers are given out in a scattered order. In a row, a missing number would show that a dispute exists that nobody may see, and
two reports of one's own would tell when it came.
"""

import re
from hashlib import blake2b

from stdnum.iso7064 import mod_11_10

CODE = re.compile(r"(\d{6})-(\d{4})-(\d{6})-(\d)", re.ASCII)
LAST_SERIAL = 999_999


class SerialsExhausted(Exception):
    """This area has given out all its codes of this year."""


def make(area: str, year: int, serial: int) -> str:
    """The code of the `serial`-th dispute of that area and year. Raises SerialsExhausted."""
    if serial > LAST_SERIAL:
        raise SerialsExhausted
    digits = f"{area}{year:04d}{serial:06d}"
    return f"{area}-{year:04d}-{serial:06d}-{mod_11_10.calc_check_digit(digits)}"


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
    return looks_like_one(text) and mod_11_10.is_valid(text.replace("-", ""))
