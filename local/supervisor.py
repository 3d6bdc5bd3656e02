"""Starts the service processes, each with its own process group and log, and restarts a process after its death.

Existing tools do not fit: honcho ends all processes when one dies. The tool supervisor stops restarting after some retries, cannot find child
processes that outlived it, and cannot distinguish such a child from another process with the same id.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.files import ROOT, make_private_folder
from local import pids
from local.paths import EXTERNAL_SERVER_SETTINGS

FIRST_RESTART_PAUSE_SECONDS, MAX_RESTART_PAUSE_SECONDS = 0.5, 30.0  # pause before a restart, doubled after each failed start
WATCH_SECONDS = 0.25  # interval at which the supervisor looks for ended processes
STABLE_RUN_SECONDS = 10.0  # the death of a process that ran longer does not count as a failed start
MAX_LOG_BYTES = 20 * 2**20
STOP_TIMEOUT_SECONDS = 25.0  # longer than the time that a service process needs to stop (FENGQIAO_STOP_SECONDS)
NOT_INHERITED_VARIABLES = (*EXTERNAL_SERVER_SETTINGS, "PYTHONPATH", "PYTHONHOME")


@dataclass
class Child:
    """State of one supervised process."""

    popen: subprocess.Popen | None = None
    should_run: bool = True
    started_at: float = 0.0
    consecutive_deaths: int = 0  # number of successive deaths, each within STABLE_RUN_SECONDS after a start
    next_start_at: float = 0.0
    start_count: int = 0


class Supervisor:
    """Supervises the processes of one run directory. `command_for(name)` returns the command and environment of a process; it is called at every start."""

    def __init__(self, folder: Path, command_for: Callable[[str], tuple[list[str], Mapping[str, str]]], restarts: bool = True):
        self.folder, self.command_for, self.restarts = folder, command_for, restarts
        self._log_folder, self._pid_folder = make_private_folder(folder / "log"), make_private_folder(folder / "pid")
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._is_stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, *names: str) -> None:
        with self._lock:
            for name in names:
                child = self._children.setdefault(name, Child())
                child.should_run, child.consecutive_deaths, child.next_start_at = True, 0, 0.0
                if not _is_alive(child):
                    self._start(name, child)
            if not self._watcher:
                self._is_stopping.clear()
                self._watcher = threading.Thread(target=self._watch_processes, daemon=True, name="supervisor")
                self._watcher.start()

    def stop(self, *names: str, seconds: float = STOP_TIMEOUT_SECONDS) -> None:
        """Send SIGTERM to the named processes; after `seconds`, kill the process groups of those still running. Stopped processes are not restarted."""
        with self._lock:
            chosen = [name for name in names if name in self._children]
            for name in chosen:
                self._children[name].should_run = False
        processes = [process for name in chosen if (process := pids.read_pid_file(self._pid_file(name)))]
        for process in processes:
            process.send(signal.SIGTERM)
        give_up_at = time.monotonic() + seconds
        for process in processes:
            if not pids.terminate(process, max(0.0, give_up_at - time.monotonic()), first_signal=0):
                self._log_event("killed", pid=process.pid, because=f"still running {seconds:g} s after the stop signal")
        for name in chosen:
            if popen := self._children[name].popen:
                popen.wait()
            self._pid_file(name).unlink(missing_ok=True)

    def stop_all(self, seconds: float = STOP_TIMEOUT_SECONDS) -> None:
        self._is_stopping.set()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        self.stop(*self._children, seconds=seconds)

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> bool:
        """Send the signal to the process and return whether it was running. After SIGKILL, wait for its end. If `restarts` is True, it is then restarted."""
        process = pids.read_pid_file(self._pid_file(name))
        if not process or not process.send(signum):
            return False
        if signum == signal.SIGKILL:
            process.wait_until_ended(5)
        return True

    def pid(self, name: str) -> int | None:
        child = self._children.get(name)
        return child.popen.pid if child and _is_alive(child) else None

    def pid_from_file(self, name: str) -> int | None:
        """Return the process id from the pid file, also if another supervisor started the process; None if it does not run."""
        process = pids.read_pid_file(self._pid_file(name))
        return process.pid if process else None

    def start_count(self, name: str) -> int:
        """Return how often the process was started, the first start included."""
        return self._children[name].start_count if name in self._children else 0

    def log(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"

    def end_orphans(self) -> None:
        """End processes that still run because their supervisor was killed."""
        for file in self._pid_folder.glob("*.json"):
            if process := pids.read_pid_file(file):
                pids.terminate(process, STOP_TIMEOUT_SECONDS)
                self._log_event("orphan ended", process=file.stem, pid=process.pid)
            file.unlink(missing_ok=True)

    def _watch_processes(self) -> None:
        while not self._is_stopping.wait(WATCH_SECONDS):
            with self._lock:
                for name, child in self._children.items():
                    if child.popen and child.popen.poll() is not None:
                        self._record_exit(name, child)
                    if child.should_run and not child.popen and self.restarts and time.monotonic() >= child.next_start_at:
                        self._start(name, child)

    def _record_exit(self, name: str, child: Child) -> None:
        lived, code, child.popen = time.monotonic() - child.started_at, child.popen.returncode, None
        self._pid_file(name).unlink(missing_ok=True)
        if not child.should_run:
            return
        child.consecutive_deaths = 1 if lived > STABLE_RUN_SECONDS else child.consecutive_deaths + 1
        pause = min(MAX_RESTART_PAUSE_SECONDS, FIRST_RESTART_PAUSE_SECONDS * 2 ** (child.consecutive_deaths - 1))
        child.next_start_at = time.monotonic() + pause
        self._log_event(
            "died", process=name, exit=code, lived_seconds=round(lived, 1), starts_again_in_seconds=pause if self.restarts else None, log=str(self.log(name))
        )

    def _start(self, name: str, child: Child) -> None:
        command, environment = self.command_for(name)
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED_VARIABLES and not key.startswith("PG")}
        log = self.log(name)
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            child.popen = subprocess.Popen(
                command, cwd=ROOT, env={**inherited, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        child.started_at, child.start_count = time.monotonic(), child.start_count + 1
        pids.write_pid_file(self._pid_file(name), child.popen.pid)
        self._log_event("started", process=name, pid=child.popen.pid)

    def _pid_file(self, name: str) -> Path:
        return self._pid_folder / f"{name}.json"

    def _log_event(self, event: str, **fields) -> None:
        line = {"ts": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": "info", "service": "supervisor", "event": event, **fields}
        with self.log("supervisor").open("a") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _is_alive(child: Child) -> bool:
    return child.popen is not None and child.popen.poll() is None
