"""When to give up waiting for a program that starts: not by the clock alone, which on a busy machine says nothing. Linux, standard library only."""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

IDLE_SECONDS = 120.0  # without progress
AT_MOST_SECONDS = 1800.0  # whatever it does
CPU_SECONDS = 1.0  # so much work counts as progress; a program that only waits, a hung Erlang node for one, uses less in two minutes
LOOK_SECONDS = 1.0  # how often the process table is read

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Patience:
    """Progress is that the program, with everything it started, used the processor, or that its log grew."""

    def __init__(self, pid: Callable[[], int | None], log: Path, idle: float = IDLE_SECONDS, at_most: float = AT_MOST_SECONDS):
        self.pid, self.log, self.idle, self.at_most = pid, log, idle, at_most
        self.replaced = 0  # how many times another process was found in its place
        self._seen: int | None = None
        self._began = self._progressed = time.monotonic()
        self._looked, self._cpu, self._size = 0.0, 0.0, -1

    def is_over(self) -> str | None:
        """Return the reason to give up, in Chinese and English, or None to go on waiting."""
        now = time.monotonic()
        if now - self._began > self.at_most:
            return f"{self.at_most:.0f} 秒后仍未就绪 | not ready after {self.at_most:.0f} s"
        pid = self.pid()
        if pid and pid != self._seen:
            self.replaced += self._seen is not None
            self._seen = pid
        if now - self._looked >= min(LOOK_SECONDS, self.idle / 4):
            self._looked = now
            self._look(pid, now)
        if now - self._progressed > self.idle:
            return f"{self.idle:.0f} 秒内没有进展 | no progress for {self.idle:.0f} s"
        return None

    def _look(self, pid: int | None, now: float) -> None:
        cpu = cpu_seconds(pid) if pid else 0.0
        size = self.log.stat().st_size if self.log.exists() else 0
        # Less than before: another process of the same name, or children that nobody collected.
        if size != self._size or cpu < self._cpu or cpu - self._cpu >= CPU_SECONDS:
            self._progressed, self._cpu, self._size = now, cpu, size


def cpu_seconds(pid: int) -> float:
    """What a process and all its descendants have used so far. By descent and not by group: PostgreSQL's children have groups of their own."""
    used, children = {}, defaultdict(list)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()  # the name before it may hold spaces and brackets
        except (FileNotFoundError, ProcessLookupError):
            continue
        number = int(folder.name)
        used[number] = sum(map(int, fields[11:15]))  # its own, and of its children that have ended
        children[int(fields[1])].append(number)
    total, todo = 0, [pid]
    while todo:
        number = todo.pop()
        total += used.get(number, 0)
        todo += children[number]
    return total / _TICKS_PER_SECOND
