"""Tests of the timers of the services, in a nameko container without a broker and a database."""

from datetime import timedelta

import eventlet
import pytest
from nameko.containers import ServiceContainer

from plumbing import events
from plumbing.dependency import TimesOfDueWork
from plumbing.due_times import MAX_INTERVAL_SECONDS
from plumbing.timer import every

INTERVAL = 0.01
TICKS = 5


class ServiceWithTimers:
    """Service with two timers of the same interval, which count their calls. The first call of `do_due_work` raises an exception."""

    name = "service-with-timers"
    due_times = TimesOfDueWork()
    ticks = due_calls = 0

    @every(INTERVAL)
    def tick(self):
        type(self).ticks += 1

    @every(INTERVAL, due_times="due_times")
    def do_due_work(self):
        type(self).due_calls += 1
        if self.due_calls == 1:
            raise RuntimeError
        self.due_times.record_query(None)


@pytest.fixture
def service():
    service = type("Service", (ServiceWithTimers,), {})
    container = ServiceContainer(service, {})
    container.start()
    yield service, next(dependency.due_times for dependency in container.dependencies)
    container.stop()


def wait_until(condition):
    with eventlet.Timeout(MAX_INTERVAL_SECONDS / 2):  # after the whole interval, the method is called whether work is due or not
        while not condition():
            eventlet.sleep(INTERVAL)


def wait_for_ticks(service):
    """Wait until the timer `tick` has been called TICKS times more. In that time, `do_due_work` could have been called as often."""
    until = service.ticks + TICKS
    wait_until(lambda: service.ticks >= until)


def test_a_timer_for_due_work_is_called_at_the_start_again_after_a_failure_and_then_only_when_work_is_due(service):
    service, due_times = service
    wait_until(lambda: service.due_calls == 2)
    wait_for_ticks(service)
    assert service.due_calls == 2

    due_times.record_work(events.utc_now() + timedelta(days=1))
    wait_for_ticks(service)
    assert service.due_calls == 2

    due_times.record_work(events.utc_now())
    wait_until(lambda: service.due_calls == 3)
