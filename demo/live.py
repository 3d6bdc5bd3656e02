"""Goes on where the history stopped, at a pace that a person can follow: open disputes take their next steps, new ones come in."""

import heapq
import itertools
import random
import time
from dataclasses import replace
from datetime import date, datetime, timedelta

from contracts.dates import SHANGHAI
from demo.director import Director, Play
from demo.history import life
from demo.steps import Life, Step

NEW = 1 / 12  # one in twelve steps begins a dispute, as a life has some twelve steps: about as many come as go


class Story:
    """Owns the county's own time, which runs as fast as steps are told. What is told carries the real time."""

    def __init__(self, seed: int, first_number: int, begun: datetime):
        self._seed, self._numbers = seed, itertools.count(first_number)
        self._now, self._to_come, self._order = begun, [], itertools.count()
        self._dice = random.Random()

    def go_on_with(self, told: Life, play: Play):
        for step in told.steps[len(told.until(self._now)) :]:
            heapq.heappush(self._to_come, (step.time, next(self._order), step, play))

    def next(self, now: datetime) -> tuple[Step, Play]:
        """The step that comes next in the county, as if it had happened `now`."""
        if not self._to_come or self._dice.random() < NEW:
            born = life(self._seed, next(self._numbers), self._now)
            play = Play(is_quiet=born.is_quiet)
            for step in born.steps:
                heapq.heappush(self._to_come, (step.time, next(self._order), step, play))
        due, _, step, play = heapq.heappop(self._to_come)
        self._now = max(self._now, due)
        return as_of(step, now), play


def as_of(step: Step, now: datetime) -> Step:
    """The same step, with its days moved along: an agreement told today takes effect today."""
    days = now.astimezone(SHANGHAI).date() - step.time.astimezone(SHANGHAI).date()
    return replace(step, time=now, data=_moved(step.data, days))


DAYS = ("effective_on", "on", "due_on", "applied_on", "received_on", "decided_on", "court_received_on", "issued_on", "objected_on", "restarted_on", "served_on")
INSTANTS = ("next_at", "accepted_at", "effective_at")


def _moved(data, days):
    moved = dict(data)
    for name, value in data.items():
        if name in DAYS:
            moved[name] = (date.fromisoformat(value) + days).isoformat()
        elif name in INSTANTS:
            moved[name] = (datetime.fromisoformat(value) + days).isoformat()
        elif name == "facts":
            moved[name] = _moved(value, days)
        elif name == "terms":
            moved[name] = [_moved(term, days) for term in value]
    return moved


def tell(director: Director, story: Story, per_minute: float, show):
    """Until interrupted."""
    due = time.monotonic()
    while True:
        if time.monotonic() >= due:
            step, play = story.next(datetime.now(SHANGHAI) - timedelta(seconds=1))
            play.to_say.append(step)
            director.go_on(play)
            due = time.monotonic() + random.expovariate(per_minute / 60)
            show(step, play)
        director.hear(min(1.0, max(0.01, due - time.monotonic())))
