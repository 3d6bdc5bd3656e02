"""The database and the broker that the system runs on: private ones, or those that DATABASE_URL and AMQP_URI name."""

import base64
import fcntl
import json
import os
import threading
import urllib.request
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from contracts import AGENCIES, COUNTY
from contracts.channels import SERVICES, agency_queue, inbox_of
from deploy import broker as topology
from deploy import keys, roles
from deploy.county.applied import applied
from deploy.files import private
from local import programs
from local.broker_admin import BrokerAdmin
from local.places import run_dir
from local.ports import Ports
from local.postgresql import PostgreSQL
from local.progress import AlreadyRunning, Missing, step
from local.rabbitmq import PORTS as BROKER_PORTS
from local.rabbitmq import RabbitMQ

VHOST = "fengqiao"
REMOVED = tuple(code for code, agency in AGENCIES.items() if agency.status == "removed")


class Servers:
    """Owns one run directory while it runs: a second one there is refused. Stops what it started."""

    def __init__(self, folder: Path | str | None = None, partitions: int | None = None, *, fresh: bool = False):
        """`fresh`: whatever an earlier run left in the private servers is deleted first."""
        self.fresh = fresh
        self.folder = Path(folder).resolve() if folder else run_dir()
        self.partitions = partitions or int(os.environ.get("FENGQIAO_PARTITIONS", "2"))
        self.ports = Ports(self.folder)
        self.database: PostgreSQL | None = None  # None: somebody else's, named by DATABASE_URL
        self.broker: RabbitMQ | None = None  # None: somebody else's, named by AMQP_URI
        self.vhost = VHOST
        self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> Self:
        private(self.folder)
        self._take_lock()
        try:
            self.keys = self._load_keys()
            self._find()
            failed = []
            # The broker needs several seconds, most of them waiting; the database is ready long before.
            starting = threading.Thread(target=_note_failure, args=(self._start_broker, failed))
            starting.start()
            try:
                self._start_database()
            finally:
                starting.join()
            if failed:
                raise failed[0]
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        with step("停止数据库与消息服务器", "stopping the database and the broker"):
            for server in (self.broker, self.database):
                if server:
                    server.stop()
        if self._lock:
            self._lock.close()
            self._lock = None

    @property
    def database_admin(self) -> str:
        return self.database.url if self.database else os.environ["DATABASE_URL"]

    @property
    def amqp_admin(self) -> str:
        return self.amqp("admin") if self.broker else os.environ["AMQP_URI"]

    @property
    def management(self) -> str:
        """The broker's management API, with the administrator's name and password."""
        if not self.broker:
            return os.environ["AMQP_MANAGEMENT_URL"]
        return f"http://admin:{self.keys['broker']['admin']}@127.0.0.1:{self.broker.ports['broker_management']}"

    def amqp(self, user: str) -> str:
        """The address of the broker for a service or an agency."""
        at = f"127.0.0.1:{self.broker.ports['broker']}" if self.broker else urlsplit(os.environ["AMQP_URI"]).netloc.rpartition("@")[2]
        return f"amqp://{user}:{self.keys['broker'][user]}@{at}/{self.vhost}"

    @property
    def services(self) -> dict[str, dict[str, str]]:
        at = self.database_admin
        return {name: {"amqp": self.amqp(name), "database": roles.with_user(at, name, self.keys["database"][name])} for name in SERVICES}

    def _take_lock(self) -> None:
        lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(
                f"已有一个系统在 {self.folder} 运行（./fengqiao status 查看，./fengqiao down 停止） | one runs already in {self.folder}"
            ) from None
        self._lock = lock

    @property
    def county(self) -> Path:
        """The folder that processes read: the applied copy, or where none was applied the one that this process has read."""
        return applied(self.folder) or COUNTY.folder

    def _load_keys(self) -> dict:
        return keys.of_county(self.folder, SERVICES, AGENCIES)

    def _find(self) -> None:
        """Which servers, and on which ports. What an earlier run left behind is stopped first: it may hold an older topology."""
        if os.environ.get("DATABASE_URL") and os.environ.get("AMQP_URI"):
            return
        postgresql, rabbitmq = programs.servers()
        if not os.environ.get("DATABASE_URL"):
            self._find_database(postgresql)
        if not os.environ.get("AMQP_URI"):
            self._find_broker(rabbitmq)

    def _find_database(self, postgresql: programs.Programs) -> None:
        self.database = PostgreSQL(self.folder / "postgresql", postgresql, 0)
        self.database.discard() if self.fresh else self.database.stop()
        self.ports.choose("database")
        self.database.port = self.ports["database"]

    def _find_broker(self, rabbitmq: programs.Programs) -> None:
        if set(BROKER_PORTS) <= set(self.ports.known()):
            RabbitMQ(self.folder / "rabbitmq", rabbitmq, self.ports.known()).stop()
        self.ports.choose(*BROKER_PORTS)
        self.broker = RabbitMQ(self.folder / "rabbitmq", rabbitmq, self.ports.known())
        if self.fresh:
            self.broker.discard()

    def _start_database(self) -> None:
        with step("数据库 PostgreSQL 就绪", "PostgreSQL is ready, a role and a schema for each service"):
            if self.database:
                self.database.start()
                roles.make_database(roles.with_path(self.database.url, "postgres"))
            roles.prepare_database(self.database_admin, self.keys["database"])

    def _forget_removed_agencies(self) -> None:
        """The broker keeps what it was told in earlier runs: definitions add and change, and delete nothing."""
        admin = BrokerAdmin(self.management) if REMOVED else None
        for code in REMOVED:
            admin.delete_user(code)
            admin.delete_queue(agency_queue(code))
            admin.delete_queue(inbox_of(code))

    def _start_broker(self) -> None:
        document = topology.definitions(self.keys["broker"], self.partitions)
        with step("消息服务器 RabbitMQ 就绪", "RabbitMQ is ready, with its queues, users and rights"):
            if self.broker:
                self.broker.define(document)
                self.broker.start()
                self._forget_removed_agencies()
            else:
                _define_elsewhere(document)


def _define_elsewhere(document: dict) -> None:
    """A broker that runs already takes the same document through its management API."""
    url = os.environ.get("AMQP_MANAGEMENT_URL")
    if not url:
        raise Missing("设置了 AMQP_URI 时还需 AMQP_MANAGEMENT_URL（http://管理员:密码@主机:15672） | with AMQP_URI, AMQP_MANAGEMENT_URL is needed too")
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    address = urlunsplit(parts._replace(netloc=host, path=f"{parts.path.rstrip('/')}/api/definitions"))
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(account.encode()).decode()}
    request = urllib.request.Request(address, json.dumps(document).encode(), headers, method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def _note_failure(do, failed: list) -> None:
    try:
        do()
    except BaseException as reason:  # noqa: BLE001 - raised again by the one who waits
        failed.append(reason)
