"""Rules for webhook attempts: duration of a lease, delay between attempts, and number of attempts. Pure functions."""

from datetime import timedelta

LEASE_DURATION = timedelta(seconds=60)  # how long one sender may call an address; much longer than one call and the following transaction take
MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=5)  # doubled after each failure: about ten minutes in all. The notice is also in the agency's inbox.


def retry_delay(failures: int) -> timedelta:
    """Return the delay before the next attempt, given the number of consecutive failures of a notice or an address."""
    return FIRST_DELAY * 2 ** min(failures - 1, MAX_ATTEMPTS - 2)


def is_given_up_after(attempts: int) -> bool:
    """Return whether a notice is given up after this number of failed attempts."""
    return attempts >= MAX_ATTEMPTS
