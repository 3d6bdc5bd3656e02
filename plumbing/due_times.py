"""Decides when a timer has to query the database for work that is due, so that a process without work runs hardly any query."""

import time
from datetime import datetime

from plumbing import events

MAX_INTERVAL_SECONDS = 10.0


class DueTimes:
    """Remembers when the next work of one kind is due.

    The database is queried when this time has come, and at least every `interval` seconds, because another copy of the service may have stored work that
    is due earlier. Times of work are times of the wall clock; the interval is measured with `clock` (monotonic seconds).
    """

    def __init__(self, interval: float = MAX_INTERVAL_SECONDS, clock=time.monotonic):
        self.interval, self.clock = interval, clock
        self._next_query_at = clock()
        self._next_due_at: datetime | None = None
        self._recorded_due_at: datetime | None = None  # earliest work recorded since `must_query` was last true; the query may not have seen it

    def must_query(self) -> bool:
        """Return whether the database has to be queried now."""
        must_query = self.clock() >= self._next_query_at or (self._next_due_at is not None and events.utc_now() >= self._next_due_at)
        if must_query:
            self._recorded_due_at = None
        return must_query

    def record_query(self, next_due_at: datetime | None) -> None:
        """Record that the database was queried, all due work was done, and the next work is due at `next_due_at` (None: there is no other work)."""
        self._next_query_at = self.clock() + self.interval
        self._next_due_at = _earlier(next_due_at, self._recorded_due_at)

    def record_work(self, due_at: datetime | None) -> None:
        """Record that work was stored that is due at `due_at`. None: no work was stored."""
        self._next_due_at = _earlier(self._next_due_at, due_at)
        self._recorded_due_at = _earlier(self._recorded_due_at, due_at)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two times; the other one if one is None."""
    return min((time for time in (one, other) if time is not None), default=None)
