"""The servers of a test run: one RabbitMQ for all workers, and for each worker a PostgreSQL and a virtual host of its own.

A RabbitMQ costs eight seconds of CPU to start, a PostgreSQL one: so only the broker is shared, and a test may kill its worker's database.
Nobody may stop or kill the shared broker; a test that has to uses `killable` (tests/conftest.py).
"""

import base64
import fcntl
import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from contracts import AGENCIES
from deploy import broker as topology
from deploy.local import keys, programs
from deploy.local.places import private
from deploy.local.ports import Ports
from deploy.local.progress import AlreadyRunning
from deploy.local.rabbitmq import PORTS, RabbitMQ
from deploy.local.servers import SERVICES, Servers


class SharedBroker:
    """Started by the first worker that asks for it; `own` and `end` are for the process that began the run, before its workers and after them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._owned = None

    def own(self) -> None:
        """Ends what a run that was killed has left behind. Raises AlreadyRunning while another run uses the same folder."""
        self._owned = (private(self.folder) / "owner").open("a")
        try:
            fcntl.flock(self._owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._owned.close()
            raise AlreadyRunning(f"{self.folder.parent} 正被另一次测试使用 | another test run uses {self.folder.parent}") from None
        self._end()

    def start(self) -> RabbitMQ:
        """The running broker, with every user in it and no queue."""
        with (private(self.folder) / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second waits until it is up
            broker = self._known()
            if broker is None or broker.pid() is None:
                Ports(self.folder).choose(*PORTS)
                broker = self._known()
                broker.define({"users": topology.definitions(self.keys()["broker"], 1)["users"]})
                broker.start()
            return broker

    def keys(self) -> dict:
        return keys.load(self.folder, SERVICES, tuple(AGENCIES))

    def end(self) -> None:
        """Killed, not asked to stop: nothing in it is needed any more, and an orderly end takes six seconds."""
        if self._owned and not self._owned.closed:
            self._end()
            self._owned.close()

    def _end(self):
        if broker := self._known():
            broker.discard()
            broker.stop()  # its name server

    def _known(self) -> RabbitMQ | None:
        known = Ports(self.folder).known()
        return RabbitMQ(self.folder / "rabbitmq", programs.servers()[1], known) if set(PORTS) <= set(known) else None


class WorkerServers(Servers):
    """What `Servers` is, with a database of its own and a virtual host on the shared broker. Nothing is left in them from an earlier run."""

    def __init__(self, folder: Path, shared: SharedBroker, vhost: str):
        super().__init__(folder, fresh=True)
        self.shared, self.vhost = shared, vhost

    def stop(self) -> None:
        self.broker = None  # it is not ours to stop
        super().stop()

    def _load_keys(self):
        return super()._load_keys() | {"broker": self.shared.keys()["broker"]}

    def _find_broker(self, rabbitmq):
        self.broker = RabbitMQ(self.shared.folder / "rabbitmq", rabbitmq, dict.fromkeys(PORTS, 0))  # where it is, is known once it runs

    def _start_broker(self):
        self.broker = self.shared.start()
        make_vhost(self.management, self.vhost, topology.definitions(self.keys["broker"], self.partitions))


def make_vhost(management: str, name: str, definitions: dict) -> None:
    """A virtual host with these exchanges, queues, bindings and rights, and nothing in it. `definitions` is what deploy.broker makes, or a part of it.

    The users are there already: a new salt for the same password would only make everybody log in again.
    """
    document = json.loads(json.dumps(definitions).replace(json.dumps(topology.VHOST), json.dumps(name))) | {"users": []}
    _manage(management, "DELETE", f"/api/vhosts/{name}", missing_is_fine=True)
    _manage(management, "PUT", f"/api/vhosts/{name}", {})
    _manage(management, "POST", "/api/definitions", document)


def _manage(management, method, path, document=None, missing_is_fine=False):
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(account.encode()).decode()}
    body = None if document is None else json.dumps(document).encode()
    try:
        urllib.request.urlopen(urllib.request.Request(f"{parts.scheme}://{host}{path}", body, headers, method=method), timeout=120).close()
    except urllib.error.HTTPError as problem:
        if not (missing_is_fine and problem.code == 404):
            raise AssertionError(problem.read()) from problem
