"""How far intake may run ahead of mediation, so that a burst waits in its own agency's queue and not in everybody's path."""

import time

AHEAD = 2000  # steps passed on but not yet decided
STALLED_SECONDS = 5.0


class Pace:
    """Counts what this process passed on and what came back decided.

    While decisions keep coming it holds the distance; when none has come for a while (mediation is down, or an event is
    parked) it lets everything through: taking events in safely matters more than fairness then.
    """

    def __init__(self, ahead: int = AHEAD, stalled_seconds: float = STALLED_SECONDS, clock=time.monotonic):
        self.limit, self.stalled_seconds, self.clock = ahead, stalled_seconds, clock
        self.ahead = 0
        self.moved_at = clock()

    def room(self) -> int:
        """How many more events may be taken in now."""
        if self.ahead < self.limit:
            return self.limit - self.ahead
        return self.limit if self.clock() - self.moved_at > self.stalled_seconds else 0

    def passed_on(self, count: int) -> None:
        if self.ahead == 0:
            self.moved_at = self.clock()
        self.ahead += count

    def decided(self, count: int) -> None:
        if count:
            self.moved_at = self.clock()
            self.ahead = max(0, self.ahead - count)
