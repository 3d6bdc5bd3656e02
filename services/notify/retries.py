"""Rules for webhook attempts: how long a lease lasts, the delay between attempts, and when a notice is given up. Pure functions."""

from datetime import timedelta

LEASE = timedelta(seconds=60)  # how long one sender may use an address; much longer than one call and the transaction after it take
MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=5)  # doubled each time: about ten minutes in all; the notice is in the agency's inbox in any case


def delay_after(failures: int) -> timedelta:
    """Return the delay before the next attempt, after so many consecutive failures of a notice or an address."""
    return FIRST_DELAY * 2 ** min(failures - 1, MAX_ATTEMPTS - 2)


def is_given_up_after(attempts: int) -> bool:
    return attempts >= MAX_ATTEMPTS
