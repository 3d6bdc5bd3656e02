"""nameko dependency providers: the database pool, the background jobs and the times of due work of a service."""

from nameko.extensions import DependencyProvider

from plumbing import events
from plumbing.due_times import DueTimes
from plumbing.jobs import Jobs
from plumbing.pool import Pool


class Database(DependencyProvider):
    """nameko dependency: the database pool of a service, `db = Database()` on the service class. `read` parses a stored delivery into an event.

    Connections are opened on first use, not in a worker's setup: an exception in the setup would kill the container.
    """

    def __init__(self, size: int = 4, read=events.read):
        self.size = size
        self.read = read

    pool = None  # set by `setup`

    def setup(self):
        self.pool = Pool(self.container.config["settings"], self.size, read=self.read, prepares_statements=True)

    def get_dependency(self, worker_ctx):
        return self.pool

    def stop(self):
        self.pool.close()


class BackgroundJobs(DependencyProvider):
    """nameko dependency: runs background jobs of a service, at most `size` at a time. A job may outlast the service method that started it."""

    def __init__(self, size: int):
        self.size = size

    jobs = None  # set by `setup`

    def setup(self):
        self.jobs = Jobs(self.size)

    def get_dependency(self, worker_ctx):
        return self.jobs

    def stop(self):
        self.jobs.stop(self.container.config["settings"].stop_seconds)


class TimesOfDueWork(DependencyProvider):
    """nameko dependency: one DueTimes object per process and kind of work."""

    def __init__(self):
        self.due_times = DueTimes()  # not in `setup`, because a timer may look for it in its own setup before

    def get_dependency(self, worker_ctx):
        return self.due_times
