"""Limits how many steps intake passes on before the mediation service has decided them, so that a burst of events waits in the queue of the agency that sent it."""

import time
from collections import deque
from collections.abc import Iterable

from contracts.channels import partition_of

DEFAULT_LIMIT = 400  # steps that intake has passed on and the mediation service has not yet decided; half of a batch, so that other agencies wait less
RESUME_DIVISOR = 4  # consumption resumes when a quarter of the limit is free, because many small batches cost more than one large batch
STALLED_SECONDS = 5.0  # without a decision for this time, the mediation service counts as down
EXPIRY_SECONDS = 60.0  # after this time, a step without a decision is no longer counted


class Backpressure:
    """Counts the steps that this OS process passed on to the mediation service and that have not been decided there.

    The limit bounds how long an event of another agency waits: `limit` divided by the number of steps that the mediation service decides in a second.
    After `stalled_seconds` without any decision, the mediation service counts as down and the limit is lifted: storing events safely then
    matters more than fairness between agencies. A step without a decision (for example a parked one) is no longer counted after `expiry_seconds`.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT, stalled_seconds: float = STALLED_SECONDS, expiry_seconds: float = EXPIRY_SECONDS, clock=time.monotonic):
        self.limit, self.stalled_seconds, self.expiry_seconds, self.clock = limit, stalled_seconds, expiry_seconds, clock
        self.partitions, self.partitions_heard = 1, (0,)  # number of partitions, and those whose decisions this process receives
        self.undecided = 0
        self.last_decision_at = clock()
        self._undecided_batches: deque[tuple[float, int]] = deque()

    def remaining_capacity(self) -> int:
        """Return how many more events may be consumed now."""
        now = self.clock()
        while self._undecided_batches and now - self._undecided_batches[0][0] > self.expiry_seconds:
            self.undecided -= self._undecided_batches.popleft()[1]
        remaining_capacity = self.limit - self.undecided
        if remaining_capacity * RESUME_DIVISOR >= self.limit:
            return remaining_capacity
        return self.limit if now - self.last_decision_at > self.stalled_seconds else 0

    def count_steps_decided_here(self, codes: Iterable[str]) -> int:
        """Return how many of these steps have a decision that this process receives. `codes`: the code of the dispute of each step.

        If copies of intake divide the partitions, a copy that passes a step on may not receive its decision. Such a step must not count as undecided.
        """
        return sum(partition_of(code, self.partitions) in self.partitions_heard for code in codes)

    def record_passed_on_steps(self, count: int) -> None:
        if not count:
            return
        if not self._undecided_batches:
            self.last_decision_at = self.clock()
        self._undecided_batches.append((self.clock(), count))
        self.undecided += count

    def record_decided_steps(self, count: int) -> None:
        if count:
            self.last_decision_at = self.clock()
        while count and self._undecided_batches:
            passed_on_at, waiting = self._undecided_batches.popleft()
            done = min(count, waiting)
            if waiting > done:
                self._undecided_batches.appendleft((passed_on_at, waiting - done))
            self.undecided -= done
            count -= done
