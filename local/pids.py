"""Knows a process by its number and its birth: the number alone may by now belong to somebody else's. Linux, standard library only."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.files import write_private

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, and no other that gets its number later."""

    pid: int
    born: str  # this boot of the machine, and the tick of it in which the process began

    def is_alive(self) -> bool:
        return birth_of(self.pid) == self.born

    def send(self, sign: signal.Signals, group: bool = False) -> bool:
        """False if it is gone. With `group`, everything that it started and that stayed with it gets the signal too."""
        try:
            handle = os.pidfd_open(self.pid)  # from here on the number cannot pass to another process unnoticed
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():
                return False
            if group:
                os.killpg(self.pid, sign)
            else:
                signal.pidfd_send_signal(handle, sign)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)

    def wait_gone(self, seconds: float) -> bool:
        give_up = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.05)
        return True

    def seconds_old(self) -> float:
        ticks = int(self.born.partition(":")[2])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / _TICKS_PER_SECOND)


def birth_of(pid: int) -> str | None:
    """None if there is no such process, or only its remains that nobody has collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return None if state in "ZX" else f"{_boot()}:{rest[18]}"


def remember(file: Path, pid: int) -> Process:
    """Writes down who runs."""
    process = Process(pid, birth_of(pid) or "gone:0")
    write_private(file, json.dumps(asdict(process)))
    return process


def remembered(file: Path) -> Process | None:
    """Who was written down, if it still lives."""
    try:
        process = Process(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return process if process.is_alive() else None


def end(process: Process, seconds: float, gently: signal.Signals = signal.SIGTERM) -> bool:
    """Asks, waits, and then insists: with the whole group. True if asking was enough."""
    process.send(gently)
    if process.wait_gone(seconds):
        return True
    process.send(signal.SIGKILL, group=True) or process.send(signal.SIGKILL)
    process.wait_gone(5)
    return False


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
