"""The system as the drill runs it: standbys beside it, a TCP proxy to each server for each process, and a seeded fault where one is asked for."""

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
from drills.quiescence import queues
from drills.tcp_proxies import TcpProxies, TcpProxy
from local import Servers, System, pids

STANDBYS = {"mediation-standby": "mediation", "relay-second": "relay"}
PROCESSES = ("intake", "mediation", "metrics", "notify", "relay", "door", *STANDBYS)
CONSUMERS = ("intake", "mediation", "metrics", "notify")
# Deadlines in the past are asked about soon, so that time speaks during the drill too.
SETTINGS = {"FENGQIAO_PATIENCE_SECONDS": "5", "FENGQIAO_LOG_LEVEL": "WARNING"}


class DrillSystem(System):
    """The system's processes and the servers that the drill kills: servers of its own, or `servers`, which have to be empty.

    `seeded`: by process, the fault that it runs with (see `faulty`).
    """

    def __init__(self, folder: Path, only: tuple[str, ...] = PROCESSES, seeded: dict[str, str] | None = None, servers: Servers | None = None):
        super().__init__(folder, only=tuple(dict.fromkeys(STANDBYS.get(name, name) for name in only)), servers=servers)
        self.seeded = seeded or {}
        for name in only:
            if name in STANDBYS:
                self._kinds[name] = replace(self._kinds[STANDBYS[name]], name=name)
        self.names = tuple(self._kinds)
        self.environment = {name: SETTINGS | {"FENGQIAO_CRASH_FILE": str(self._crash_file(name))} for name in self.names}
        self.proxies = TcpProxies()

    def prepare(self) -> None:
        super().prepare()
        for name in self.names:
            self._connect_through_proxies(name)

    def migrate(self) -> None:
        """The services' tables, and the copy of what they put into their outboxes, before any of them runs."""
        super().migrate()
        capture.install(self.servers.database_admin, self.servers.services)

    def reset(self, seeded: dict[str, str]) -> None:
        """Empty tables, empty queues, and these processes with these faults: ready when it returns."""
        self.stop(*self.names, seconds=10)
        with closing(psycopg2.connect(self.servers.database_admin)) as connection, connection, connection.cursor() as cursor:
            for service in self.servers.services:
                cursor.execute(f"drop schema {service} cascade")
        prepare_database(self.servers.database_admin, self.servers.keys["database"])
        self.migrate()
        with closing(pika.BlockingConnection(pika.URLParameters(self.servers.amqp_admin))) as connection:
            channel = connection.channel()
            for queue in queues(self.servers.management):
                channel.queue_purge(queue)
        for entry in (self.folder / "ledgers").glob("*"):
            entry.unlink()
        self.seeded = seeded
        self.start()
        self.wait_ready()

    def close(self) -> None:
        super().close()
        self.proxies.close()

    def proxy(self, name: str, server: str) -> TcpProxy:
        """The proxy of a process (or of `agencies`) to `broker`, `database` or `door`."""
        return self.proxies.to(f"{name} {server}", "127.0.0.1", self.servers.ports[server])

    def agencies(self) -> dict:
        """Their addresses, through proxies of their own."""
        broker = self.proxy("agencies", "broker")
        return {
            "amqp": {code: broker.through(address["amqp"]) for code, address in self.endpoints["agencies"].items()},
            "tokens": self.servers.keys["agency_tokens"],
            "door": self.proxy("agencies", "door").through(f"http://127.0.0.1:{self.servers.ports['door']}"),
        }

    def process(self, name: str) -> pids.Process | None:
        pid = self.pid(name)
        born = pid and pids.birth_of(pid)
        return pids.Process(pid, born) if born else None

    def backends(self) -> list[psutil.Process]:
        """The database's processes that serve a connection of ours."""
        return [process for process in self.postgresql()[1:] if _title(process).split(" ")[1:2] and _title(process).split(" ")[1] in CONSUMERS]

    def kill_postgresql(self) -> None:
        """All its processes: nothing is left that could write one more page."""
        children = self.postgresql()[1:]
        self.servers.database.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(children, 10)

    def crash_at(self, name: str, point: str) -> None:
        """The next time that this process comes to this point it dies there."""
        self._crash_file(name).write_text(point)

    def crash_no_more(self) -> None:
        """Processes that have not come to their point yet do not die there any more."""
        for name in self.names:
            self._crash_file(name).unlink(missing_ok=True)

    def deaths(self) -> list[tuple[str, int]]:
        """Which processes died of what: (name, exit code), as the supervisor saw it."""
        lines = [json.loads(line) for line in self.log("supervisor").read_text().splitlines()] if self.log("supervisor").exists() else []
        return [(line["process"], line["exit"]) for line in lines if line["event"] == "died"]

    def postgresql(self) -> list[psutil.Process]:
        """The database's own process, then all its children; empty while it is down."""
        pid = self.servers.database.pid()
        return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)] if pid else []

    def _crash_file(self, name):
        return self.folder / f"crash-{name}"

    def _connect_through_proxies(self, name):
        kind = self._kinds[name]
        broker, database = self.proxy(name, "broker"), self.proxy(name, "database")
        if kind.service:
            addresses = self.servers.services[kind.service]
            self.environment[name] |= {"DATABASE_URL": database.through(addresses["database"]), "AMQP_URI": broker.through(addresses["amqp"])}
        else:
            places = {service: {"database": database.through(a["database"]), "amqp": broker.through(a["amqp"])} for service, a in self.servers.services.items()}
            file = self.folder / f"{name}-through-proxies.json"
            write_private(file, json.dumps(places))
            self.environment[name]["FENGQIAO_RELAY"] = str(file)

    def _command_of(self, name):
        command, environment = super()._command_of(name)
        if name in self.seeded:
            python, option, *rest = command  # python -m module …
            command = [python, option, "drills.fault_injection", self.seeded[name], *rest]
        return command, environment


def _title(process):
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
