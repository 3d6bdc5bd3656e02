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
    """A block inside `time_limit` took too long and was interrupted."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitExceeded if the block takes longer than `seconds` in total. Needs eventlet's monkey-patching.

    Inside the block the timeout is raised as a BaseException, because libraries catch ordinary exceptions and retry.
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
    """Runs background jobs in green threads: at most `size` at a time, and at most one per job name."""

    def __init__(self, size: int):
        self._pool = GreenPool(size)
        self._job_ended = Event()
        self.running: set[str] = set()
        self.is_stopping = False  # set by `stop`; long jobs check this flag between two steps

    def count_free_slots(self) -> int:
        """Return how many more jobs may start now; 0 after `stop`."""
        return 0 if self.is_stopping else self._pool.free()

    def start(self, name: str, job: Callable[[], None]) -> None:
        """Start a job. The caller must have checked that `count_free_slots` is positive and that no job of this name is running."""
        assert name not in self.running
        self.running.add(name)
        self._pool.spawn_n(self._run_job, name, job)

    def wait(self, seconds: float) -> None:
        """Wait until any job ends, at most `seconds`."""
        with eventlet.Timeout(seconds, False):
            self._job_ended.wait()

    def stop(self, seconds: float) -> None:
        """Allow no further jobs, and wait until the running jobs have ended, at most `seconds`."""
        self.is_stopping = True
        with eventlet.Timeout(seconds, False):
            while self.running:
                self._job_ended.wait()

    def _run_job(self, name, job):
        try:
            job()
        except Exception as error:  # noqa: BLE001 - an error in one job must not end the others; the caller starts the job again
            log.warning("A background job failed; it will be started again.", job=name, reason=describe(error))
        finally:
            self.running.discard(name)
            ended, self._job_ended = self._job_ended, Event()
            ended.send()
