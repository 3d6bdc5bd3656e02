"""What a nameko service depends on."""

from nameko.extensions import DependencyProvider

from plumbing import events
from plumbing.jobs import Jobs
from plumbing.pool import Pool


class Database(DependencyProvider):
    """`db = Database()` on a service class: the pool of this service. `read` turns a kept delivery back into an event.

    It connects when it is used, never in a worker's setup: a failure there would kill the container.
    """

    def __init__(self, size: int = 4, read=events.read):
        self.size = size
        self.read = read

    pool = None  # until setup

    def setup(self):
        self.pool = Pool(self.container.config["settings"], self.size, read=self.read)

    def get_dependency(self, worker_ctx):
        return self.pool

    def stop(self):
        self.pool.close()


class Background(DependencyProvider):
    """`jobs = Background(size)` on a service class: what goes on after the method that started it has returned."""

    def __init__(self, size: int):
        self.size = size

    jobs = None  # until setup

    def setup(self):
        self.jobs = Jobs(self.size)

    def get_dependency(self, worker_ctx):
        return self.jobs

    def stop(self):
        self.jobs.stop(self.container.config["settings"].stop_seconds)
