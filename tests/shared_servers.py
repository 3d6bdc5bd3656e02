"""Servers of a test run: one RabbitMQ for all test workers; each worker has its own PostgreSQL and its own virtual host.

RabbitMQ takes six CPU seconds to start, PostgreSQL one. Therefore only the broker is shared, and a test may kill the database of its worker.
No test may stop the shared broker; tests that have to kill a broker use the fixture `killable_servers` (tests/conftest.py)."""

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
from deploy.files import make_private_folder
from local import pids, programs
from local.ports import Ports
from local.postgresql import PostgreSQL
from local.progress import AlreadyRunning
from local.rabbitmq import PORT_NAMES, RabbitMQ
from local.servers import Servers


class TestRun:
    """Folder of a test run. The process that started the run owns the folder by a file lock."""

    __test__ = False

    def __init__(self, folder: Path):
        self.folder = folder
        self.broker = SharedBroker(folder / "broker")
        self._lock_file = None

    def begin(self) -> None:
        """Take ownership of the folder, and end processes that a killed test run has left. If another run owns the folder, do nothing; see `check`."""
        lock_file = (make_private_folder(self.folder) / "owner").open("a")
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock_file.close()
            return
        self._lock_file = lock_file
        self._end_all_servers()

    def check(self) -> None:
        """Raise AlreadyRunning if another test run owns the folder."""
        if not self._lock_file:
            raise AlreadyRunning(f"{self.folder} 正被另一次测试使用 | another test run uses {self.folder}")

    def end(self) -> None:
        """End all servers of the test run, including those that an interrupted worker could not end."""
        if self._lock_file:
            self._end_all_servers()
            self._lock_file.close()
            self._lock_file = None

    def _end_all_servers(self):
        for folder in (self.folder, *self.folder.glob("gw*")):
            for part in (folder, *(folder / name for name in SERVER_SUBFOLDERS)):
                _kill_processes_in(part)


SERVER_SUBFOLDERS = ("broker", "killable", "chaos", "bench", "zhuji", "recovery")  # names of subfolders of a test run that contain further servers


def _kill_processes_in(folder: Path) -> None:
    """Kill the processes whose pid files are in a folder, and delete the servers' data. An orderly stop of RabbitMQ would take six seconds."""
    for file in (folder / "pid").glob("*.json"):
        if process := pids.read_pid_file(file):
            pids.terminate(process, 0)
        file.unlink(missing_ok=True)
    ports = Ports(folder).stored_ports()
    if set(PORT_NAMES) <= set(ports) and (folder / "rabbitmq").exists():
        broker = RabbitMQ(folder / "rabbitmq", programs.get_server_programs()[1], ports)
        broker.delete_data()
        broker.stop()  # also stops epmd, the name server of Erlang nodes
    if "database" in ports and (folder / "postgresql").exists():
        PostgreSQL(folder / "postgresql", programs.get_server_programs()[0], ports["database"]).delete_data()


# RabbitMQ setting: update the statistics of a queue every minute. The default, every five seconds, uses 0.035 CPU seconds per second instead of 0.006.
RARE_STATISTICS_CONFIG = "[{rabbit, [{quorum_tick_interval, 60000}, {collect_statistics_interval, 60000}]}].\n"


class SharedBroker:
    """RabbitMQ shared by all test workers. The first worker that needs it starts it; the process that started the test run ends it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self) -> RabbitMQ:
        """Start the broker unless it is running. Return it; it has all users and no queues."""
        with (make_private_folder(self.folder) / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second worker waits here until the broker runs
            broker = self._load_broker()
            if broker is None or broker.pid() is None:
                Ports(self.folder).choose(*PORT_NAMES)
                broker = self._load_broker()
                (broker.folder / "advanced.config").write_text(RARE_STATISTICS_CONFIG)
                broker.write_definitions({"users": topology.definitions(self.keys()["broker"], 1)["users"]})
                broker.start()
            return broker

    def _load_broker(self):
        ports = Ports(self.folder).stored_ports()
        return RabbitMQ(self.folder / "rabbitmq", programs.get_server_programs()[1], ports) if set(PORT_NAMES) <= set(ports) else None

    def keys(self) -> dict:
        with (make_private_folder(self.folder) / "keys").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the lock ensures that two workers do not generate different keys
            return keys.load_or_create_keys(self.folder, SERVICES, tuple(AGENCIES))


class WorkerServers(Servers):
    """Servers of one test worker: its own PostgreSQL, and a virtual host on the shared RabbitMQ. Both are empty at the start."""

    def __init__(self, folder: Path, shared: SharedBroker, vhost: str):
        super().__init__(folder, fresh=True)
        self.shared, self.vhost = shared, vhost

    def stop(self) -> None:
        self.broker = None  # the shared broker keeps running
        super().stop()

    def _load_keys(self):
        return super()._load_keys() | {"broker": self.shared.keys()["broker"]}

    def _select_broker(self, rabbitmq):
        # A placeholder, because the ports of the broker are known only after its start.
        self.broker = RabbitMQ(self.shared.folder / "rabbitmq", rabbitmq, dict.fromkeys(PORT_NAMES, 0))

    def _start_broker(self):
        self.broker = self.shared.start()
        make_vhost(self.management, self.vhost, topology.definitions(self.keys["broker"], self.partitions))


def make_vhost(management: str, name: str, definitions: dict) -> None:
    """Create an empty virtual host with the exchanges, queues, bindings and permissions of `definitions` (from deploy.broker, possibly reduced).

    Users are not created: they exist already, and defining a user again changes the salt of its password, so that every client would have to reconnect."""
    document = json.loads(json.dumps(definitions).replace(json.dumps(topology.VHOST), json.dumps(name))) | {"users": []}
    _call_management_api(management, "DELETE", f"/api/vhosts/{name}", ignore_missing=True)
    _call_management_api(management, "PUT", f"/api/vhosts/{name}", {})
    _call_management_api(management, "POST", "/api/definitions", document)


def _call_management_api(management, method, path, document=None, ignore_missing=False):
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(account.encode()).decode()}
    body = None if document is None else json.dumps(document).encode()
    try:
        urllib.request.urlopen(urllib.request.Request(f"{parts.scheme}://{host}{path}", body, headers, method=method), timeout=120).close()
    except urllib.error.HTTPError as error:
        if not (ignore_missing and error.code == 404):
            raise AssertionError(error.read()) from error
