"""Tests of the times at which a timer queries the database for due work."""

from datetime import UTC, datetime, timedelta

import pytest

from plumbing import events
from plumbing.due_times import DueTimes

NOON = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)


class Times:
    """A wall clock and a monotonic clock that a test moves together."""

    def __init__(self):
        self.seconds = 0.0

    def wall(self):
        return NOON + timedelta(seconds=self.seconds)


@pytest.fixture
def times(monkeypatch):
    times = Times()
    monkeypatch.setattr(events, "utc_now", times.wall)
    return times


def seconds_of_queries(times, due_times, until, next_due_at=None):
    """Move the time on second by second. Return the seconds at which the database was queried."""
    queried = []
    while times.seconds < until:
        if due_times.must_query():
            queried.append(times.seconds)
            due_times.record_query(next_due_at)
        times.seconds += 1
    return queried


def test_a_process_without_work_queries_at_its_start_and_then_once_per_interval(times):
    due_times = DueTimes(interval=10, clock=lambda: times.seconds)

    assert seconds_of_queries(times, due_times, 35) == [0, 10, 20, 30]


def test_the_database_is_queried_when_the_next_stored_work_is_due(times):
    due_times = DueTimes(interval=10, clock=lambda: times.seconds)
    due_times.record_query(NOON + timedelta(seconds=4))

    assert seconds_of_queries(times, due_times, 9) == [4]


def test_work_that_this_process_stores_is_noticed_before_the_interval_ends(times):
    due_times = DueTimes(interval=10, clock=lambda: times.seconds)
    due_times.record_query(NOON + timedelta(seconds=8))
    due_times.record_work(NOON + timedelta(seconds=3))
    due_times.record_work(NOON + timedelta(seconds=6))
    due_times.record_work(None)

    assert seconds_of_queries(times, due_times, 7) == [3]


def test_overdue_work_that_could_not_be_done_is_queried_again_at_once(times):
    """A timer that does not record its query, because it failed, is not delayed."""
    due_times = DueTimes(interval=10, clock=lambda: times.seconds)
    due_times.record_query(NOON)

    assert due_times.must_query() and due_times.must_query()


def test_work_stored_during_a_query_is_noticed_although_the_query_has_not_seen_it(times):
    """Another green thread commits work between the query and the recording of its result."""
    due_times = DueTimes(interval=10, clock=lambda: times.seconds)
    assert due_times.must_query()
    due_times.record_work(NOON + timedelta(seconds=3))
    due_times.record_query(None)

    assert seconds_of_queries(times, due_times, 7) == [3]
