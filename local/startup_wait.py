"""Decides when to stop waiting for a starting program: if it makes no progress. A fixed time limit would be wrong on a busy machine.

Linux, standard library only.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

MAX_IDLE_SECONDS = 120.0  # the wait ends after this many seconds without progress
MAX_WAIT_SECONDS = 1800.0  # the wait ends after this many seconds in any case
PROGRESS_CPU_SECONDS = 1.0  # using this much CPU time counts as progress; a hung Erlang node uses less in two minutes
CHECK_INTERVAL_SECONDS = 1.0  # seconds between two checks of the CPU time and the log

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class StartupWait:
    """Observes a starting program. Progress means that the program and its descendant processes used CPU time, or that its log grew.

    `pid()` returns the current process id or None. The wait ends after `max_idle` seconds without progress, or after `max_seconds` in any case.
    """

    def __init__(self, pid: Callable[[], int | None], log: Path, max_idle: float = MAX_IDLE_SECONDS, max_seconds: float = MAX_WAIT_SECONDS):
        self.pid, self.log, self.max_idle, self.max_seconds = pid, log, max_idle, max_seconds
        self.process_change_count = 0  # how often the process was replaced by a new process
        self._last_pid: int | None = None
        self._started_at = self._progress_at = time.monotonic()
        self._checked_at, self._cpu, self._log_size = 0.0, 0.0, -1

    def reason_to_give_up(self) -> str | None:
        """Return the reason to stop waiting, in Chinese and English, or None to continue."""
        now = time.monotonic()
        if now - self._started_at > self.max_seconds:
            return f"{self.max_seconds:.0f} 秒后仍未就绪 | not ready after {self.max_seconds:.0f} s"
        pid = self.pid()
        if pid and pid != self._last_pid:
            self.process_change_count += self._last_pid is not None
            self._last_pid = pid
        if now - self._checked_at >= min(CHECK_INTERVAL_SECONDS, self.max_idle / 4):
            self._checked_at = now
            self._check_progress(pid, now)
        if now - self._progress_at > self.max_idle:
            return f"{self.max_idle:.0f} 秒内没有进展 | no progress for {self.max_idle:.0f} s"
        return None

    def _check_progress(self, pid: int | None, now: float) -> None:
        cpu = cpu_seconds(pid) if pid else 0.0
        size = self.log.stat().st_size if self.log.exists() else 0
        # A lower CPU time than before means that a new process replaced the old one, or that a child ended without being waited for.
        if size != self._log_size or cpu < self._cpu or cpu - self._cpu >= PROGRESS_CPU_SECONDS:
            self._progress_at, self._cpu, self._log_size = now, cpu, size


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds used by a process and all its descendants. Found by parent id, because PostgreSQL's children have their own process groups."""
    ticks_by_pid, children = {}, defaultdict(list)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()  # the command name before this bracket may contain spaces and brackets
        except (FileNotFoundError, ProcessLookupError):
            continue
        member = int(folder.name)
        ticks_by_pid[member] = sum(map(int, fields[11:15]))  # CPU ticks of the process and of its ended children
        children[int(fields[1])].append(member)
    total, remaining = 0, [pid]
    while remaining:
        member = remaining.pop()
        total += ticks_by_pid.get(member, 0)
        remaining += children[member]
    return total / _TICKS_PER_SECOND
