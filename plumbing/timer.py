"""nameko entrypoint that calls a service method at regular intervals, `@every(3600.0)`, or when work is due, `@every(1.0, due_times="…")`."""

import contextlib

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import Entrypoint
from structlog import get_logger

from plumbing.logs import describe

log = get_logger()


class Timer(Entrypoint):
    """Calls the service method at intervals of `seconds`, for the first time one interval after the start of the service. Calls do not overlap.

    If a call raises an exception, it is logged, and the next call follows after the usual interval. `due_times`: name of a TimesOfDueWork dependency of the
    service. At each interval the method is then called only if DueTimes.must_query() is true, and must call DueTimes.record_query(). Starting a nameko
    worker for a call that finds nothing to do would cost most of the CPU time of an idle service.
    """

    def __init__(self, seconds, due_times=None, **kwargs):
        self.seconds, self.due_times_name = seconds, due_times
        super().__init__(expected_exceptions=(Exception,), **kwargs)

    def setup(self):
        self.stop_requested, self.loop_ended = Signal(), Signal()
        self.due_times = None
        if self.due_times_name is not None:
            (provider,) = (dependency for dependency in self.container.dependencies if dependency.attr_name == self.due_times_name)
            self.due_times = provider.due_times

    def start(self):
        self.container.spawn_managed_thread(self._run_loop, identifier="tick")

    def _run_loop(self):
        while not self.stop_requested.ready():
            with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(self.seconds):
                self.stop_requested.wait()
                break
            if self.due_times is not None and not self.due_times.must_query():
                continue
            done = Signal()

            def handle_result(worker_ctx, result=None, exc_info=None, done=done):
                done.send(exc_info)
                return result, exc_info

            self.container.spawn_worker(self, (), {}, handle_result=handle_result)
            exc_info = done.wait()
            if exc_info is not None:
                log.warning("A timed task failed; it will be called again.", reason=describe(exc_info[1]), path=self.method_name)
        self.loop_ended.send()

    def stop(self):
        if not self.stop_requested.ready():
            self.stop_requested.send()
        self.loop_ended.wait()


every = Timer.decorator
