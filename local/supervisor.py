"""Keeps processes running: each in its own process group, with its own log, started again when it dies, ended by its own id.

Knows no process by name. Why not honcho or supervisor: honcho ends everybody when one dies; supervisor gives up after its retries, knows its children
only while it lives itself, and cannot tell a child that outlived it from a stranger with the same number. This needs a thread and a table.
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

from deploy.files import ROOT, private
from local import pids
from local.places import OTHERS_SERVERS

WAIT_AT_FIRST, WAIT_AT_MOST = 0.5, 30.0  # seconds before a start after a death; doubles each time
SETTLED_AFTER = 10.0  # a process that lived this long did not die of its start
LOG_BYTES = 20 * 2**20
STOP_SECONDS = 25.0  # longer than a service gives itself
NOT_INHERITED = (*OTHERS_SERVERS, "PYTHONPATH", "PYTHONHOME")


@dataclass
class Child:
    """One process that is to run, and how it has fared."""

    popen: subprocess.Popen | None = None
    wanted: bool = True
    since: float = 0.0
    deaths: int = 0  # in a row, each soon after its start
    not_before: float = 0.0
    starts: int = 0


class Supervisor:
    """`command_of(name)` gives the command and the environment, asked anew at every start."""

    def __init__(self, folder: Path, command_of: Callable[[str], tuple[list[str], Mapping[str, str]]], restarts: bool = True):
        self.folder, self.command_of, self.restarts = folder, command_of, restarts
        self._logs, self._pids = private(folder / "log"), private(folder / "pid")
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, *names: str) -> None:
        with self._lock:
            for name in names:
                child = self._children.setdefault(name, Child())
                child.wanted, child.deaths, child.not_before = True, 0, 0.0
                if not _lives(child):
                    self._start(name, child)
            if not self._watcher:
                self._over.clear()
                self._watcher = threading.Thread(target=self._watch, daemon=True, name="supervisor")
                self._watcher.start()

    def stop(self, *names: str, seconds: float = STOP_SECONDS) -> None:
        """All are asked at once; whoever is still there when the time is over is killed with everything that it started."""
        with self._lock:
            chosen = [name for name in names if name in self._children]
            for name in chosen:
                self._children[name].wanted = False
        processes = [process for name in chosen if (process := pids.remembered(self._pid_file(name)))]
        for process in processes:
            process.send(signal.SIGTERM)
        give_up = time.monotonic() + seconds
        for process in processes:
            if not pids.end(process, max(0.0, give_up - time.monotonic()), gently=0):
                self._note("killed", pid=process.pid, because=f"still there {seconds:g} s after it was asked to stop")
        for name in chosen:
            if popen := self._children[name].popen:
                popen.wait()
            self._pid_file(name).unlink(missing_ok=True)

    def stop_all(self, seconds: float = STOP_SECONDS) -> None:
        self._over.set()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        self.stop(*self._children, seconds=seconds)

    def kill(self, name: str, sign: signal.Signals = signal.SIGKILL) -> bool:
        """Sends the signal; what follows is up to `restarts`. After SIGKILL the process is gone when this returns."""
        process = pids.remembered(self._pid_file(name))
        if not process or not process.send(sign):
            return False
        if sign == signal.SIGKILL:
            process.wait_gone(5)
        return True

    def pid(self, name: str) -> int | None:
        child = self._children.get(name)
        return child.popen.pid if child and _lives(child) else None

    def remembered_pid(self, name: str) -> int | None:
        """By its pid file: also where another process supervises."""
        process = pids.remembered(self._pid_file(name))
        return process.pid if process else None

    def starts(self, name: str) -> int:
        """How many times it was started; one more than the times it died."""
        return self._children[name].starts if name in self._children else 0

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def end_orphans(self) -> None:
        """What an earlier supervisor left behind when it was killed itself."""
        for file in self._pids.glob("*.json"):
            if process := pids.remembered(file):
                pids.end(process, STOP_SECONDS)
                self._note("orphan ended", process=file.stem, pid=process.pid)
            file.unlink(missing_ok=True)

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            with self._lock:
                for name, child in self._children.items():
                    if child.popen and child.popen.poll() is not None:
                        self._buried(name, child)
                    if child.wanted and not child.popen and self.restarts and time.monotonic() >= child.not_before:
                        self._start(name, child)

    def _buried(self, name: str, child: Child) -> None:
        lived, code, child.popen = time.monotonic() - child.since, child.popen.returncode, None
        self._pid_file(name).unlink(missing_ok=True)
        if not child.wanted:
            return
        child.deaths = 1 if lived > SETTLED_AFTER else child.deaths + 1
        pause = min(WAIT_AT_MOST, WAIT_AT_FIRST * 2 ** (child.deaths - 1))
        child.not_before = time.monotonic() + pause
        self._note(
            "died", process=name, exit=code, lived_seconds=round(lived, 1), starts_again_in_seconds=pause if self.restarts else None, log=str(self.log(name))
        )

    def _start(self, name: str, child: Child) -> None:
        command, environment = self.command_of(name)
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED and not key.startswith("PG")}
        log = self.log(name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            child.popen = subprocess.Popen(
                command, cwd=ROOT, env={**inherited, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        child.since, child.starts = time.monotonic(), child.starts + 1
        pids.remember(self._pid_file(name), child.popen.pid)
        self._note("started", process=name, pid=child.popen.pid)

    def _pid_file(self, name: str) -> Path:
        return self._pids / f"{name}.json"

    def _note(self, what: str, **facts) -> None:
        line = {"ts": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": "info", "service": "supervisor", "event": what, **facts}
        with self.log("supervisor").open("a") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _lives(child: Child) -> bool:
    return child.popen is not None and child.popen.poll() is None
