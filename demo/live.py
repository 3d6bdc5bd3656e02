"""Steps that the demonstration sends after the history, at a rate that a person can follow: further steps of open disputes, and new disputes."""

import heapq
import itertools
import random
import time
from dataclasses import replace
from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI
from demo.history import simulate_dispute
from demo.step_sender import OpenDispute, StepSender
from demo.steps import DisputeHistory, Step

STATEMENT_SECONDS = 60
NEW_DISPUTE_SHARE = 1 / 12  # share of steps that report a new dispute; a dispute has about twelve steps, so that as many disputes begin as end


class LiveSchedule:
    """Queue of the steps to send after the history, in the order of their simulated times.

    Simulated time advances from step to step. When a step is sent, its time is replaced by the current time.
    """

    def __init__(self, seed: int, first_number: int, begin: datetime):
        self._seed, self._numbers = seed, itertools.count(first_number)
        self._now, self._scheduled, self._order = begin, [], itertools.count()
        self._random = random.Random()

    def add_remaining(self, history: DisputeHistory, dispute: OpenDispute):
        """Add the steps of a dispute that lie after the end of the history."""
        for step in history.steps[len(history.steps_until(self._now)) :]:
            heapq.heappush(self._scheduled, (step.time, next(self._order), step, dispute))

    def next_step(self, now: datetime) -> tuple[Step, OpenDispute]:
        """Return the next step, with its time and dates moved to `now`, and its dispute. At random, add a new dispute first."""
        if not self._scheduled or self._random.random() < NEW_DISPUTE_SHARE:
            history = simulate_dispute(self._seed, next(self._numbers), self._now)
            dispute = OpenDispute(is_confidential=history.is_confidential)
            for step in history.steps:
                heapq.heappush(self._scheduled, (step.time, next(self._order), step, dispute))
        due, _, step, dispute = heapq.heappop(self._scheduled)
        self._now = max(self._now, due)
        return move_step_to(step, now), dispute


def move_step_to(step: Step, now: datetime) -> Step:
    """Return a copy of the step that happens at `now`. All dates in its data are moved by the same number of days."""
    days = now.astimezone(SHANGHAI).date() - step.time.astimezone(SHANGHAI).date()
    return replace(step, time=now, data=_move_dates(step.data, days))


DATE_FIELDS = (
    "effective_on", "on", "due_on", "applied_on", "received_on", "decided_on", "court_received_on", "issued_on", "objected_on", "restarted_on", "served_on",
)  # fmt: skip
TIME_FIELDS = ("next_at", "accepted_at", "effective_at")


def _move_dates(data, days):
    moved = dict(data)
    for name, value in data.items():
        if name in DATE_FIELDS:
            moved[name] = (date.fromisoformat(value) + days).isoformat()
        elif name in TIME_FIELDS:
            moved[name] = (datetime.fromisoformat(value) + days).isoformat()
        elif name == "facts":
            moved[name] = _move_dates(value, days)
        elif name == "terms":
            moved[name] = [_move_dates(term, days) for term in value]
    return moved


def send_forever(sender: StepSender, schedule: LiveSchedule, per_minute: float, show_step, state_reported):
    """Send about `per_minute` steps per minute until KeyboardInterrupt. Call `show_step(step, dispute)` after each step.

    Whenever every step has been answered, but at most once in STATEMENT_SECONDS, call `state_reported(now)`: everything up to now has been reported.
    """
    due, statement_due = time.monotonic(), 0.0
    while True:
        if time.monotonic() >= statement_due and not sender.unfinished_count:
            state_reported(datetime.now(SHANGHAI) - timedelta(seconds=2))
            statement_due = time.monotonic() + STATEMENT_SECONDS
        if time.monotonic() >= due:
            step, dispute = schedule.next_step(datetime.now(SHANGHAI) - timedelta(seconds=1))
            dispute.remaining_steps.append(step)
            sender.send_next_steps(dispute)
            due = time.monotonic() + random.expovariate(per_minute / 60)
            show_step(step, dispute)
        sender.process_receipts(min(1.0, max(0.01, due - time.monotonic())))
