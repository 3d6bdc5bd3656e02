"""The whole system in one run directory: servers, tables, processes and their addresses. Used by `./fengqiao`, flow tests, drills and benchmarks."""

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
from deploy.county import applied_copy
from deploy.files import ROOT, write_private
from local import prometheus
from local.progress import CannotContinue, MigrationFailed, NotReady, timed_step
from local.readiness import is_process_ready
from local.servers import Servers
from local.startup_wait import StartupWait
from local.supervisor import STOP_TIMEOUT_SECONDS, Supervisor
from plumbing import first_epoch
from plumbing.epoch import EpochFile, RecoveryNeeded

MAX_START_FAILURES = 6  # the wait for readiness ends after this many deaths of a process, which take half a minute (pauses from 0.5 s, doubled)


class System:
    """The system in the run directory `folder`. As a context manager, it is started and ready inside the block and stopped after the block."""

    def __init__(self, folder: Path | str | None = None, *, only: tuple[str, ...] | None = None, restarts: bool = True,
                 environment: dict[str, dict[str, str]] | None = None, servers: Servers | None = None):  # fmt: skip
        self._owns_servers = servers is None
        self.servers = servers or Servers(folder)
        self.folder = Path(folder).resolve() if folder else self.servers.folder
        self._specs = {name: spec for name, spec in prometheus.process_specs().items() if only is None or name in only}
        self.names = tuple(self._specs)
        self.environment = {
            name: dict((environment or {}).get(name, {})) for name in self.names
        }  # process name → environment variables that are added to those of deploy.processes at the next start
        self._supervisor = Supervisor(self.folder, self._command_for, restarts)

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
        """Start the servers, migrate the tables and write the files that the processes read. The processes themselves are not started."""
        if self._owns_servers:
            self.servers.start()
        self._supervisor.end_orphans()
        self.servers.ports.choose(*self.names)
        applied_copy.apply_copy(self.servers.folder, COUNTY.folder)
        processes.write_process_files(self.servers)
        write_private(self.folder / "endpoints.json", json.dumps(self.endpoints, ensure_ascii=False, indent=1))
        with timed_step("数据表就绪", "tables are up to date"):
            self.migrate()

    def check_epoch(self) -> None:
        """Begin the first epoch of a new installation, else check that no data was lost. Raises CannotContinue, naming the command to run."""
        databases = {name: addresses["database"] for name, addresses in self.servers.services.items()}
        try:
            first_epoch.begin_or_check(databases, self.servers.amqp_admin, EpochFile(self.servers.epoch_file))
        except RecoveryNeeded as reason:
            raise CannotContinue(str(reason)) from None

    def close(self) -> None:
        """Stop the processes, then the servers, unless the servers were passed to the constructor."""
        with timed_step("停止各进程", "stopping the processes"):
            self._supervisor.stop_all()
        if self._owns_servers:
            self.servers.stop()

    def start(self, *names: str) -> None:
        """Start the named processes, or all if none is named."""
        self._supervisor.start(*(names or self.names))

    def stop(self, *names: str, seconds: float = STOP_TIMEOUT_SECONDS) -> None:
        """Stop the named processes, or all if none is named. They are not restarted automatically."""
        self._supervisor.stop(*(names or self.names), seconds=seconds)

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> bool:
        """Send the signal to the process. Return False if it was not running."""
        return self._supervisor.kill(name, signum)

    def pid(self, name: str) -> int | None:
        return self._supervisor.pid(name)

    def start_count(self, name: str) -> int:
        """Return how often the process was started."""
        return self._supervisor.start_count(name)

    def log(self, name: str) -> Path:
        return self._supervisor.log(name)

    @property
    def restarts(self) -> bool:
        """Whether a process is restarted after its death."""
        return self._supervisor.restarts

    @restarts.setter
    def restarts(self, are_on: bool) -> None:
        self._supervisor.restarts = are_on

    @property
    def endpoints(self) -> dict:
        return endpoints(self.servers, self.names)

    def readiness(self) -> dict[str, bool]:
        ports = self.servers.ports.stored_ports()
        return {name: is_process_ready(ports[name], spec.readiness_path) for name, spec in self._specs.items()}

    def wait_ready(self, *names: str, seconds: float = 60) -> None:
        """Wait until the named processes are ready, or all if none is named.

        Raises NotReady if a process died too often, if no unready process made progress for `seconds`, or after ten times `seconds`.
        """
        # Process ids are read from the pid files, because another supervisor may have started the processes.
        waits = {name: StartupWait(partial(self._supervisor.pid_from_file, name), self.log(name), seconds, 10 * seconds) for name in names or self.names}
        with timed_step("各进程就绪", "every process is ready"):
            while waiting := [name for name, ready in self.readiness().items() if not ready and name in waits]:
                reasons = [reason for name in waiting if (reason := waits[name].reason_to_give_up())]
                if len(reasons) == len(waiting) or any(waits[name].process_change_count >= MAX_START_FAILURES for name in waiting):
                    raise NotReady("\n".join(f"{name}:\n{end_of_log(self.log(name))}" for name in waiting))
                time.sleep(0.1)

    def migrate(self) -> None:
        """Migrate the tables of all services in parallel, check that no data was lost, and load the rosters into the mediation service if it has none."""
        running = {name: self._start_migration(name) for name in SERVICES}
        failed = {name: output for name, process in running.items() for output in [process.communicate()[0]] if process.returncode}
        if failed:
            raise MigrationFailed("\n".join(f"{name}:\n{output[-2000:]}" for name, output in failed.items()))
        self.check_epoch()
        if "mediation" in self.names:
            self._load_rosters()

    def _load_rosters(self) -> None:
        """Load the rosters of the county's folder into the mediation service, unless it has rosters already."""
        environment = os.environ | processes.make_launch(processes.PROCESSES["mediation"], self.servers).environment
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

    def _start_migration(self, service: str) -> subprocess.Popen:
        environment = {**os.environ, "DATABASE_URL": self.servers.services[service]["database"]}
        return subprocess.Popen([sys.executable, "-m", "plumbing.migrate", service], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip

    def _command_for(self, name: str) -> tuple[list[str], dict[str, str]]:
        spec, port = self._specs[name], self.servers.ports[name]
        launch = prometheus.make_launch(self.servers, port) if spec is prometheus.PROMETHEUS else processes.make_launch(spec, self.servers)
        return launch.command, launch.environment | self.environment[name]


def endpoints(servers: Servers, names: tuple[str, ...]) -> dict:
    """Return the addresses and secrets of a running system, for the demonstration, the tests and the drills."""
    ports = servers.ports.stored_ports()
    addresses = {name: f"http://127.0.0.1:{ports[name]}" for name in names}
    web = {name: addresses[name] for name in ("dashboard", "door", "prometheus") if name in addresses}
    return web | {
        "metrics": {name: f"{url}/metrics" for name, url in addresses.items()},
        "agencies": {code: {"amqp": servers.amqp(code), "token": token} for code, token in servers.keys["agency_tokens"].items()},
        "amqp_admin": servers.amqp_admin,
        "amqp_management": servers.management,
        "database_admin": servers.database_admin,
        "services": servers.services,
        "seal_public_key": servers.keys["seal"]["public"],
    }


def end_of_log(log: Path, characters: int = 1500) -> str:
    return log.read_text(errors="replace")[-characters:] if log.exists() else "(no log)"
