"""How far intake may run ahead of mediation, so that a burst waits in its own agency's queue and not in everybody's path."""

import time
from collections import deque

AHEAD = 200  # steps passed on but not yet decided: one batch
SHARE = 4  # it goes on when a quarter of them is free again: many small batches cost more than one
STALLED_SECONDS = 5.0
FORGOTTEN_SECONDS = 60.0


class Backpressure:
    """Counts what this process passed on and what came back decided.

    Another agency's event waits for what is ahead of it, so for `ahead` divided by what mediation decides in a second. When nothing at all
    has come back for a while (mediation is down) everything is let through: taking events in safely matters more than fairness then. A step
    that does not come back (it is parked) is forgotten after a minute.
    """

    def __init__(self, ahead: int = AHEAD, stalled_seconds: float = STALLED_SECONDS, forgotten_seconds: float = FORGOTTEN_SECONDS, clock=time.monotonic):
        self.limit, self.stalled_seconds, self.forgotten_seconds, self.clock = ahead, stalled_seconds, forgotten_seconds, clock
        self.ahead = 0
        self.moved_at = clock()
        self._under_way: deque[tuple[float, int]] = deque()

    def room(self) -> int:
        """How many more events may be taken in now."""
        now = self.clock()
        while self._under_way and now - self._under_way[0][0] > self.forgotten_seconds:
            self.ahead -= self._under_way.popleft()[1]
        room = self.limit - self.ahead
        if room * SHARE >= self.limit:
            return room
        return self.limit if now - self.moved_at > self.stalled_seconds else 0

    def passed_on(self, count: int) -> None:
        if not count:
            return
        if not self._under_way:
            self.moved_at = self.clock()
        self._under_way.append((self.clock(), count))
        self.ahead += count

    def decided(self, count: int) -> None:
        if count:
            self.moved_at = self.clock()
        while count and self._under_way:
            at, waiting = self._under_way.popleft()
            done = min(count, waiting)
            if waiting > done:
                self._under_way.appendleft((at, waiting - done))
            self.ahead -= done
            count -= done
