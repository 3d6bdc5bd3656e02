"""Decides when the agency states up to which time it has reported everything (event `agency.alive`). Keeps its state in memory only."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

EVENT_TYPE = "agency.alive"
DEFAULT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement that the agency has reported everything up to a time. `is_explicit`: made by the agency's system, not because the interval is over."""

    event_id: str
    up_to: datetime
    is_explicit: bool = False


class Heartbeat:
    """Statements of one agency: at intervals of `seconds` (None: none), and those that the agency's system makes.

    A statement is not stored on disk, because a later one replaces it. The caller publishes a statement only while every reported event is answered.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic):
        self._seconds, self._clock = seconds, clock
        self._next_at = None if seconds is None else clock() + seconds
        self._explicit: Statement | None = None

    def state(self, up_to: datetime) -> Statement:
        """Record the statement of the agency's system that everything up to this time is reported. It replaces an earlier one that is not confirmed yet."""
        waiting = self._explicit
        if waiting is None or waiting.up_to < up_to:
            waiting = self._explicit = Statement(str(uuid.uuid4()), up_to, is_explicit=True)
        return waiting

    def due_statement(self) -> Statement | None:
        """Return the statement to publish now, or None. One that the interval demands states the present time."""
        if self._explicit is not None:
            return self._explicit
        if self._next_at is None or self._clock() < self._next_at:
            return None
        return Statement(str(uuid.uuid4()), datetime.now(UTC))

    def record_published(self, statement: Statement) -> None:
        """Record that the broker has confirmed the statement."""
        if statement is self._explicit:
            self._explicit = None
        if self._seconds is not None and not statement.is_explicit:
            self._next_at = self._clock() + self._seconds
