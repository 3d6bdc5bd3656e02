"""Background jobs of a service, and a time limit for blocking calls. Both use green threads."""

import contextlib
from collections.abc import Callable, Iterator

import eventlet
from eventlet.event import Event
from eventlet.greenpool import GreenPool
from structlog import get_logger

from plumbing.logs import describe

log = get_logger()


class TimeLimitExceeded(Exception):
    """The block under a time limit did not end in time."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitExceeded when the block takes longer in total, however many waits it consists of. Needs a monkey-patched process.

    Inside the block the timeout is a BaseException, because libraries catch ordinary exceptions and retry.
    """
    limit = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as timeout:
        if timeout is not limit:
            raise
        raise TimeLimitExceeded from None
    finally:
        limit.cancel()


class Jobs:
    """Runs at most `size` jobs at a time, and at most one per name."""

    def __init__(self, size: int):
        self._pool = GreenPool(size)
        self._job_ended = Event()
        self.running: set[str] = set()
        self.is_stopping = False  # set by `stop`; a long job checks it between two steps

    def free_slots(self) -> int:
        """Return how many more jobs may start now."""
        return 0 if self.is_stopping else self._pool.free()

    def start(self, name: str, job: Callable[[], None]) -> None:
        """Start a job. The caller has checked `free_slots` and that no job of this name is running."""
        assert name not in self.running
        self.running.add(name)
        self._pool.spawn_n(self._run, name, job)

    def wait(self, seconds: float) -> None:
        """Wait until a job ends, at most `seconds`."""
        with eventlet.Timeout(seconds, False):
            self._job_ended.wait()

    def stop(self, seconds: float) -> None:
        """Start no more jobs, and wait until the running ones have ended, at most `seconds`."""
        self.is_stopping = True
        with eventlet.Timeout(seconds, False):
            while self.running:
                self._job_ended.wait()

    def _run(self, name, job):
        try:
            job()
        except Exception as error:  # noqa: BLE001 - an error in one job must not end the others; the caller starts the job again
            log.warning("A background job failed; it will be started again.", job=name, reason=describe(error))
        finally:
            self.running.discard(name)
            ended, self._job_ended = self._job_ended, Event()
            ended.send()
