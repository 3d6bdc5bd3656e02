"""Identification of an OS process by id and start time, because the system may reuse a process id. Linux, standard library only."""

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
    """An OS process, identified by id and start time. If its id was reused, the other process is never signalled."""

    pid: int
    started: str  # "<boot id>:<start time>", the start time in clock ticks since the boot

    def is_alive(self) -> bool:
        return start_time_of(self.pid) == self.started

    def send(self, signum: signal.Signals, group: bool = False) -> bool:
        """Send the signal to the process, or with `group` to its whole process group. Return False if the process has ended."""
        try:
            handle = os.pidfd_open(self.pid)  # the descriptor refers to this process even if its id is reused
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():
                return False
            if group:
                os.killpg(self.pid, signum)
            else:
                signal.pidfd_send_signal(handle, signum)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)

    def wait_until_ended(self, seconds: float) -> bool:
        give_up_at = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.05)
        return True

    def age_seconds(self) -> float:
        ticks = int(self.started.partition(":")[2])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / _TICKS_PER_SECOND)


def start_time_of(pid: int) -> str | None:
    """Return "<boot id>:<start time in clock ticks>" of the process, or None if there is no such process or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = stat.rpartition(")")[2].split()  # the command name before this bracket may contain spaces and brackets
    return None if state in "ZX" else f"{_boot_id()}:{rest[18]}"


def write_pid_file(file: Path, pid: int) -> Process:
    """Write the process id and the start time of a process into the file. Return the process."""
    process = Process(pid, start_time_of(pid) or "gone:0")
    write_private(file, json.dumps(asdict(process)))
    return process


def read_pid_file(file: Path) -> Process | None:
    """Return the process recorded in the file, or None if the process has ended or the file is missing or damaged."""
    try:
        process = Process(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return process if process.is_alive() else None


def terminate(process: Process, seconds: float, first_signal: signal.Signals = signal.SIGTERM) -> bool:
    """Send `first_signal`. If the process still runs after `seconds`, send SIGKILL to its process group. Return whether it ended without SIGKILL."""
    process.send(first_signal)
    if process.wait_until_ended(seconds):
        return True
    process.send(signal.SIGKILL, group=True) or process.send(signal.SIGKILL)
    process.wait_until_ended(5)
    return False


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
