"""Jobs that go on beside a service's work, and an end for whatever they wait for. Green threads, as everywhere in the services' processes."""

import contextlib
from collections.abc import Callable, Iterator

import eventlet
from eventlet.event import Event
from eventlet.greenpool import GreenPool
from structlog import get_logger

from plumbing.logs import describe

log = get_logger()


class TookTooLong(Exception):
    """The block under a deadline did not end in time."""


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises TookTooLong when the block takes longer in total, whatever it waits for and however often. Needs a monkey-patched process.

    Inside the block it is a BaseException: libraries try again after what they take for an ordinary error of theirs.
    """
    limit = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as timeout:
        if timeout is not limit:
            raise
        raise TookTooLong from None
    finally:
        limit.cancel()


class Jobs:
    """At most `size` jobs at once, and at most one under each name."""

    def __init__(self, size: int):
        self._pool = GreenPool(size)
        self._ended = Event()
        self.running: set[str] = set()
        self.stopping = False  # set by `stop`; a long job looks at it between two steps

    def room(self) -> int:
        return 0 if self.stopping else self._pool.free()

    def start(self, name: str, job: Callable[[], None]) -> None:
        """The caller has asked for `room` and knows that no job of this name is running."""
        assert name not in self.running
        self.running.add(name)
        self._pool.spawn_n(self._run, name, job)

    def wait(self, seconds: float) -> None:
        """Until one of them ends, at most so long."""
        with eventlet.Timeout(seconds, False):
            self._ended.wait()

    def stop(self, seconds: float) -> None:
        """Starts no more, and waits until those under way have ended, at most so long."""
        self.stopping = True
        with eventlet.Timeout(seconds, False):
            while self.running:
                self._ended.wait()

    def _run(self, name, job):
        try:
            job()
        except Exception as problem:  # noqa: BLE001 - one job must not end the others; it is for its starter to start it again
            log.warning("A job failed and is started again later.", job=name, reason=describe(problem))
        finally:
            self.running.discard(name)
            ended, self._ended = self._ended, Event()
            ended.send()
