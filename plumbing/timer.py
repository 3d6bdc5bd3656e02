"""Calls a method of a service at intervals: `@every(3600.0)`."""

import contextlib

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import Entrypoint
from structlog import get_logger

from plumbing.logs import describe

log = get_logger()


class Timer(Entrypoint):
    """Calls the method every `seconds`, first one interval after the start, never twice at once. A failure is logged and the next turn comes."""

    def __init__(self, seconds, **kwargs):
        self.seconds = seconds
        super().__init__(expected_exceptions=(Exception,), **kwargs)

    def setup(self):
        self.stopping, self.idle = Signal(), Signal()

    def start(self):
        self.container.spawn_managed_thread(self._tick, identifier="tick")

    def _tick(self):
        while not self.stopping.ready():
            with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(self.seconds):
                self.stopping.wait()
                break
            done = Signal()

            def handle_result(worker_ctx, result=None, exc_info=None, done=done):
                done.send(exc_info)
                return result, exc_info

            self.container.spawn_worker(self, (), {}, handle_result=handle_result)
            exc_info = done.wait()
            if exc_info is not None:
                log.warning("A timed task failed and comes again.", reason=describe(exc_info[1]), path=self.method_name)
        self.idle.send()

    def stop(self):
        if not self.stopping.ready():
            self.stopping.send()
        self.idle.wait()


every = Timer.decorator
