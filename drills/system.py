"""The system as the drill runs it: with standby processes, TCP proxies between processes and servers, and, if requested, seeded faults."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pika
import psutil
import psycopg2

from deploy.files import write_private
from deploy.roles import prepare_database
from drills import capture
from drills.quiescence import queue_lengths
from drills.tcp_proxies import TcpProxies, TcpProxy
from local import Servers, System, pids

STANDBYS = {"mediation-standby": "mediation", "relay-second": "relay"}
PROCESSES = ("intake", "mediation", "metrics", "notify", "relay", "door", *STANDBYS)
CONSUMERS = ("intake", "mediation", "metrics", "notify")
# A short patience makes mediation check past deadlines during the drill, so that overdue events are published too.
SETTINGS = {"FENGQIAO_PATIENCE_SECONDS": "5", "FENGQIAO_LOG_LEVEL": "WARNING"}


class DrillSystem(System):
    """The system's processes and servers. Without `servers` it starts its own; `servers` must be empty, and the drill kills them.

    `seeded_faults`: process → name of the fault that it runs with (see `fault_injection`).
    """

    def __init__(self, folder: Path, only: tuple[str, ...] = PROCESSES, seeded_faults: dict[str, str] | None = None, servers: Servers | None = None):
        super().__init__(folder, only=tuple(dict.fromkeys(STANDBYS.get(name, name) for name in only)), servers=servers)
        self.seeded_faults = seeded_faults or {}
        for name in only:
            if name in STANDBYS:
                self._specs[name] = replace(self._specs[STANDBYS[name]], name=name)
        self.names = tuple(self._specs)
        self.environment = {name: SETTINGS | {"FENGQIAO_CRASH_FILE": str(self._crash_file(name))} for name in self.names}
        self.proxies = TcpProxies()

    def prepare(self) -> None:
        super().prepare()
        for name in self.names:
            self._connect_through_proxies(name)

    def migrate(self) -> None:
        """Create the services' tables and the copy of their outboxes (see `capture`)."""
        super().migrate()
        capture.install(self.servers.database_admin, self.servers.services)

    def reset(self, seeded_faults: dict[str, str]) -> None:
        """Empty all tables and queues and restart the processes with these faults. The system is ready on return."""
        self.stop(*self.names, seconds=10)
        with closing(psycopg2.connect(self.servers.database_admin)) as connection, connection, connection.cursor() as cursor:
            for service in self.servers.services:
                cursor.execute(f"drop schema {service} cascade")
        prepare_database(self.servers.database_admin, self.servers.keys["database"])
        self.migrate()
        with closing(pika.BlockingConnection(pika.URLParameters(self.servers.amqp_admin))) as connection:
            channel = connection.channel()
            for queue in queue_lengths(self.servers.management):
                channel.queue_purge(queue)
        for entry in (self.folder / "ledgers").glob("*"):
            entry.unlink()
        self.seeded_faults = seeded_faults
        self.start()
        self.wait_ready()

    def close(self) -> None:
        super().close()
        self.proxies.close()

    def proxy(self, name: str, server: str) -> TcpProxy:
        """Return the proxy between a process (or `agencies`) and `broker`, `database` or `door`."""
        return self.proxies.to(f"{name} {server}", "127.0.0.1", self.servers.ports[server])

    def agencies(self) -> dict:
        """Return what the producers need to reach the system through proxies: AMQP URI and token of each agency, and the URL of intake's HTTP API."""
        broker = self.proxy("agencies", "broker")
        return {
            "amqp": {code: broker.through(address["amqp"]) for code, address in self.endpoints["agencies"].items()},
            "tokens": self.servers.keys["agency_tokens"],
            "intake_url": self.proxy("agencies", "door").through(f"http://127.0.0.1:{self.servers.ports['door']}"),
        }

    def process(self, name: str) -> pids.Process | None:
        pid = self.pid(name)
        started_at = pid and pids.start_time_of(pid)
        return pids.Process(pid, started_at) if started_at else None

    def backends(self) -> list[psutil.Process]:
        """Return the database processes that serve a connection of one of the services."""
        return [process for process in self.postgresql()[1:] if _title(process).split(" ")[1:2] and _title(process).split(" ")[1] in CONSUMERS]

    def kill_postgresql(self) -> None:
        """Kill all PostgreSQL processes, so that none can write another page."""
        children = self.postgresql()[1:]
        self.servers.database.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(children, 10)

    def crash_at(self, name: str, point: str) -> None:
        """Make the process end itself when it next reaches the crash point."""
        self._crash_file(name).write_text(point)

    def clear_crash_points(self) -> None:
        """Remove the crash points that no process has reached yet."""
        for name in self.names:
            self._crash_file(name).unlink(missing_ok=True)

    def deaths(self) -> list[tuple[str, int]]:
        """Return (process, exit code) for each process that the supervisor saw exit."""
        lines = [json.loads(line) for line in self.log("supervisor").read_text().splitlines()] if self.log("supervisor").exists() else []
        return [(line["process"], line["exit"]) for line in lines if line["event"] == "died"]

    def postgresql(self) -> list[psutil.Process]:
        """Return the PostgreSQL server process and then all its children; an empty list while the server is down."""
        pid = self.servers.database.pid()
        return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)] if pid else []

    def _crash_file(self, name):
        return self.folder / f"crash-{name}"

    def _connect_through_proxies(self, name):
        kind = self._specs[name]
        broker, database = self.proxy(name, "broker"), self.proxy(name, "database")
        if kind.service:
            addresses = self.servers.services[kind.service]
            self.environment[name] |= {"DATABASE_URL": database.through(addresses["database"]), "AMQP_URI": broker.through(addresses["amqp"])}
        else:
            addresses_by_service = {
                service: {"database": database.through(a["database"]), "amqp": broker.through(a["amqp"])} for service, a in self.servers.services.items()
            }
            file = self.folder / f"{name}-through-proxies.json"
            write_private(file, json.dumps(addresses_by_service))
            self.environment[name]["FENGQIAO_RELAY"] = str(file)

    def _command_for(self, name):
        command, environment = super()._command_for(name)
        if name in self.seeded_faults:
            python, option, *rest = command  # python -m module …
            command = [python, option, "drills.fault_injection", self.seeded_faults[name], *rest]
        return command, environment


def _title(process):
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
