"""The database server and the broker of a system: private servers, or external ones named by DATABASE_URL and AMQP_URI."""

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
    """The database server and the broker of one run directory. As a context manager, they run inside the block.

    `start` raises AlreadyRunning if another system uses the run directory. External servers are never stopped.
    """

    def __init__(self, folder: Path | str | None = None, partitions: int | None = None, *, fresh: bool = False):
        """Set the run directory (default: FENGQIAO_RUN or .run) and the number of partitions. With `fresh`, `start` first deletes the private servers' data."""
        self.fresh = fresh
        self.folder = Path(folder).resolve() if folder else run_dir()
        self.partitions = partitions or int(os.environ.get("FENGQIAO_PARTITIONS", "2"))
        self.ports = Ports(self.folder)
        self.database: PostgreSQL | None = None  # None: DATABASE_URL names an external database server
        self.broker: RabbitMQ | None = None  # None: AMQP_URI names an external broker
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
            self._select_servers()
            errors = []
            # The broker needs several seconds to start and little CPU time. The database is therefore started at the same time.
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
        """Return the AMQP address with the credentials of a service or an agency."""
        host = f"127.0.0.1:{self.broker.ports['broker']}" if self.broker else urlsplit(os.environ["AMQP_URI"]).netloc.rpartition("@")[2]
        return f"amqp://{user}:{self.keys['broker'][user]}@{host}/{self.vhost}"

    @property
    def services(self) -> dict[str, dict[str, str]]:
        admin_url = self.database_admin
        return {name: {"amqp": self.amqp(name), "database": roles.url_with_user(admin_url, name, self.keys["database"][name])} for name in SERVICES}

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
        """Return the county's folder that the processes read: the applied copy or, if there is none yet, the folder that this process read."""
        return find_applied_copy(self.folder) or COUNTY.folder

    @property
    def epoch_file(self) -> Path:
        """Return the path of the record of the epoch outside the database (plumbing.epoch)."""
        return self.folder / "epoch.json"

    def _load_keys(self) -> dict:
        return keys.load_county_keys(self.folder, SERVICES, AGENCIES)

    def _select_servers(self) -> None:
        """Set up the private servers and their ports. Stop private servers left running by an earlier start, whose queues may be outdated."""
        if os.environ.get("DATABASE_URL") and os.environ.get("AMQP_URI"):
            return
        postgresql, rabbitmq = programs.get_server_programs()
        if not os.environ.get("DATABASE_URL"):
            self._select_database(postgresql)
        if not os.environ.get("AMQP_URI"):
            self._select_broker(rabbitmq)

    def _select_database(self, postgresql: programs.Programs) -> None:
        self.database = PostgreSQL(self.folder / "postgresql", postgresql, 0)
        if self.fresh:
            self.database.delete_data()
            self.epoch_file.unlink(missing_ok=True)
        else:
            self.database.stop()
        self.ports.choose("database")
        self.database.port = self.ports["database"]

    def _select_broker(self, rabbitmq: programs.Programs) -> None:
        if set(BROKER_PORTS) <= set(self.ports.stored_ports()):
            RabbitMQ(self.folder / "rabbitmq", rabbitmq, self.ports.stored_ports()).stop()
        self.ports.choose(*BROKER_PORTS)
        self.broker = RabbitMQ(self.folder / "rabbitmq", rabbitmq, self.ports.stored_ports())
        if self.fresh:
            self.broker.delete_data()

    def _start_database(self) -> None:
        with timed_step("数据库 PostgreSQL 就绪", "PostgreSQL is ready, with a role and a schema for each service"):
            if self.database:
                self.database.start()
                roles.make_database(roles.url_with_path(self.database.url, "postgres"))
            roles.prepare_database(self.database_admin, self.keys["database"])

    def _delete_removed_agencies(self) -> None:
        """Delete the broker users and queues of removed agencies. Loading a definitions document does not delete them."""
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
    """Send the definitions document to an external broker through its HTTP management API."""
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
    except BaseException as error:  # noqa: BLE001 - the thread that waits for this one raises the error again
        errors.append(error)
