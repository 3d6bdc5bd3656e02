"""How long a sender has an address, when a webhook is tried again, and when it is given up. Pure."""

from datetime import timedelta

LEASE = timedelta(seconds=60)  # much longer than one call and the transaction after it take
TRIES = 8
FIRST_REST = timedelta(seconds=5)  # then 10 s, 20 s … about ten minutes in all; the inbox has the notice all the while


def rest_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row, of a letter or of an address."""
    return FIRST_REST * 2 ** min(failures - 1, TRIES - 2)


def is_given_up_after(attempts: int) -> bool:
    return attempts >= TRIES
