"""The servers of a test run: one RabbitMQ for all workers, and for each worker a PostgreSQL and a virtual host of its own.

A RabbitMQ costs six seconds of CPU to start, a PostgreSQL one: so only the broker is shared, and a test may kill its worker's database.
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
from contracts.channels import SERVICES
from deploy import broker as topology
from deploy import keys
from deploy.files import private
from local import pids, programs
from local.ports import Ports
from local.postgresql import PostgreSQL
from local.progress import AlreadyRunning
from local.rabbitmq import PORTS, RabbitMQ
from local.servers import Servers


class TestRun:
    """The folder of a run, as the process sees it that began the run: with workers or without."""

    __test__ = False

    def __init__(self, folder: Path):
        self.folder = folder
        self.broker = SharedBroker(folder / "broker")
        self._owned = None

    def begin(self) -> None:
        """Ends what a run that was killed has left behind. While another run uses the same folder, nothing is done: see `check`."""
        owned = (private(self.folder) / "owner").open("a")
        try:
            fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owned.close()
            return
        self._owned = owned
        self._end_everything()

    def check(self) -> None:
        """Raises AlreadyRunning if the servers of this folder are another run's."""
        if not self._owned:
            raise AlreadyRunning(f"{self.folder} 正被另一次测试使用 | another test run uses {self.folder}")

    def end(self) -> None:
        """Also what a worker that was interrupted could not end itself."""
        if self._owned:
            self._end_everything()
            self._owned.close()
            self._owned = None

    def _end_everything(self):
        for folder in (self.folder, *self.folder.glob("gw*")):
            for part in (folder, *(folder / name for name in PARTS)):
                _end_what_runs_in(part)


PARTS = ("broker", "killable", "chaos", "bench", "zhuji")  # folders below a worker's, each with servers of its own


def _end_what_runs_in(folder: Path) -> None:
    """Killed, not asked to stop: nothing in it is needed any more, and the orderly end of a broker takes six seconds."""
    for file in (folder / "pid").glob("*.json"):
        if process := pids.remembered(file):
            pids.end(process, 0)
        file.unlink(missing_ok=True)
    ports = Ports(folder).known()
    if set(PORTS) <= set(ports) and (folder / "rabbitmq").exists():
        broker = RabbitMQ(folder / "rabbitmq", programs.servers()[1], ports)
        broker.discard()
        broker.stop()  # its name server
    if "database" in ports and (folder / "postgresql").exists():
        PostgreSQL(folder / "postgresql", programs.servers()[0], ports["database"]).discard()


# By default each of some hundred queues counts its messages every five seconds: 0.035 s of CPU time a second while nothing else happens, with this 0.006.
SELDOM = "[{rabbit, [{quorum_tick_interval, 60000}, {collect_statistics_interval, 60000}]}].\n"


class SharedBroker:
    """One for all workers, started by the first that asks for it. The process that began the run ends it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self) -> RabbitMQ:
        """The running broker, with every user in it and no queue."""
        with (private(self.folder) / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second waits until it is up
            broker = self._known()
            if broker is None or broker.pid() is None:
                Ports(self.folder).choose(*PORTS)
                broker = self._known()
                (broker.folder / "advanced.config").write_text(SELDOM)
                broker.define({"users": topology.definitions(self.keys()["broker"], 1)["users"]})
                broker.start()
            return broker

    def _known(self):
        ports = Ports(self.folder).known()
        return RabbitMQ(self.folder / "rabbitmq", programs.servers()[1], ports) if set(PORTS) <= set(ports) else None

    def keys(self) -> dict:
        with (private(self.folder) / "keys").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # made once: two workers that each make some would not agree
            return keys.load(self.folder, SERVICES, tuple(AGENCIES))


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
