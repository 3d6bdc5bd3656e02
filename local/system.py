"""The whole system in one run directory: servers, migrations, processes, addresses. Used by `./fengqiao`, the flow tests, the drills and the bench."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Self

from contracts import COUNTY
from contracts.channels import SERVICES
from deploy import processes
from deploy.county import applied
from deploy.files import ROOT, write_private
from local import prometheus
from local.patience import Patience
from local.progress import MigrationFailed, NotReady, step
from local.readiness import answers
from local.servers import Servers
from local.supervisor import STOP_SECONDS, Supervisor

DEATHS_AT_MOST = 6  # while its start is waited for; pauses double from half a second: that many take half a minute


class System:
    """Everything that runs in `folder`. As a context manager: started and ready inside, stopped afterwards."""

    def __init__(self, folder: Path | str | None = None, *, only: tuple[str, ...] | None = None, restarts: bool = True,
                 environment: dict[str, dict[str, str]] | None = None, servers: Servers | None = None):  # fmt: skip
        self._own_servers = servers is None
        self.servers = servers or Servers(folder)
        self.folder = Path(folder).resolve() if folder else self.servers.folder
        self._kinds = {name: kind for name, kind in prometheus.kinds().items() if only is None or name in only}
        self.names = tuple(self._kinds)
        self.environment = {name: dict((environment or {}).get(name, {})) for name in self.names}  # on top of what the table says, from the next start on
        self._supervisor = Supervisor(self.folder, self._command_of, restarts)

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
            self.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def prepare(self) -> None:
        """Servers, tables, addresses; no process of ours runs yet."""
        if self._own_servers:
            self.servers.start()
        self._supervisor.end_orphans()
        self.servers.ports.choose(*self.names)
        applied.put(self.servers.folder, COUNTY.folder)
        processes.write_files(self.servers)
        write_private(self.folder / "endpoints.json", json.dumps(self.endpoints, ensure_ascii=False, indent=1))
        with step("数据表就绪", "tables are up to date"):
            self.migrate()

    def close(self) -> None:
        """Processes first, then the servers they work with."""
        with step("停止各进程", "stopping the processes"):
            self._supervisor.stop_all()
        if self._own_servers:
            self.servers.stop()

    def start(self, *names: str) -> None:
        """These processes, or all."""
        self._supervisor.start(*(names or self.names))

    def stop(self, *names: str, seconds: float = STOP_SECONDS) -> None:
        """Asks these processes to finish, or all; they stay down until started again."""
        self._supervisor.stop(*(names or self.names), seconds=seconds)

    def kill(self, name: str, sign: signal.Signals = signal.SIGKILL) -> bool:
        """Sends the signal, without asking; False if the process was down."""
        return self._supervisor.kill(name, sign)

    def pid(self, name: str) -> int | None:
        return self._supervisor.pid(name)

    def starts(self, name: str) -> int:
        """How many times it was started so far."""
        return self._supervisor.starts(name)

    def log(self, name: str) -> Path:
        return self._supervisor.log(name)

    @property
    def restarts(self) -> bool:
        """Whether a process that dies is started again."""
        return self._supervisor.restarts

    @restarts.setter
    def restarts(self, yes: bool) -> None:
        self._supervisor.restarts = yes

    @property
    def endpoints(self) -> dict:
        return endpoints(self.servers, self.names)

    def readiness(self) -> dict[str, bool]:
        ports = self.servers.ports.known()
        return {name: answers(ports[name], kind.ready_at) for name, kind in self._kinds.items()}

    def wait_ready(self, *names: str, seconds: float = 60) -> None:
        """Raises NotReady when a process keeps dying, when no unready process made progress for `seconds`, or after ten times `seconds`."""
        # By what is written down: the one that waits need not be the one that supervises.
        waited = {name: Patience(partial(self._supervisor.remembered_pid, name), self.log(name), seconds, 10 * seconds) for name in names or self.names}
        with step("各进程就绪", "every process is ready"):
            while waiting := [name for name, ready in self.readiness().items() if not ready and name in waited]:
                over = [why for name in waiting if (why := waited[name].is_over())]
                if len(over) == len(waiting) or any(waited[name].replaced >= DEATHS_AT_MOST for name in waiting):
                    raise NotReady("\n".join(f"{name}:\n{tail(self.log(name))}" for name in waiting))
                time.sleep(0.1)

    def migrate(self) -> None:
        """Every service's tables, side by side: none knows of another's."""
        running = {name: self._migration(name) for name in SERVICES}
        failed = {name: said for name, process in running.items() for said in [process.communicate()[0]] if process.returncode}
        if failed:
            raise MigrationFailed("\n".join(f"{name}:\n{said[-2000:]}" for name, said in failed.items()))
        if "mediation" in self.names:
            self._load_rosters()

    def _load_rosters(self) -> None:
        """Load those of the county's folder, unless there are rosters already."""
        environment = os.environ | processes.launch(processes.KINDS["mediation"], self.servers).environment
        command = [
            sys.executable,
            "-m",
            "services.mediation.commands.rosters",
            "load",
            "--only-if-empty",
        ]
        loaded = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if loaded.returncode:
            raise MigrationFailed(f"rosters:\n{(loaded.stdout + loaded.stderr)[-2000:]}")

    def _migration(self, service: str) -> subprocess.Popen:
        environment = {**os.environ, "DATABASE_URL": self.servers.services[service]["database"]}
        return subprocess.Popen([sys.executable, "-m", "plumbing.migrate", service], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip

    def _command_of(self, name: str) -> tuple[list[str], dict[str, str]]:
        kind, port = self._kinds[name], self.servers.ports[name]
        launch = prometheus.launch(self.servers, port) if kind is prometheus.PROMETHEUS else processes.launch(kind, self.servers)
        return launch.command, launch.environment | self.environment[name]


def endpoints(servers: Servers, names: tuple[str, ...]) -> dict:
    """Where everything is, secrets included: for the demo, the tests and the drills."""
    ports = servers.ports.known()
    at = {name: f"http://127.0.0.1:{ports[name]}" for name in names}
    web = {name: at[name] for name in ("dashboard", "door", "prometheus") if name in at}
    return web | {
        "metrics": {name: f"{url}/metrics" for name, url in at.items()},
        "agencies": {code: {"amqp": servers.amqp(code), "token": token} for code, token in servers.keys["agency_tokens"].items()},
        "amqp_admin": servers.amqp_admin,
        "amqp_management": servers.management,
        "database_admin": servers.database_admin,
        "services": servers.services,
        "seal_public_key": servers.keys["seal"]["public"],
    }


def tail(log: Path, characters: int = 1500) -> str:
    return log.read_text(errors="replace")[-characters:] if log.exists() else "(no log)"
