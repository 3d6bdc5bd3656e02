"""The system under test in a drill: service processes, standby processes, TCP proxies between processes and servers, and optional seeded faults."""

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
# With a short patience the mediation service checks past deadlines during the drill, so that it publishes overdue events, too.
PROCESS_SETTINGS = {"FENGQIAO_PATIENCE_SECONDS": "5", "FENGQIAO_LOG_LEVEL": "WARNING"}


class DrillSystem(System):
    """Processes and servers of the system under test.

    `servers`: servers without data, which the drill will kill; by default the system starts its own servers.
    `seeded_faults`: process → name of the fault in its code (see `fault_injection`).
    """

    def __init__(self, folder: Path, only: tuple[str, ...] = PROCESSES, seeded_faults: dict[str, str] | None = None, servers: Servers | None = None):
        super().__init__(folder, only=tuple(dict.fromkeys(STANDBYS.get(name, name) for name in only)), servers=servers)
        self.seeded_faults = seeded_faults or {}
        for name in only:
            if name in STANDBYS:
                self._specs[name] = replace(self._specs[STANDBYS[name]], name=name)
        self.names = tuple(self._specs)
        self.environment = {name: PROCESS_SETTINGS | {"FENGQIAO_CRASH_FILE": str(self._crash_file(name))} for name in self.names}
        self.proxies = TcpProxies()

    def prepare(self) -> None:
        super().prepare()
        for name in self.names:
            self._connect_through_proxies(name)

    def migrate(self) -> None:
        """Create the services' tables and the copy of their outboxes (see `capture`)."""
        super().migrate()
        capture.install_outbox_copy(self.servers.database_admin, self.servers.services)

    def restart_empty(self, seeded_faults: dict[str, str]) -> None:
        """Empty all tables and queues, and restart the processes with these faults in their code. On return the system is ready."""
        self.stop(*self.names, seconds=10)
        with closing(psycopg2.connect(self.servers.database_admin)) as connection, connection, connection.cursor() as cursor:
            for service in self.servers.services:
                cursor.execute(f"drop schema {service} cascade")
        prepare_database(self.servers.database_admin, self.servers.keys["database"])
        self.servers.epoch_file.unlink(missing_ok=True)
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

    def proxy_between(self, name: str, server: str) -> TcpProxy:
        """Return the TCP proxy between a client (`name`: a process or "agencies") and a server ("broker", "database" or "door", which is intake's HTTP API)."""
        return self.proxies.proxy_to(f"{name} {server}", "127.0.0.1", self.servers.ports[server])

    def agency_addresses(self) -> dict:
        """Return the system's addresses for the producers, through proxies: {"amqp": {agency: URI}, "tokens": {agency: access token}, "intake_url": URL}."""
        broker = self.proxy_between("agencies", "broker")
        return {
            "amqp": {code: broker.url_through_proxy(address["amqp"]) for code, address in self.endpoints["agencies"].items()},
            "tokens": self.servers.keys["agency_tokens"],
            "intake_url": self.proxy_between("agencies", "door").url_through_proxy(f"http://127.0.0.1:{self.servers.ports['door']}"),
        }

    def running_process(self, name: str) -> pids.Process | None:
        pid = self.pid(name)
        started_at = pid and pids.start_time_of(pid)
        return pids.Process(pid, started_at) if started_at else None

    def service_backends(self) -> list[psutil.Process]:
        """Return the PostgreSQL backend processes that serve connections of the services."""
        return [
            process
            for process in self.postgresql_processes()[1:]
            if _command_line(process).split(" ")[1:2] and _command_line(process).split(" ")[1] in CONSUMERS
        ]

    def kill_postgresql(self) -> None:
        """Kill all PostgreSQL processes, so that no process can write another page to disk."""
        children = self.postgresql_processes()[1:]
        self.servers.database.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(children, 10)

    def set_crash_point(self, name: str, point: str) -> None:
        """Make the process end itself when it next reaches the crash point."""
        self._crash_file(name).write_text(point)

    def clear_crash_points(self) -> None:
        """Remove every crash point that was set with `set_crash_point` and not reached yet."""
        for name in self.names:
            self._crash_file(name).unlink(missing_ok=True)

    def process_exits(self) -> list[tuple[str, int]]:
        """Return (process, exit code) for each process exit in the supervisor's log."""
        lines = [json.loads(line) for line in self.log("supervisor").read_text().splitlines()] if self.log("supervisor").exists() else []
        return [(line["process"], line["exit"]) for line in lines if line["event"] == "died"]

    def postgresql_processes(self) -> list[psutil.Process]:
        """Return the PostgreSQL server process and all its child processes, the server first; an empty list while the server is down."""
        pid = self.servers.database.pid()
        return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)] if pid else []

    def _crash_file(self, name):
        return self.folder / f"crash-{name}"

    def _connect_through_proxies(self, name):
        spec = self._specs[name]
        broker, database = self.proxy_between(name, "broker"), self.proxy_between(name, "database")
        if spec.service:
            addresses = self.servers.services[spec.service]
            self.environment[name] |= {
                "DATABASE_URL": database.url_through_proxy(addresses["database"]),
                "AMQP_URI": broker.url_through_proxy(addresses["amqp"]),
            }
        else:
            addresses_by_service = {
                service: {"database": database.url_through_proxy(a["database"]), "amqp": broker.url_through_proxy(a["amqp"])}
                for service, a in self.servers.services.items()
            }
            file = self.folder / f"{name}-through-proxies.json"
            write_private(file, json.dumps(addresses_by_service))
            self.environment[name]["FENGQIAO_RELAY"] = str(file)

    def _command_for(self, name):
        command, environment = super()._command_for(name)
        if name in self.seeded_faults:
            python, option, *rest = command  # the command is: python -m module …
            command = [python, option, "drills.fault_injection", self.seeded_faults[name], *rest]
        return command, environment


def _command_line(process):
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
