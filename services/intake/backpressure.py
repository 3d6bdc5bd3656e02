"""Limits how many steps intake passes on before mediation has decided them, so that a burst waits in the queue of the agency that sent it."""

import time
from collections import deque

DEFAULT_LIMIT = 200  # steps passed on but not yet decided: one batch
RESUME_DIVISOR = 4  # consumption resumes when 1/4 of the limit is free: many small batches cost more than one
STALLED_SECONDS = 5.0
EXPIRY_SECONDS = 60.0


class Backpressure:
    """Counts the steps that this process passed on to mediation and that mediation has not decided.

    The limit bounds how long an event of another agency waits: `limit` divided by the steps that mediation decides in a second.
    After `stalled_seconds` without any decision (mediation is down) the limit is lifted: accepting events safely then matters more than
    fairness between agencies. A step without a decision (for example a parked one) is no longer counted after `expiry_seconds`.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT, stalled_seconds: float = STALLED_SECONDS, expiry_seconds: float = EXPIRY_SECONDS, clock=time.monotonic):
        self.limit, self.stalled_seconds, self.expiry_seconds, self.clock = limit, stalled_seconds, expiry_seconds, clock
        self.undecided = 0
        self.last_decision_at = clock()
        self._undecided_batches: deque[tuple[float, int]] = deque()

    def room(self) -> int:
        """Return how many more events may be consumed now."""
        now = self.clock()
        while self._undecided_batches and now - self._undecided_batches[0][0] > self.expiry_seconds:
            self.undecided -= self._undecided_batches.popleft()[1]
        room = self.limit - self.undecided
        if room * RESUME_DIVISOR >= self.limit:
            return room
        return self.limit if now - self.last_decision_at > self.stalled_seconds else 0

    def record_passed_on(self, count: int) -> None:
        if not count:
            return
        if not self._undecided_batches:
            self.last_decision_at = self.clock()
        self._undecided_batches.append((self.clock(), count))
        self.undecided += count

    def record_decided(self, count: int) -> None:
        if count:
            self.last_decision_at = self.clock()
        while count and self._undecided_batches:
            passed_on_at, waiting = self._undecided_batches.popleft()
            done = min(count, waiting)
            if waiting > done:
                self._undecided_batches.appendleft((passed_on_at, waiting - done))
            self.undecided -= done
            count -= done
