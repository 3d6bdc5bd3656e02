"""The database and the broker of the system: private ones, or those named by DATABASE_URL and AMQP_URI."""

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
from deploy.county.applied_copy import find_applied_copy
from deploy.files import make_private_folder
from local import programs
from local.broker_admin import BrokerAdmin
from local.paths import run_dir
from local.ports import Ports
from local.postgresql import PostgreSQL
from local.progress import AlreadyRunning, MissingPrerequisite, timed_step
from local.rabbitmq import PORT_NAMES as BROKER_PORTS
from local.rabbitmq import RabbitMQ

VHOST = "fengqiao"
REMOVED_AGENCIES = tuple(code for code, agency in AGENCIES.items() if agency.status == "removed")


class Servers:
    """The servers of one run directory. Raises AlreadyRunning if the directory is in use. Stops the servers that it started."""

    def __init__(self, folder: Path | str | None = None, partitions: int | None = None, *, fresh: bool = False):
        """Select the run directory. With `fresh`, data of an earlier run in the private servers are deleted first."""
        self.fresh = fresh
        self.folder = Path(folder).resolve() if folder else run_dir()
        self.partitions = partitions or int(os.environ.get("FENGQIAO_PARTITIONS", "2"))
        self.ports = Ports(self.folder)
        self.database: PostgreSQL | None = None  # None: an external server, named by DATABASE_URL
        self.broker: RabbitMQ | None = None  # None: an external broker, named by AMQP_URI
        self.vhost = VHOST
        self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> Self:
        make_private_folder(self.folder)
        self._take_lock()
        try:
            self.keys = self._load_keys()
            self._find_servers()
            errors = []
            # The broker takes several seconds to start, mostly waiting, so that the database starts at the same time.
            broker_start = threading.Thread(target=_call_collecting_error, args=(self._start_broker, errors))
            broker_start.start()
            try:
                self._start_database()
            finally:
                broker_start.join()
            if errors:
                raise errors[0]
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        with timed_step("停止数据库与消息服务器", "stopping the database and the broker"):
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
        """Return the URL of the broker's management API with the administrator's credentials."""
        if not self.broker:
            return os.environ["AMQP_MANAGEMENT_URL"]
        return f"http://admin:{self.keys['broker']['admin']}@127.0.0.1:{self.broker.ports['broker_management']}"

    def amqp(self, user: str) -> str:
        """Return the broker address of a service or an agency, with its credentials."""
        host = f"127.0.0.1:{self.broker.ports['broker']}" if self.broker else urlsplit(os.environ["AMQP_URI"]).netloc.rpartition("@")[2]
        return f"amqp://{user}:{self.keys['broker'][user]}@{host}/{self.vhost}"

    @property
    def services(self) -> dict[str, dict[str, str]]:
        admin_url = self.database_admin
        return {name: {"amqp": self.amqp(name), "database": roles.with_user(admin_url, name, self.keys["database"][name])} for name in SERVICES}

    def _take_lock(self) -> None:
        lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(
                f"已有一个系统在 {self.folder} 运行（./fengqiao status 查看，./fengqiao down 停止） | a system is already running in {self.folder}"
            ) from None
        self._lock = lock

    @property
    def county(self) -> Path:
        """Return the county's folder that processes read: the applied copy, or the folder of this process if none was applied."""
        return find_applied_copy(self.folder) or COUNTY.folder

    def _load_keys(self) -> dict:
        return keys.load_for_county(self.folder, SERVICES, AGENCIES)

    def _find_servers(self) -> None:
        """Select the servers and their ports. Private servers left by an earlier run are stopped first: their topology may be outdated."""
        if os.environ.get("DATABASE_URL") and os.environ.get("AMQP_URI"):
            return
        postgresql, rabbitmq = programs.get_server_programs()
        if not os.environ.get("DATABASE_URL"):
            self._find_database(postgresql)
        if not os.environ.get("AMQP_URI"):
            self._find_broker(rabbitmq)

    def _find_database(self, postgresql: programs.Programs) -> None:
        self.database = PostgreSQL(self.folder / "postgresql", postgresql, 0)
        self.database.delete_data() if self.fresh else self.database.stop()
        self.ports.choose("database")
        self.database.port = self.ports["database"]

    def _find_broker(self, rabbitmq: programs.Programs) -> None:
        if set(BROKER_PORTS) <= set(self.ports.known()):
            RabbitMQ(self.folder / "rabbitmq", rabbitmq, self.ports.known()).stop()
        self.ports.choose(*BROKER_PORTS)
        self.broker = RabbitMQ(self.folder / "rabbitmq", rabbitmq, self.ports.known())
        if self.fresh:
            self.broker.delete_data()

    def _start_database(self) -> None:
        with timed_step("数据库 PostgreSQL 就绪", "PostgreSQL is ready, with a role and a schema for each service"):
            if self.database:
                self.database.start()
                roles.make_database(roles.with_path(self.database.url, "postgres"))
            roles.prepare_database(self.database_admin, self.keys["database"])

    def _delete_removed_agencies(self) -> None:
        """Delete users and queues of removed agencies: definitions only add and change, and the broker keeps those of earlier runs."""
        admin = BrokerAdmin(self.management) if REMOVED_AGENCIES else None
        for code in REMOVED_AGENCIES:
            admin.delete_user(code)
            admin.delete_queue(agency_queue(code))
            admin.delete_queue(inbox_of(code))

    def _start_broker(self) -> None:
        document = topology.definitions(self.keys["broker"], self.partitions)
        with timed_step("消息服务器 RabbitMQ 就绪", "RabbitMQ is ready, with its queues, users and permissions"):
            if self.broker:
                self.broker.write_definitions(document)
                self.broker.start()
                self._delete_removed_agencies()
            else:
                _upload_definitions(document)


def _upload_definitions(document: dict) -> None:
    """Send the definitions to an existing broker through its management API."""
    url = os.environ.get("AMQP_MANAGEMENT_URL")
    if not url:
        raise MissingPrerequisite("设置了 AMQP_URI 时还需 AMQP_MANAGEMENT_URL（http://管理员:密码@主机:15672） | AMQP_URI also requires AMQP_MANAGEMENT_URL")
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    address = urlunsplit(parts._replace(netloc=host, path=f"{parts.path.rstrip('/')}/api/definitions"))
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(account.encode()).decode()}
    request = urllib.request.Request(address, json.dumps(document).encode(), headers, method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def _call_collecting_error(function, errors: list) -> None:
    try:
        function()
    except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
        errors.append(error)
